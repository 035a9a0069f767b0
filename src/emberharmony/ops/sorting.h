#pragma once

#include "emberharmony/ops/operand.h"

/// Sorting functions of the Array API standard, and topk. Real dtypes and bool;
/// others throw DTypeError, axes that do not exist ShapeError. NaN comes last
/// in both directions; -0 and +0 are equal. Equal elements keep their order
/// (all sorts here are stable).
namespace emberharmony::ops {

struct SortOptions {
  int axis = -1;
  /// From large to small.
  bool descending = false;
  /// Whether equal elements must keep their order. They do anyway.
  bool stable = true;
};

/// The elements in order along an axis. A tensor of rank 0 has none:
/// ShapeError.
Tensor sort(const Tensor& x, const SortOptions& options = {});
/// The positions (int64) at which the elements of sort(x) stand in x.
Tensor argsort(const Tensor& x, const SortOptions& options = {});

struct TopK {
  Tensor values;   ///< in order, the best first
  Tensor indices;  ///< int64: where they stand along the axis
};
/// The k largest elements along an axis (smallest if `largest` is false): the
/// first k of sort(x,
/// {.descending = largest}), found without sorting everything. Throws
/// ShapeError unless 0 <= k <= the length of the axis.
TopK topk(const Tensor& x, int64_t k, int axis = -1, bool largest = true);

}  // namespace emberharmony::ops
