#include "emberharmony/feature/transform.h"

#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/spelling.h"
#include "emberharmony/feature/learned_facts.h"

namespace emberharmony::feature {

arrow::Status Transform::Learn(
    const std::vector<std::shared_ptr<const Statistic>>& /*statistics*/) {
  return arrow::Status::Invalid("step '", name(), "' learns nothing and was given statistics");
}

arrow::Status Transform::Restore(const nlohmann::json& learned,
                                 const std::shared_ptr<arrow::RecordBatch>& /*vocabulary*/) {
  return LearnedFacts(*this, "", learned).Finish();
}

arrow::Status Transform::RestoreOnDisk(const nlohmann::json& /*learned*/,
                                       arrow::RecordBatchReader* /*vocabulary*/,
                                       const StateOptions& /*memory*/) {
  return arrow::Status::Invalid("step '", name(), "' keeps nothing on disk");
}

TransformRegistry& TransformRegistry::Get() {
  static TransformRegistry registry;
  return registry;
}

void TransformRegistry::Register(std::string name, TransformFactory factory) {
  factories_[std::move(name)] = factory;
}

arrow::Result<std::unique_ptr<Transform>> TransformRegistry::Make(
    const std::string& name, const nlohmann::json& options, const TransformContext& context) const {
  const auto found = factories_.find(name);
  if (found == factories_.end()) {
    const std::vector<std::string> known = names();
    std::string list;
    for (const std::string& each : known) list += (list.empty() ? "" : ", ") + each;
    return base::UsageError("unknown step '" + name + "'" + base::DidYouMean(name, known) +
                            " (the steps are " + list + ")");
  }
  return found->second(options, context);
}

std::vector<std::string> TransformRegistry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, factory] : factories_) names.push_back(name);
  return names;
}

}  // namespace emberharmony::feature
