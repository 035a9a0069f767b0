#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/feature/number_history_internal.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/row_transform.h"
#include "emberharmony/feature/step_options.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kWindowsStepRowsMax = 1000;
constexpr int64_t kWindowsStepStrideMax = int64_t{1} << 31;

/// `windows: {size: n, stride: s, by: COLUMN}`: the last n numbers of the same entity, the row's
/// own as the last, at rows where a window ends; windows start at rows 0, s, 2s, ... of the entity.
/// Missing at all other rows.
class WindowsStep : public RowTransform {
 public:
  static arrow::Result<std::unique_ptr<RowTransform>> Make(const nlohmann::json& options,
                                                           const RowContext& context) {
    auto step = std::make_unique<WindowsStep>();
    StepOptions reader(kName, options, "size");
    step->size_ = reader.Integer("size", 5, 1, kWindowsStepRowsMax);
    step->stride_ = reader.Integer("stride", 1, 1, kWindowsStepStrideMax);
    step->by_ = ReadEntityColumns(reader.Value("by"), &reader);
    ARROW_RETURN_NOT_OK(reader.Finish());
    step->input_ = context.inputs[0];
    ARROW_RETURN_NOT_OK(CheckNumeric(kName, step->input_));
    ARROW_ASSIGN_OR_RAISE(step->writers_, EntityWriters(kName, context));
    return std::unique_ptr<RowTransform>(std::move(step));
  }

  const std::string& name() const override { return kName; }
  RowTraits traits() const override { return {.ordered = true}; }
  nlohmann::json options() const override {
    return {{"by", by_}, {"size", size_}, {"stride", stride_}};
  }
  std::vector<ColumnInfo> outputs() const override {
    std::vector<ColumnInfo> outputs;
    for (int64_t back = size_ - 1; back >= 0; --back) {
      ColumnInfo output;
      output.name = input_.name + "_window_" + std::to_string(back);
      output.type = arrow::float64();
      outputs.push_back(std::move(output));
    }
    return outputs;
  }
  std::unique_ptr<RowState> MakeState(base::MemoryBudget* budget) const override {
    return std::make_unique<NumberHistory>(kName, writers_, size_, budget);
  }
  arrow::Status Apply(const RowBlock& rows, RowState* state, arrow::MemoryPool* pool,
                      arrow::ArrayVector* outputs) const override;

 private:
  static inline const std::string kName = "windows";
  ColumnInfo input_;
  int64_t size_ = 1;
  int64_t stride_ = 1;
  std::vector<std::string> by_;
  std::vector<io::CellTextWriter> writers_;
};

arrow::Status WindowsStep::Apply(const RowBlock& rows, RowState* state, arrow::MemoryPool* pool,
                                 arrow::ArrayVector* outputs) const {
  auto& past = static_cast<NumberHistory&>(*state);
  ARROW_RETURN_NOT_OK(past.Begin(rows, 1));
  ARROW_ASSIGN_OR_RAISE(const auto numbers, ToNumeric({rows.columns[0], false}, pool));
  std::vector<double*> places;
  for (int64_t i = 0; i < size_; ++i) {
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::Buffer> buffer,
        arrow::AllocateBuffer(rows.num_rows * static_cast<int64_t>(sizeof(double)), pool));
    places.push_back(reinterpret_cast<double*>(buffer->mutable_data()));
    outputs->push_back(std::make_shared<arrow::DoubleArray>(rows.num_rows, std::move(buffer)));
  }
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    const int64_t entity = past.numbers[static_cast<size_t>(row)];
    past.Add(entity, numbers->Value(row));
    const int64_t start = past.seen[static_cast<size_t>(entity)] - size_;
    const bool ends = start >= 0 && start % stride_ == 0;
    for (int64_t i = 0; i < size_; ++i) {
      places[i][row] =
          ends ? past.Back(entity, size_ - i) : std::numeric_limits<double>::quiet_NaN();
    }
  }
  return arrow::Status::OK();
}

const RowStepRegistration kWindowsRegistration("windows", {.named_columns = EntityColumns,
                                                           .make = WindowsStep::Make});

}  // namespace
}  // namespace emberharmony::feature
