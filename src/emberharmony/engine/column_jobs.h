#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "emberharmony/engine/run_context.h"

namespace emberharmony::engine {

/// Work on one column over all units of a source, in one or more passes.
class ColumnJob {
 public:
  virtual ~ColumnJob() = default;
  /// Prepares a pass; false when there is nothing to scan (FinishPass is called all the same).
  virtual arrow::Result<bool> BeginPass() = 0;
  /// Any unit, from any thread, several at a time.
  virtual arrow::Status ProcessUnit(int64_t unit) = 0;
  /// The same where the column is read together with others (RunUnitJobs): which column that is,
  /// and its values, from any thread.
  virtual int source_column() const = 0;
  virtual arrow::Status Consume(const std::shared_ptr<arrow::Array>& values, const int64_t* weights,
                                int64_t null_weight) = 0;
  /// Every unit has been processed; true when another pass is needed.
  virtual arrow::Result<bool> FinishPass() = 0;
  /// What the job is done with is freed here.
  virtual void Release() {}
};

/// Runs the jobs, in the order given, on the run's threads.
///
/// A thread stays with a column while there are columns nobody has begun, so that the states of few
/// columns live at a time and no two threads wait for one state; once all have begun, idle threads
/// help with the units that are left.
arrow::Status RunColumnJobs(const std::vector<std::unique_ptr<ColumnJob>>& jobs, int64_t num_units,
                            RunContext* context);

}  // namespace emberharmony::engine
