#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <string>
#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/checkpoint.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/state_spool.h"
#include "emberharmony/feature/row_transform.h"

namespace emberharmony::engine {

/// What steps on whole rows have learned, in a checkpoint. A step is known by the first column that
/// it yields. Of one that parts can be merged of its sums are kept, from which it learns again to
/// the bit; of any other what it has learned, as model.json tells it, and between its passes what
/// the next one needs. Without a checkpoint nothing is kept or found. One thread at a time.
class KeptRowSteps {
 public:
  KeptRowSteps(Checkpoint* checkpoint, RunContext* context)
      : checkpoint_(checkpoint), context_(context), spool_(context->options().spill_dir) {}

  enum class Found {
    kNothing,
    kPasses,  ///< the learner has what its passes but for the last find
    kSums,    ///< the learner has all that it is to see
    kStep,    ///< the step has learned
  };
  /// What an interrupted run has kept goes into the learner, which is new, or into the step.
  arrow::Result<Found> Restore(int first_derived, feature::RowLearner* learner,
                               feature::RowTransform* step);
  /// A pass has ended, and another follows.
  arrow::Status NotePass(int first_derived, const feature::RowLearner& learner);
  /// The step has learned, or was left unlearned for want of values.
  arrow::Status NoteLearned(int first_derived, const feature::RowLearner& learner,
                            const feature::RowTransform& step);

 private:
  // Empty where nothing is kept, or there is no memory for it, which the reservation then holds.
  arrow::Result<std::string> Find(int first_derived, const char* what,
                                  base::MemoryReservation* reservation) const;
  arrow::Status Note(int first_derived, const char* what, const std::string& bytes);

  Checkpoint* const checkpoint_;
  RunContext* const context_;
  StateSpool spool_;
};

}  // namespace emberharmony::engine
