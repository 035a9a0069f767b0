#pragma once

#include <optional>

#include "emberharmony/ops/operand.h"

/// Cumulative functions of the Array API standard. They throw ShapeError for
/// axes that do not exist.
namespace emberharmony::ops {

struct CumulativeOptions {
  /// May be left out for tensors of rank 1 only (else ShapeError).
  std::optional<int> axis = std::nullopt;
  /// The dtype x is converted to first, which is the result's. Default: int64
  /// for signed integers and bool, uint64 for unsigned ones, else x's.
  std::optional<DType> dtype = std::nullopt;
  /// The result begins with 0 (or 1), and is longer by one.
  bool include_initial = false;
};

/// Element i is the sum, or product, of elements 0 to i along the axis, made
/// one after the other in this order (float32: in double precision, each
/// element rounded once), for any number of threads.
Tensor cumulative_sum(const Tensor& x, const CumulativeOptions& options = {});
Tensor cumulative_prod(const Tensor& x, const CumulativeOptions& options = {});

struct DiffOptions {
  int axis = -1;
  /// How many times differences are taken; not negative.
  int64_t n = 1;
  /// Put before, and behind, x along the axis first.
  const Tensor* prepend = nullptr;
  const Tensor* append = nullptr;
};
/// x[i + 1] - x[i] along the axis, n times; of bool: whether they differ.
/// Without enough elements the axis has length 0. Throws ShapeError for prepend
/// or append of other shapes, but for the axis.
Tensor diff(const Tensor& x, const DiffOptions& options = {});

}  // namespace emberharmony::ops
