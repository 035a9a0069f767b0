#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/feature/lag_periods_internal.h"
#include "emberharmony/feature/number_history_internal.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/row_transform.h"
#include "emberharmony/feature/step_options.h"

namespace emberharmony::feature {
namespace {

/// `difference: {periods: [1, 2], by: COLUMN}`: the number less that of some rows earlier, of the
/// same entity, in the order of the source; missing where one of the two is.
class Difference : public RowTransform {
 public:
  static arrow::Result<std::unique_ptr<RowTransform>> Make(const nlohmann::json& options,
                                                           const RowContext& context) {
    auto step = std::make_unique<Difference>();
    StepOptions reader("difference", options, "periods");
    step->by_ = ReadEntityColumns(reader.Value("by"), &reader);
    step->periods_ = ReadPeriods(reader.Value("periods"), &reader);
    ARROW_RETURN_NOT_OK(reader.Finish());
    step->input_ = context.inputs[0];
    ARROW_RETURN_NOT_OK(CheckNumeric(kName, step->input_));
    ARROW_ASSIGN_OR_RAISE(step->writers_, EntityWriters(kName, context));
    return std::unique_ptr<RowTransform>(std::move(step));
  }

  const std::string& name() const override { return kName; }
  RowTraits traits() const override { return {.ordered = true}; }
  nlohmann::json options() const override { return {{"by", by_}, {"periods", periods_}}; }
  std::vector<ColumnInfo> outputs() const override {
    std::vector<ColumnInfo> outputs;
    for (const int64_t period : periods_) {
      ColumnInfo output;
      output.name = input_.name + "_difference_" + std::to_string(period);
      output.type = arrow::float64();
      outputs.push_back(std::move(output));
    }
    return outputs;
  }
  std::unique_ptr<RowState> MakeState(base::MemoryBudget* budget) const override {
    return std::make_unique<NumberHistory>(kName, writers_, LagDepth(periods_), budget);
  }
  arrow::Status Apply(const RowBlock& rows, RowState* state, arrow::MemoryPool* pool,
                      arrow::ArrayVector* outputs) const override;

 private:
  static inline const std::string kName = "difference";
  ColumnInfo input_;
  std::vector<std::string> by_;
  std::vector<int64_t> periods_;
  std::vector<io::CellTextWriter> writers_;
};

arrow::Status Difference::Apply(const RowBlock& rows, RowState* state, arrow::MemoryPool* pool,
                                arrow::ArrayVector* outputs) const {
  auto& past = static_cast<NumberHistory&>(*state);
  ARROW_RETURN_NOT_OK(past.Begin(rows, 1));
  ARROW_ASSIGN_OR_RAISE(const auto numbers, ToNumeric({rows.columns[0], false}, pool));
  std::vector<double*> differences;
  for (size_t p = 0; p < periods_.size(); ++p) {
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::Buffer> buffer,
        arrow::AllocateBuffer(rows.num_rows * static_cast<int64_t>(sizeof(double)), pool));
    differences.push_back(reinterpret_cast<double*>(buffer->mutable_data()));
    outputs->push_back(std::make_shared<arrow::DoubleArray>(rows.num_rows, std::move(buffer)));
  }
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    const int64_t entity = past.numbers[static_cast<size_t>(row)];
    const double value = numbers->Value(row);
    for (size_t p = 0; p < periods_.size(); ++p) {
      const bool known = past.seen[static_cast<size_t>(entity)] >= periods_[p];
      differences[p][row] =
          known ? value - past.Back(entity, periods_[p]) : std::numeric_limits<double>::quiet_NaN();
    }
    past.Add(entity, value);
  }
  return arrow::Status::OK();
}

const RowStepRegistration kDifferenceRegistration("difference", {.named_columns = EntityColumns,
                                                                 .make = Difference::Make});

}  // namespace
}  // namespace emberharmony::feature
