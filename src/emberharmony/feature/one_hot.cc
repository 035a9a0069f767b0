#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <memory>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/category_columns.h"
#include "emberharmony/feature/learn_checks.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_index.h"
#include "emberharmony/feature/value_json.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kMaxCategoriesDefault = 1000;
constexpr int64_t kMaxCategoriesMax = 100000;
constexpr const char* kZeros = "zeros";
constexpr const char* kError = "error";

/// `one_hot`: a column COLUMN=value of the output type for each distinct value of the training
/// rows, 1 in the rows that hold it and 0 in others; numbers ascending, strings by bytes, false
/// before true. Nulls are 0 in all of them, and so are values not seen in training, unless
/// `unknown: error`.
class OneHot : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context);

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.last = true, .exact_type = true}; }
  nlohmann::json options() const override {
    return {{"max_categories", max_categories_}, {"unknown", unknown_}};
  }
  std::vector<std::shared_ptr<const Analyzer>> analyzers() const override {
    return {MakeValueCountsAnalyzer({.min_count = 1, .max_size = max_categories_})};
  }
  arrow::Status Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) override;
  nlohmann::json Describe() const override;
  arrow::Status Restore(const nlohmann::json& learned,
                        const std::shared_ptr<arrow::RecordBatch>& vocabulary) override;
  std::vector<ColumnInfo> outputs() const override {
    return CategoryOutputs(input_.name, categories_.get(), output_type_);
  }
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override;

 private:
  explicit OneHot(const TransformContext& context)
      : input_(context.input), output_type_(context.output_type) {}

  static inline const std::string kName = "one_hot";
  ColumnInfo input_;
  std::shared_ptr<arrow::DataType> output_type_;
  int64_t max_categories_ = kMaxCategoriesDefault;
  std::string unknown_ = kZeros;

  // Learned.
  std::unique_ptr<ValueIndex> categories_;  ///< in the order of the columns; nullptr before
  int64_t count_ = 0;
  int64_t null_count_ = 0;
};

arrow::Result<std::unique_ptr<Transform>> OneHot::Make(const nlohmann::json& options,
                                                       const TransformContext& context) {
  StepOptions reader(kName, options);
  auto step = std::unique_ptr<OneHot>(new OneHot(context));
  step->max_categories_ =
      reader.Integer("max_categories", kMaxCategoriesDefault, 1, kMaxCategoriesMax);
  step->unknown_ = reader.Choice("unknown", {kZeros, kError}, kZeros);
  ARROW_RETURN_NOT_OK(reader.Finish());
  return std::unique_ptr<Transform>(std::move(step));
}

arrow::Status OneHot::Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) {
  if (statistics.size() != 1) return WrongStatistics(kName);
  const auto* counts = dynamic_cast<const ValueCountsStatistic*>(statistics[0].get());
  if (counts == nullptr || !counts->values->type()->Equals(input_.type)) {
    return WrongStatistics(kName);
  }
  if (counts->distinct_count > max_categories_) {
    // The plan asks for what it may not have of this table, as it would with an unknown column.
    return base::UsageError(
        "column '" + input_.name + "' has " + std::to_string(counts->distinct_count) +
        " distinct values, and one_hot may make " + std::to_string(max_categories_) +
        " columns; use vocabulary, or raise max_categories");
  }
  ARROW_ASSIGN_OR_RAISE(categories_, LearnCategories(*counts, input_.name, kName));
  count_ = counts->count;
  null_count_ = counts->null_count;
  return arrow::Status::OK();
}

nlohmann::json OneHot::Describe() const {
  nlohmann::json described = DescribeOptions(*this);
  if (categories_ == nullptr) return described;
  described["categories"] = DescribeCategories(*categories_);
  described["count"] = count_;
  described["null_count"] = null_count_;
  return described;
}

arrow::Status OneHot::Restore(const nlohmann::json& learned,
                              const std::shared_ptr<arrow::RecordBatch>& /*vocabulary*/) {
  LearnedFacts facts(*this, input_.name, learned);
  const nlohmann::json& list = facts.Value("categories");
  const int64_t count = facts.Integer("count");
  const int64_t null_count = facts.Integer("null_count");
  ARROW_ASSIGN_OR_RAISE(categories_, RestoreCategories(list, max_categories_, input_.type, &facts));
  count_ = count;
  null_count_ = null_count;
  return arrow::Status::OK();
}

arrow::Status OneHot::Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                            std::vector<ValueBlock>* outputs) const {
  const int64_t num_values = input.values->length();
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> buffer,
      arrow::AllocateBuffer(num_values * static_cast<int64_t>(sizeof(int32_t)), pool));
  auto* positions = reinterpret_cast<int32_t*>(buffer->mutable_data());
  ARROW_RETURN_NOT_OK(categories_->Lookup(*input.values, positions));
  for (int64_t i = 0; unknown_ == kError && i < num_values; ++i) {
    if (positions[i] == ValueIndex::kAbsent) {
      return base::DataError("column '" + input_.name + "' holds " + ValueText(*input.values, i) +
                             ", which was not among the training rows (one_hot with unknown: "
                             "error); leave unknown out to let such values be all zeros");
    }
  }
  return AppendMarkedColumns(categories_->size(), positions, num_values, input.length(),
                             output_type_, pool, outputs);
}

const TransformRegistration kOneHotRegistration("one_hot", OneHot::Make);

}  // namespace
}  // namespace emberharmony::feature
