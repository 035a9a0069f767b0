#pragma once

#include <span>

#include "emberharmony/ops/indexing.h"

namespace emberharmony::ops {

/// An index taken apart.
struct IndexPlan {
  /// Without tensors among the index: the view that it selects. With them: the axes that none of
  /// them select from, num_before of which come before the tensors' common axes in the result.
  Tensor rest;
  bool has_tensors = false;
  int num_before = 0;
  /// What the tensors select: distances in elements from rest's first one, contiguous int64 in the
  /// tensors' common shape.
  Tensor offsets;
  /// Integers given as tensors of rank 0 select a copy, not a view.
  bool has_integer_tensors = false;

  /// The shape of what is selected.
  Shape result_shape() const;
};

/// Throws what get_index says.
IndexPlan PlanIndex(const Tensor& x, std::span<const Index> index);

/// `index` counted from the front; throws IndexError unless it is in [-length, length).
int64_t CheckedPosition(int64_t index, int64_t length, int axis);

/// Integer indices as contiguous int64, all in [-length, length) (else IndexError, naming the axis;
/// DTypeError, beginning with `function`, for another dtype).
Tensor CheckedIndices(const char* function, const Tensor& indices, int64_t length, int axis);

}  // namespace emberharmony::ops
