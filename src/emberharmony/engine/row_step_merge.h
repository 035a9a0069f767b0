#pragma once

#include <arrow/status.h>

#include <string_view>
#include <vector>

#include "emberharmony/engine/fit.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/state_spool.h"
#include "emberharmony/feature/row_transform.h"
#include "emberharmony/plan/fitted_plan.h"

/// What fits of parts of a table have learned from whole rows, put together.
///
/// Sound is what would be learned from the whole table. A step that looks back (lag) sees, at a
/// part's first rows, nothing of the part before, and a step ahead that has learned (an impute)
/// gives other values in each part: nothing that comes behind them can be learned from parts. What
/// learns nothing, or learns from nothing like that, is merged.
namespace emberharmony::engine {

/// The path_key of a row-wise step's state; pipelines have none of this form. Its source_column is
/// the first column that the step yields.
inline constexpr std::string_view kRowStepPath = "rows";

/// UsageError, which names the column and the reason, when fits of parts differ from one of the
/// whole. `num_own`: how many columns come before the derived ones.
arrow::Status CheckRowStepsMerge(const plan::BoundPlan& bound, int num_own);

/// What a step's learner has seen, to be saved with the model.
arrow::Status SaveRowStep(const feature::RowLearner& learner, int first_derived, StateSpool* spool,
                          std::vector<plan::SavedState>* saved);

/// Lets a step learn from what it has seen of all parts. Of steps that learn nothing there is
/// nothing to do.
arrow::Status MergeRowStep(const std::vector<MergePart>& parts, int first_derived,
                           feature::RowTransform* step, RunContext* context, StateSpool* spool,
                           std::vector<plan::SavedState>* saved);

}  // namespace emberharmony::engine
