#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <vector>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/io/source.h"
#include "emberharmony/plan/plan.h"

namespace emberharmony::engine {

/// What a row-wise step remembers (the values of a target_encode, the entities of a lag) after some
/// rows, measured by letting it see them.
struct RowStepMemory {
  bool measured = false;   ///< not: an input has a step that must learn first, or is yielded by one
  int64_t half_bytes = 0;  ///< after half of the rows
  int64_t bytes = 0;       ///< after all of them
  double share = 1;        ///< of the rows, for which the memory for measuring sufficed
  /// What keeps the step from learning from one of the rows; "": nothing. A run meets it if the row
  /// is one of training, which is not known here.
  std::string fault;

  /// After `times` as many rows: what grew in the second half goes on growing, what did not has
  /// seen all there is.
  int64_t After(double times) const;
};

/// Of each of the plan's row-wise steps, from all rows of `source`, whose columns are those of the
/// plan's table. What is measured takes a quarter of the memory at most.
/// Errors are those that a run would meet in the same rows.
arrow::Result<std::vector<RowStepMemory>> MeasureRowSteps(const io::Source& source,
                                                          const plan::BoundPlan& bound,
                                                          RunContext* context);

}  // namespace emberharmony::engine
