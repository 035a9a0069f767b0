#include "emberharmony/engine/row_step_sample.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/column_status.h"
#include "emberharmony/engine/row_steps.h"

namespace emberharmony::engine {

namespace {

// Growth of less than this share in the second half is that of few new values.
constexpr double kGrowingMemoryShare = 0.05;

/// A step that remembers rows, and what it takes for that.
class MeasuredStep {
 public:
  explicit MeasuredStep(const RowStepUse& use, RunContext* context)
      : use_(use),
        budget_(context->budget()->MakeChild(
            "explain", std::max<int64_t>(1, context->budget()->limit_bytes() / 4))),
        pool_(context->budget()) {}

  arrow::Status Open() {
    ARROW_ASSIGN_OR_RAISE(learner_, use_.step->MakeLearner(budget_.get()));
    // What learns is applied without a state, and what has a state has nothing to learn.
    if (learner_ == nullptr && use_.step->learned()) state_ = use_.step->MakeState(budget_.get());
    return arrow::Status::OK();
  }

  arrow::Status See(const feature::RowBlock& rows) {
    if (full_) return arrow::Status::OK();
    arrow::Status status;
    if (learner_ != nullptr) {
      status = learner_->Update(rows);
    } else if (state_ != nullptr) {
      arrow::ArrayVector outputs;
      status = use_.step->Apply(rows, state_.get(), pool_, &outputs);
    }
    if (learner_ != nullptr && base::KindOf(status) == base::ErrorKind::kData)
      fault_ = status.message();
    full_ = status.IsOutOfMemory() || !fault_.empty();
    return full_ ? arrow::Status::OK() : status;
  }
  const std::string& fault() const { return fault_; }

  int64_t bytes() const { return budget_->bytes_allocated(); }
  bool full() const { return full_; }

 private:
  const RowStepUse& use_;
  const std::shared_ptr<base::MemoryBudget> budget_;  // outlives what is accounted for in it
  arrow::MemoryPool* const pool_;
  std::unique_ptr<feature::RowLearner> learner_;
  std::unique_ptr<feature::RowState> state_;
  bool full_ = false;  // nothing more is looked at
  std::string fault_;
};

bool HasInputs(const RowStepUse& use) {
  return use.stage == 0 &&
         std::all_of(use.inputs.begin(), use.inputs.end(),
                     [](const feature::Pipeline* input) { return input->learned(); });
}

arrow::Result<RowStepMemory> MeasureRowStep(const io::Source& source, const RowStepUse& use,
                                            RunContext* context) {
  RowStepMemory memory;
  if (!HasInputs(use)) return memory;
  const std::vector<RowStepUse> uses = {use};
  MeasuredStep step(uses[0], context);
  ARROW_RETURN_NOT_OK(step.Open());
  RowStepRows rows(uses, context->budget());
  int64_t seen = 0;
  const auto see = [&](const io::Batch& batch) -> arrow::Status {
    if (step.full()) return context->CheckStop();
    ARROW_ASSIGN_OR_RAISE(const auto block, rows.Rows(0, batch));
    ARROW_RETURN_NOT_OK(step.See(block));
    seen += batch.num_rows;
    if (2 * seen <= source.num_rows() || memory.half_bytes == 0) memory.half_bytes = step.bytes();
    return context->CheckStop();
  };
  for (const io::Unit& unit : source.units()) {
    ARROW_RETURN_NOT_OK(ScanBatches(source, unit, rows.columns(), context, see));
  }
  memory.measured = true;
  memory.bytes = step.bytes();
  memory.fault = step.fault();
  if (step.full()) {
    // As much again for as many rows, whatever it did before.
    memory.half_bytes = memory.bytes / 2;
    memory.share = static_cast<double>(seen) / static_cast<double>(source.num_rows());
  }
  return memory;
}

}  // namespace

int64_t RowStepMemory::After(double times) const {
  times /= share;
  const int64_t grown = bytes - half_bytes;
  const bool grows = static_cast<double>(grown) >= kGrowingMemoryShare * static_cast<double>(bytes);
  const double after =
      grows ? static_cast<double>(bytes) + 2 * static_cast<double>(grown) * std::max(0.0, times - 1)
            : static_cast<double>(bytes) * std::min(std::max(times, 1.0), 2.0);
  return after < 9e18 ? static_cast<int64_t>(after) : INT64_MAX;
}

arrow::Result<std::vector<RowStepMemory>> MeasureRowSteps(const io::Source& source,
                                                          const plan::BoundPlan& bound,
                                                          RunContext* context) {
  std::vector<RowStepMemory> memories;
  for (const RowStepUse& use : UsesOf(bound, /*with_target=*/true)) {
    auto memory = MeasureRowStep(source, use, context);
    ARROW_RETURN_NOT_OK(WithColumn(memory.status(), use.inputs[0]->source_column()));
    memories.push_back(*memory);
  }
  return memories;
}

}  // namespace emberharmony::engine
