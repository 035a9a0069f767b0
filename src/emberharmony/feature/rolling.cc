#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <cmath>
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

constexpr int64_t kRollingWindowMax = 10000;
constexpr double kNoRollingNumber = std::numeric_limits<double>::quiet_NaN();

/// The numbers of a window that are there, from the oldest on.
using RollingWindow = std::vector<double>;

double RollingSum(const RollingWindow& window) {
  double sum = 0;
  for (const double value : window) sum += value;
  return sum;
}

double RollingMean(const RollingWindow& window) {
  return RollingSum(window) / static_cast<double>(window.size());
}

double RollingMin(const RollingWindow& window) {
  return *std::min_element(window.begin(), window.end());
}

double RollingMax(const RollingWindow& window) {
  return *std::max_element(window.begin(), window.end());
}

/// Of a sample (ddof 1), as pandas; of one number there is none.
double RollingStd(const RollingWindow& window) {
  if (window.size() < 2) return kNoRollingNumber;
  const double mean = RollingMean(window);
  double squares = 0;
  for (const double value : window) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(window.size() - 1));
}

struct RollingStatistic {
  const char* name;
  double (*of)(const RollingWindow& window);
};

constexpr std::array<RollingStatistic, 5> kRollingStatistics = {{{"mean", RollingMean},
                                                                 {"sum", RollingSum},
                                                                 {"min", RollingMin},
                                                                 {"max", RollingMax},
                                                                 {"std", RollingStd}}};

/// `rolling: {statistics: [mean, ...], window: n, by: COLUMN, min_count: 1}`: statistics of the
/// last n rows of the same entity, the row itself among them, in the order of the source. Missing
/// numbers are passed over; with fewer than min_count others the result is missing.
///
/// Each window is computed anew, from its oldest number on, so that what stands before it leaves no
/// trace in the result.
class Rolling : public RowTransform {
 public:
  static arrow::Result<std::unique_ptr<RowTransform>> Make(const nlohmann::json& options,
                                                           const RowContext& context);

  const std::string& name() const override { return kName; }
  RowTraits traits() const override { return {.ordered = true}; }
  nlohmann::json options() const override {
    nlohmann::json names = nlohmann::json::array();
    for (const RollingStatistic* statistic : statistics_) names.push_back(statistic->name);
    return {{"by", by_},
            {"statistics", std::move(names)},
            {"window", window_},
            {"min_count", min_count_}};
  }
  std::vector<ColumnInfo> outputs() const override {
    std::vector<ColumnInfo> outputs;
    for (const RollingStatistic* statistic : statistics_) {
      ColumnInfo output;
      output.name = input_.name + "_rolling_" + statistic->name + "_" + std::to_string(window_);
      output.type = arrow::float64();
      outputs.push_back(std::move(output));
    }
    return outputs;
  }
  std::unique_ptr<RowState> MakeState(base::MemoryBudget* budget) const override {
    return std::make_unique<NumberHistory>(kName, writers_, window_, budget);
  }
  arrow::Status Apply(const RowBlock& rows, RowState* state, arrow::MemoryPool* pool,
                      arrow::ArrayVector* outputs) const override;

 private:
  static inline const std::string kName = "rolling";
  ColumnInfo input_;
  std::vector<std::string> by_;
  std::vector<const RollingStatistic*> statistics_;
  int64_t window_ = 1;
  int64_t min_count_ = 1;
  std::vector<io::CellTextWriter> writers_;
};

arrow::Result<std::unique_ptr<RowTransform>> Rolling::Make(const nlohmann::json& options,
                                                           const RowContext& context) {
  auto step = std::make_unique<Rolling>();
  StepOptions reader(kName, options);
  std::vector<std::string> names;
  for (const RollingStatistic& statistic : kRollingStatistics) names.emplace_back(statistic.name);
  for (const std::string& name : reader.Choices("statistics", names)) {
    step->statistics_.push_back(std::ranges::find_if(
        kRollingStatistics, [&](const RollingStatistic& each) { return name == each.name; }));
  }
  if (!reader.Has("window")) reader.AddFault("option 'window' is missing: how many rows");
  step->window_ = reader.Integer("window", 1, 1, kRollingWindowMax);
  step->min_count_ = reader.Integer("min_count", 1, 1, step->window_);
  step->by_ = ReadEntityColumns(reader.Value("by"), &reader);
  ARROW_RETURN_NOT_OK(reader.Finish());
  step->input_ = context.inputs[0];
  ARROW_RETURN_NOT_OK(CheckNumeric(kName, step->input_));
  ARROW_ASSIGN_OR_RAISE(step->writers_, EntityWriters(kName, context));
  return std::unique_ptr<RowTransform>(std::move(step));
}

arrow::Status Rolling::Apply(const RowBlock& rows, RowState* state, arrow::MemoryPool* pool,
                             arrow::ArrayVector* outputs) const {
  auto& past = static_cast<NumberHistory&>(*state);
  ARROW_RETURN_NOT_OK(past.Begin(rows, 1));
  ARROW_ASSIGN_OR_RAISE(const auto numbers, ToNumeric({rows.columns[0], false}, pool));
  std::vector<double*> results;
  for (size_t s = 0; s < statistics_.size(); ++s) {
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::Buffer> buffer,
        arrow::AllocateBuffer(rows.num_rows * static_cast<int64_t>(sizeof(double)), pool));
    results.push_back(reinterpret_cast<double*>(buffer->mutable_data()));
    outputs->push_back(std::make_shared<arrow::DoubleArray>(rows.num_rows, std::move(buffer)));
  }
  RollingWindow window;
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    const int64_t entity = past.numbers[static_cast<size_t>(row)];
    past.Add(entity, numbers->Value(row));
    window.clear();
    for (int64_t back = std::min(window_, past.seen[static_cast<size_t>(entity)]); back > 0;
         --back) {
      const double value = past.Back(entity, back);
      if (!std::isnan(value)) window.push_back(value);
    }
    const bool enough = static_cast<int64_t>(window.size()) >= min_count_;
    for (size_t s = 0; s < statistics_.size(); ++s)
      results[s][row] = enough ? statistics_[s]->of(window) : kNoRollingNumber;
  }
  return arrow::Status::OK();
}

const RowStepRegistration kRollingRegistration("rolling", {.named_columns = EntityColumns,
                                                           .make = Rolling::Make});

}  // namespace
}  // namespace emberharmony::feature
