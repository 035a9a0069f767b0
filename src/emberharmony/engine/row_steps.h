#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <functional>
#include <memory>
#include <vector>

#include "emberharmony/engine/piece_rows.h"
#include "emberharmony/engine/requested_source.h"
#include "emberharmony/engine/row_folds.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/plan/fitted_plan.h"

/// How a run carries row-wise steps out (feature/row_transform.h):
///
/// 1. The steps ahead of them learn, with all other steps of the table's own columns.
/// 2. LearnRowSteps: the row-wise steps learn from the training rows, all in one pass, more where
///    one of them asks for more.
/// 3. ApplyRowSteps: one pass over all rows; unit by unit in order, by one thread, for those that
///    are `ordered`, by all threads for the others. What they yield waits on disk, and the source
///    with these columns behind its own takes its place.
/// 4. The steps behind them learn from those columns, and features are written, as from any others.
///
/// Row-wise steps that take what others yield are of the next stage: 2 to 4 for each stage. A
/// transform has 3 of each stage. Neither threads nor batches nor units show in what is yielded.
namespace emberharmony::engine {

class Checkpoint;

/// A row-wise step and where in a source its inputs are.
struct RowStepUse {
  const feature::RowTransform* step;
  std::vector<const feature::Pipeline*> inputs;
  std::vector<int> columns;
  bool runs_on_backend = false;  ///< where it is applied (engine/numeric_backends.h)
  int stage = 0;
};

/// Of a bound plan, with the target that steps learn from, or without.
std::vector<RowStepUse> UsesOf(const plan::BoundPlan& bound, bool with_target);
/// Of a model that is bound to a table.
std::vector<RowStepUse> UsesOf(const plan::FittedPlan& model,
                               const plan::FittedPlan::Binding& binding);

/// The rows of some steps, batch by batch. One thread at a time.
class RowStepRows {
 public:
  RowStepRows(const std::vector<RowStepUse>& uses, arrow::MemoryPool* pool);
  /// The columns that batches must have, each once.
  const std::vector<int>& columns() const { return columns_; }
  /// The rows of step `i` of a batch, without folds.
  arrow::Result<feature::RowBlock> Rows(size_t i, const io::Batch& batch);

 private:
  const std::vector<RowStepUse>& uses_;
  std::vector<int> columns_;
  std::vector<std::vector<size_t>> places_;  // of a step's inputs in columns_
  std::vector<std::vector<RowInput>> inputs_;
};

/// How many stages there are.
int NumStages(const std::vector<RowStepUse>& uses);
/// Those of a stage.
std::vector<RowStepUse> UsesOfStage(const std::vector<RowStepUse>& uses, int stage);

/// Lets the steps of `bound` that are of this stage, whose inputs have learned, learn. `source`:
/// the table with its own columns, and those that the stages before yield. Errors name the step's
/// first column. What they have learned from is appended to *saved, unless that is nullptr.
/// `leaves_unlearned`: steps that find nothing to learn from stay as they are
/// (plan::FittedPlan::CheckComplete). With a checkpoint what a step has learned is kept there, and
/// what an interrupted run has kept is not learned again.
arrow::Status LearnRowSteps(const io::Source& source, const RowFolds& folds, int stage,
                            const plan::BoundPlan& bound, bool leaves_unlearned,
                            RunContext* context, std::vector<plan::SavedState>* saved,
                            Checkpoint* checkpoint = nullptr);

/// The source with the columns that the steps yield, which have learned: all stages, or those of
/// one, whose inputs the source has. Steps that were left unlearned, or whose inputs were, yield
/// nulls. `folds`: nullptr where rows are served. UsageError when a step
/// needs an order of rows and the source has none.
arrow::Result<std::shared_ptr<io::Source>> ApplyRowSteps(std::shared_ptr<io::Source> source,
                                                         const std::vector<RowStepUse>& uses,
                                                         const RowFolds* folds,
                                                         RunContext* context);

}  // namespace emberharmony::engine
