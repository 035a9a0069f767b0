#include "emberharmony/feature/row_transform.h"

#include "emberharmony/feature/learned_facts.h"

namespace emberharmony::feature {

arrow::Result<std::string> RowLearner::Encode() const {
  return arrow::Status::NotImplemented("what this step learns from is not encoded");
}

arrow::Status RowLearner::MergeEncoded(const std::string& /*encoded*/) {
  return arrow::Status::NotImplemented("what this step learns from is not merged");
}

arrow::Status RowLearner::RestorePasses(const std::string& /*encoded*/) {
  return arrow::Status::NotImplemented("what this step's passes find is not encoded");
}

arrow::Status RowTransform::Learn(const RowLearner& /*learner*/) {
  return arrow::Status::Invalid("step '", name(), "' learns nothing");
}

nlohmann::json RowTransform::Describe() const { return DescribeOptions(name(), options()); }

arrow::Status RowTransform::Restore(const nlohmann::json& learned,
                                    const std::shared_ptr<arrow::RecordBatch>& /*vocabulary*/) {
  return LearnedFacts(name(), options(), "", learned).Finish();
}

RowStepRegistry& RowStepRegistry::Get() {
  static RowStepRegistry registry;
  return registry;
}

const RowStep* RowStepRegistry::Find(const std::string& name) const {
  const auto found = steps_.find(name);
  return found == steps_.end() ? nullptr : &found->second;
}

std::vector<std::string> RowStepRegistry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, step] : steps_) names.push_back(name);
  return names;
}

}  // namespace emberharmony::feature
