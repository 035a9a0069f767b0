#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <limits>
#include <memory>
#include <utility>

#include "emberharmony/feature/learn_checks.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/ranked_vocabulary_internal.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_index.h"

namespace emberharmony::feature {
namespace {

/// `count`, or `count: {share: true}`: in how many training rows the value stands, or in which
/// share of those that have one; 0 for a value that none of them has. Missing stays missing.
class CountEncoding : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context);

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.exact_type = true, .on_disk = true}; }
  nlohmann::json options() const override { return {{"share", share_}}; }
  std::vector<std::shared_ptr<const Analyzer>> analyzers() const override {
    return {MakeValueCountsAnalyzer({.on_disk = true})};
  }
  arrow::Status Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) override;
  nlohmann::json Describe() const override;
  std::shared_ptr<arrow::RecordBatch> VocabularyTable() const override {
    return values_ == nullptr ? nullptr : values_->Table(0, arrow::int32());
  }
  std::shared_ptr<arrow::RecordBatchReader> ReadVocabulary() const override {
    return values_ == nullptr ? nullptr : values_->Read(0, arrow::int32());
  }
  int64_t vocabulary_size() const override { return values_ == nullptr ? 0 : values_->size(); }
  arrow::Status Restore(const nlohmann::json& learned,
                        const std::shared_ptr<arrow::RecordBatch>& vocabulary) override;
  arrow::Status RestoreOnDisk(const nlohmann::json& learned, arrow::RecordBatchReader* vocabulary,
                              const StateOptions& memory) override;
  std::vector<ColumnInfo> outputs() const override { return {output_}; }
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override;

 private:
  explicit CountEncoding(const TransformContext& context) : input_(context.input) {
    output_.name = context.input.name;
    output_.type = arrow::float64();
    output_.numeric_form = true;
    output_.nullable = context.input.nullable;
    output_.lower_bound = 0;
  }

  struct Learned {
    int64_t size = 0;
    int64_t count = 0;
    int64_t null_count = 0;
  };
  arrow::Result<Learned> ReadFacts(const nlohmann::json& learned) const;
  VocabularyCheck MakeCheck(const Learned& learned) const;

  static inline const std::string kName = "count";
  ColumnInfo input_;
  ColumnInfo output_;
  bool share_ = false;

  std::unique_ptr<const RankedVocabulary> values_;  ///< nullptr before it has learned
  Learned learned_;
};

arrow::Result<std::unique_ptr<Transform>> CountEncoding::Make(const nlohmann::json& options,
                                                              const TransformContext& context) {
  StepOptions reader(kName, options);
  auto step = std::unique_ptr<CountEncoding>(new CountEncoding(context));
  step->share_ = reader.Boolean("share", false);
  ARROW_RETURN_NOT_OK(reader.Finish());
  return std::unique_ptr<Transform>(std::move(step));
}

arrow::Status CountEncoding::Learn(
    const std::vector<std::shared_ptr<const Statistic>>& statistics) {
  if (statistics.size() != 1) return WrongStatistics(kName);
  const auto* counts = dynamic_cast<const ValueCountsStatistic*>(statistics[0].get());
  if (counts == nullptr || !counts->type()->Equals(input_.type)) return WrongStatistics(kName);
  ARROW_ASSIGN_OR_RAISE(values_,
                        RankedVocabulary::Learn(*counts, RankedVocabulary::Number::kCount));
  learned_ = {values_->size(), counts->count, counts->null_count};
  return arrow::Status::OK();
}

nlohmann::json CountEncoding::Describe() const {
  nlohmann::json described = DescribeOptions(*this);
  if (values_ == nullptr) return described;
  described["size"] = learned_.size;
  described["count"] = learned_.count;
  described["null_count"] = learned_.null_count;
  return described;
}

arrow::Result<CountEncoding::Learned> CountEncoding::ReadFacts(
    const nlohmann::json& learned) const {
  LearnedFacts facts(*this, input_.name, learned);
  facts.Ignore("vocabulary_file");
  Learned read;
  read.size = facts.Integer("size");
  read.count = facts.Integer("count");
  read.null_count = facts.Integer("null_count");
  ARROW_RETURN_NOT_OK(facts.Finish());
  return read;
}

VocabularyCheck CountEncoding::MakeCheck(const Learned& learned) const {
  return VocabularyCheck(VocabularyCheck::Expected{.what = "counts",
                                                   .column = input_.name,
                                                   .type = input_.type,
                                                   .ranked = true,
                                                   .kept_count = learned.count});
}

arrow::Status CountEncoding::Restore(const nlohmann::json& learned,
                                     const std::shared_ptr<arrow::RecordBatch>& vocabulary) {
  ARROW_ASSIGN_OR_RAISE(const Learned read, ReadFacts(learned));
  ARROW_ASSIGN_OR_RAISE(values_,
                        RankedVocabulary::Restore(vocabulary.get(), read.size, MakeCheck(read)));
  learned_ = read;
  return arrow::Status::OK();
}

arrow::Status CountEncoding::RestoreOnDisk(const nlohmann::json& learned,
                                           arrow::RecordBatchReader* vocabulary,
                                           const StateOptions& memory) {
  ARROW_ASSIGN_OR_RAISE(const Learned read, ReadFacts(learned));
  ARROW_ASSIGN_OR_RAISE(values_,
                        RankedVocabulary::ReadOnDisk(vocabulary, read.size, MakeCheck(read),
                                                     RankedVocabulary::Number::kCount, memory));
  learned_ = read;
  return arrow::Status::OK();
}

arrow::Status CountEncoding::Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                                   std::vector<ValueBlock>* outputs) const {
  const int64_t n = input.values->length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> counts_buffer,
                        arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(int64_t)), pool));
  auto* counts = reinterpret_cast<int64_t*>(counts_buffer->mutable_data());
  ARROW_RETURN_NOT_OK(values_->Counts(*input.values, counts));
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> buffer,
      arrow::AllocateBuffer(input.length() * static_cast<int64_t>(sizeof(double)), pool));
  auto* out = reinterpret_cast<double*>(buffer->mutable_data());
  const double whole = share_ ? static_cast<double>(learned_.count) : 1.0;
  for (int64_t i = 0; i < n; ++i) {
    if (counts[i] == ValueIndex::kMissing) {
      out[i] = std::numeric_limits<double>::quiet_NaN();
    } else {
      out[i] = counts[i] <= 0 ? 0 : static_cast<double>(counts[i]) / whole;
    }
  }
  if (input.null_slot) out[n] = std::numeric_limits<double>::quiet_NaN();
  outputs->push_back(
      {std::make_shared<arrow::DoubleArray>(input.length(), std::move(buffer)), false});
  return arrow::Status::OK();
}

const TransformRegistration kCountRegistration("count", CountEncoding::Make);

}  // namespace
}  // namespace emberharmony::feature
