#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "emberharmony/engine/numeric_backends.h"
#include "emberharmony/engine/output_layout.h"
#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::engine {

/// Applies a model to rows in memory: the same pipelines that TransformSource runs, so equal rows
/// give equal values, in the types of its shards. Immutable and thread-safe.
class BatchTransform {
 public:
  explicit BatchTransform(std::shared_ptr<const plan::FittedPlan> model);

  /// What row-wise steps remember of the rows before (feature::RowState): one for each batch, or
  /// for the batches of a table in their order, by one thread at a time.
  using States = std::vector<std::unique_ptr<feature::RowState>>;
  States MakeStates() const;

  /// The outputs for the batch's rows, which follow those that `states` has seen. Columns that the
  /// model does not use are left out; the target is handed on where the batch has it. Dictionary
  /// arrays are worked on by entry.
  ///
  /// UsageError for columns that are absent or of another type, errors of steps as in a run. Memory
  /// is from `pool`, but for columns that are handed on as they are. Numeric steps are computed at
  /// `place`, as far as they are left to backends.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Apply(const arrow::RecordBatch& batch,
                                                           const NumericPlace& place,
                                                           arrow::MemoryPool* pool,
                                                           States* states) const;

  /// The schema of what Apply gives for batches with or without the target.
  arrow::Result<std::shared_ptr<arrow::Schema>> output_schema(bool with_target) const;

 private:
  const arrow::Result<OutputLayout>& layout(bool with_target) const {
    return with_target ? layout_with_target_ : layout_;
  }

  const std::shared_ptr<const plan::FittedPlan> model_;
  const arrow::Result<OutputLayout> layout_;
  const arrow::Result<OutputLayout> layout_with_target_;
};

}  // namespace emberharmony::engine
