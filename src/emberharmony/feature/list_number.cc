#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/list_steps.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"

namespace emberharmony::feature {
namespace {

constexpr double kNoListNumber = std::numeric_limits<double>::quiet_NaN();

/// A number for each list.
class ListNumber : public Transform {
 public:
  ListNumber(std::string name, const ColumnInfo& input) : name_(std::move(name)) {
    output_.name = input.name;
    output_.type = arrow::float64();
    output_.numeric_form = true;
  }

  const std::string& name() const override { return name_; }
  TransformTraits traits() const override { return {.exact_type = true}; }
  nlohmann::json options() const override { return nlohmann::json::object(); }
  nlohmann::json Describe() const override { return DescribeOptions(*this); }
  std::vector<ColumnInfo> outputs() const override { return {output_}; }
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override {
    const auto& lists = static_cast<const arrow::ListArray&>(*input.values);
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::Buffer> buffer,
        arrow::AllocateBuffer(input.length() * static_cast<int64_t>(sizeof(double)), pool));
    auto* out = reinterpret_cast<double*>(buffer->mutable_data());
    ARROW_RETURN_NOT_OK(Fill(lists, pool, out));
    for (int64_t i = 0; i < lists.length(); ++i) {
      if (lists.IsNull(i)) out[i] = kNoListNumber;
    }
    if (input.null_slot) out[lists.length()] = kNoListNumber;
    outputs->push_back(
        {std::make_shared<arrow::DoubleArray>(input.length(), std::move(buffer)), false});
    return arrow::Status::OK();
  }

 protected:
  /// out[i] becomes the number of list i; those of lists that are null are nobody's.
  virtual arrow::Status Fill(const arrow::ListArray& lists, arrow::MemoryPool* pool,
                             double* out) const = 0;

 private:
  const std::string name_;
  ColumnInfo output_;
};

/// `list_length`: how many elements a list has, missing ones among them.
class ListLength : public ListNumber {
 public:
  using ListNumber::ListNumber;
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context) {
    StepOptions reader("list_length", options);
    ARROW_RETURN_NOT_OK(reader.Finish());
    ARROW_RETURN_NOT_OK(CheckList("list_length", context.input));
    return std::make_unique<ListLength>("list_length", context.input);
  }

 protected:
  arrow::Status Fill(const arrow::ListArray& lists, arrow::MemoryPool* /*pool*/,
                     double* out) const override {
    for (int64_t i = 0; i < lists.length(); ++i)
      out[i] = static_cast<double>(lists.value_length(i));
    return arrow::Status::OK();
  }
};

/// `list_mean`: the mean of a list's numbers, added up in their order; missing ones are passed
/// over, and a list without others has none.
class ListMean : public ListNumber {
 public:
  using ListNumber::ListNumber;
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context) {
    StepOptions reader("list_mean", options);
    ARROW_RETURN_NOT_OK(reader.Finish());
    ARROW_RETURN_NOT_OK(CheckList("list_mean", context.input));
    ColumnInfo element = context.input;
    element.type = static_cast<const arrow::ListType&>(*context.input.type).value_type();
    ARROW_RETURN_NOT_OK(CheckNumeric("list_mean", element));
    return std::make_unique<ListMean>("list_mean", context.input);
  }

 protected:
  arrow::Status Fill(const arrow::ListArray& lists, arrow::MemoryPool* pool,
                     double* out) const override {
    const ListElements elements(lists);
    const int64_t begin = elements.first_element;
    ARROW_ASSIGN_OR_RAISE(const auto numbers, ToNumeric({elements.values, false}, pool));
    const double* values = numbers->raw_values();
    for (int64_t i = 0; i < lists.length(); ++i) {
      double sum = 0;
      int64_t count = 0;
      for (int64_t j = lists.value_offset(i) - begin; j < lists.value_offset(i + 1) - begin; ++j) {
        if (std::isnan(values[j])) continue;
        sum += values[j];
        ++count;
      }
      out[i] = count > 0 ? sum / static_cast<double>(count) : kNoListNumber;
    }
    return arrow::Status::OK();
  }
};

const TransformRegistration kListLengthRegistration("list_length", ListLength::Make);
const TransformRegistration kListMeanRegistration("list_mean", ListMean::Make);
const ListStepRegistration kListLengthTakesLists("list_length");
const ListStepRegistration kListMeanTakesLists("list_mean");

}  // namespace
}  // namespace emberharmony::feature
