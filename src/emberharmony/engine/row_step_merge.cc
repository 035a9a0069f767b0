#include "emberharmony/engine/row_step_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/learn_checks.h"

namespace emberharmony::engine {

namespace {

/// The first step of a pipeline that learns; nullptr where none does.
const feature::Transform* LearningStep(const feature::Pipeline& pipeline) {
  for (int s = 0; s < pipeline.num_steps(); ++s) {
    if (!pipeline.step(s).analyzers().empty()) return &pipeline.step(s);
  }
  return nullptr;
}

arrow::Status CannotMerge(const std::string& column, const std::string& step,
                          const std::string& reason) {
  return base::UsageError(fmt::format(
      "column '{}': '{}' learns from values that {}, so fits of parts would differ from "
      "one of the whole: models of this plan cannot be merged; fit the whole table, or "
      "leave '{}' out",
      column, step, reason, step));
}

/// Goes through the row-wise steps in order, and keeps of each column that they yield why its
/// values differ between a part and the whole: empty where they do not.
class RowStepMergeCheck {
 public:
  RowStepMergeCheck(const plan::BoundPlan& bound, int num_own)
      : bound_(bound), reasons_(static_cast<size_t>(num_own)) {}

  arrow::Status Check() {
    for (const plan::BoundRowStep& row_step : bound_.row_steps)
      ARROW_RETURN_NOT_OK(CheckStep(row_step));
    for (size_t i = 0; i < bound_.pipelines.size(); ++i)
      ARROW_RETURN_NOT_OK(CheckPipeline(*bound_.pipelines[i], bound_.source_columns[i]));
    return arrow::Status::OK();
  }

 private:
  arrow::Status CheckPipeline(const feature::Pipeline& pipeline, int column) const {
    const std::string& reason = reasons_[static_cast<size_t>(column)];
    const feature::Transform* learning = LearningStep(pipeline);
    if (reason.empty() || learning == nullptr) return arrow::Status::OK();
    return CannotMerge(pipeline.source_column(), learning->name(), reason);
  }

  arrow::Status CheckStep(const plan::BoundRowStep& row_step) {
    const std::string& name = row_step.step->name();
    std::string reason;
    for (size_t i = 0; i < row_step.inputs.size(); ++i) {
      ARROW_RETURN_NOT_OK(CheckPipeline(*row_step.inputs[i], row_step.source_columns[i]));
      if (reason.empty()) reason = reasons_[static_cast<size_t>(row_step.source_columns[i])];
      const feature::Transform* learning = LearningStep(*row_step.inputs[i]);
      if (reason.empty() && learning != nullptr)
        reason = fmt::format("'{}' makes, which has learned itself", learning->name());
    }
    const std::string& column = row_step.inputs[0]->source_column();
    ARROW_ASSIGN_OR_RAISE(const auto learner, row_step.step->MakeLearner(nullptr));
    if (learner != nullptr && !reason.empty()) return CannotMerge(column, name, reason);
    if (learner != nullptr && !learner->is_mergeable()) {
      return CannotMerge(column, name,
                         "it must see more than once, the range of all of them first");
    }
    if (learner != nullptr) reason = fmt::format("'{}' makes, which has learned itself", name);
    if (row_step.step->traits().ordered && reason.empty())
      reason = fmt::format("'{}' takes from rows that another part may hold", name);
    reasons_.insert(reasons_.end(), row_step.step->outputs().size(), reason);
    return arrow::Status::OK();
  }

  const plan::BoundPlan& bound_;
  std::vector<std::string> reasons_;  // by column, derived ones behind the table's own
};

const plan::SavedState* FindRowState(const MergePart& part, int first_derived) {
  const auto found = std::ranges::find_if(part.states, [&](const plan::SavedState& state) {
    return state.source_column == first_derived && state.path_key == kRowStepPath;
  });
  return found == part.states.end() ? nullptr : &*found;
}

}  // namespace

arrow::Status CheckRowStepsMerge(const plan::BoundPlan& bound, int num_own) {
  return RowStepMergeCheck(bound, num_own).Check();
}

arrow::Status SaveRowStep(const feature::RowLearner& learner, int first_derived, StateSpool* spool,
                          std::vector<plan::SavedState>* saved) {
  plan::SavedState state;
  state.source_column = first_derived;
  state.path_key = kRowStepPath;
  ARROW_ASSIGN_OR_RAISE(const std::string encoded, learner.Encode());
  ARROW_ASSIGN_OR_RAISE(state.bytes, spool->Keep(encoded));
  saved->push_back(std::move(state));
  return arrow::Status::OK();
}

arrow::Status MergeRowStep(const std::vector<MergePart>& parts, int first_derived,
                           feature::RowTransform* step, RunContext* context, StateSpool* spool,
                           std::vector<plan::SavedState>* saved) {
  ARROW_ASSIGN_OR_RAISE(const auto learner, step->MakeLearner(context->budget()));
  if (learner == nullptr) return arrow::Status::OK();
  const base::Activity activity("merge", step->name());
  for (size_t m = 0; m < parts.size(); ++m) {
    ARROW_RETURN_NOT_OK(context->CheckStop());
    const plan::SavedState* state = FindRowState(parts[m], first_derived);
    if (state == nullptr) {
      return base::UsageError(
          fmt::format("model {} lacks what '{}' has learned from; fit it with `ember fit`, or keep "
                      "its state with --keep-state",
                      m + 1, step->name()));
    }
    base::MemoryReservation reservation(context->budget());
    ARROW_RETURN_NOT_OK(reservation.Resize(state->bytes.size()));
    ARROW_ASSIGN_OR_RAISE(const std::string encoded, state->bytes.ReadAll());
    ARROW_RETURN_NOT_OK(learner->MergeEncoded(encoded));
  }
  ARROW_RETURN_NOT_OK(SaveRowStep(*learner, first_derived, spool, saved));
  const arrow::Status status = step->Learn(*learner);
  // Of parts that all have nothing to learn from nothing is learned: they may be merged with more.
  return feature::IsLackOfValues(status) ? arrow::Status::OK() : status;
}

}  // namespace emberharmony::engine
