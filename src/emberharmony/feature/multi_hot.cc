#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <memory>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/category_columns.h"
#include "emberharmony/feature/learn_checks.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/list_steps.h"
#include "emberharmony/feature/list_value_counts.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/feature/value_index.h"
#include "emberharmony/feature/value_json.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kMultiHotCategories = 1000;
constexpr int64_t kMultiHotCategoriesMax = 100000;

/// `multi_hot`: a column COLUMN=value of the output type for each distinct element of the training
/// rows' lists, 1 in the rows whose list holds it and 0 in others; in the order and with the names
/// of one_hot. A list that is null or empty is 0 in all of them, and elements that training has not
/// seen count nowhere.
class MultiHot : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context);

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.last = true, .exact_type = true}; }
  nlohmann::json options() const override { return {{"max_categories", max_categories_}}; }
  std::vector<std::shared_ptr<const Analyzer>> analyzers() const override {
    return {MakeListValueCountsAnalyzer({.min_count = 1, .max_size = max_categories_})};
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
  explicit MultiHot(const TransformContext& context)
      : input_(context.input),
        element_type_(static_cast<const arrow::ListType&>(*context.input.type).value_type()),
        output_type_(context.output_type) {}

  template <class T>
  arrow::Status ApplyAs(const arrow::ListArray& lists, int64_t length, const int32_t* positions,
                        arrow::MemoryPool* pool, std::vector<ValueBlock>* outputs) const;

  static inline const std::string kName = "multi_hot";
  ColumnInfo input_;
  std::shared_ptr<arrow::DataType> element_type_;
  std::shared_ptr<arrow::DataType> output_type_;
  int64_t max_categories_ = kMultiHotCategories;

  // Learned.
  std::unique_ptr<ValueIndex> categories_;  ///< in the order of the columns; nullptr before
  int64_t count_ = 0;                       ///< elements
};

arrow::Result<std::unique_ptr<Transform>> MultiHot::Make(const nlohmann::json& options,
                                                         const TransformContext& context) {
  StepOptions reader(kName, options);
  const int64_t max_categories =
      reader.Integer("max_categories", kMultiHotCategories, 1, kMultiHotCategoriesMax);
  ARROW_RETURN_NOT_OK(reader.Finish());
  ARROW_RETURN_NOT_OK(CheckList(kName, context.input));
  auto step = std::unique_ptr<MultiHot>(new MultiHot(context));
  step->max_categories_ = max_categories;
  return std::unique_ptr<Transform>(std::move(step));
}

arrow::Status MultiHot::Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) {
  if (statistics.size() != 1) return WrongStatistics(kName);
  const auto* counts = dynamic_cast<const ValueCountsStatistic*>(statistics[0].get());
  if (counts == nullptr || !counts->values->type()->Equals(element_type_)) {
    return WrongStatistics(kName);
  }
  if (counts->distinct_count > max_categories_) {
    return base::UsageError(
        "the lists of column '" + input_.name + "' hold " + std::to_string(counts->distinct_count) +
        " distinct values, and multi_hot may make " + std::to_string(max_categories_) +
        " columns; raise max_categories, or leave the column out");
  }
  ARROW_ASSIGN_OR_RAISE(categories_, LearnCategories(*counts, input_.name, kName));
  count_ = counts->count;
  return arrow::Status::OK();
}

nlohmann::json MultiHot::Describe() const {
  nlohmann::json described = DescribeOptions(*this);
  if (categories_ == nullptr) return described;
  described["categories"] = DescribeCategories(*categories_);
  described["count"] = count_;
  return described;
}

arrow::Status MultiHot::Restore(const nlohmann::json& learned,
                                const std::shared_ptr<arrow::RecordBatch>& /*vocabulary*/) {
  LearnedFacts facts(*this, input_.name, learned);
  const nlohmann::json& list = facts.Value("categories");
  const int64_t count = facts.Integer("count");
  ARROW_ASSIGN_OR_RAISE(categories_,
                        RestoreCategories(list, max_categories_, element_type_, &facts));
  count_ = count;
  return arrow::Status::OK();
}

template <class T>
arrow::Status MultiHot::ApplyAs(const arrow::ListArray& lists, int64_t length,
                                const int32_t* positions, arrow::MemoryPool* pool,
                                std::vector<ValueBlock>* outputs) const {
  ARROW_ASSIGN_OR_RAISE(
      const std::vector<T*> columns,
      AppendZeroColumns<T>(categories_->size(), length, output_type_, pool, outputs));
  const int64_t begin = ListElements(lists).first_element;
  for (int64_t row = 0; row < lists.length(); ++row) {
    if (lists.IsNull(row)) continue;
    for (int64_t j = lists.value_offset(row) - begin; j < lists.value_offset(row + 1) - begin;
         ++j) {
      if (positions[j] >= 0) columns[positions[j]][row] = 1;
    }
  }
  return arrow::Status::OK();
}

arrow::Status MultiHot::Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                              std::vector<ValueBlock>* outputs) const {
  const auto& lists = static_cast<const arrow::ListArray&>(*input.values);
  const std::shared_ptr<arrow::Array> held = ListElements(lists).values;
  const arrow::Array& elements = *held;
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> buffer,
      arrow::AllocateBuffer(elements.length() * static_cast<int64_t>(sizeof(int32_t)), pool));
  auto* positions = reinterpret_cast<int32_t*>(buffer->mutable_data());
  ARROW_RETURN_NOT_OK(categories_->Lookup(elements, positions));
  return output_type_->id() == arrow::Type::DOUBLE
             ? ApplyAs<double>(lists, input.length(), positions, pool, outputs)
             : ApplyAs<float>(lists, input.length(), positions, pool, outputs);
}

const TransformRegistration kMultiHotRegistration("multi_hot", MultiHot::Make);
const ListStepRegistration kMultiHotTakesLists("multi_hot");

}  // namespace
}  // namespace emberharmony::feature
