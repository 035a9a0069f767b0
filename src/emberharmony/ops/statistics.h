#pragma once

#include <initializer_list>
#include <optional>
#include <vector>

#include "emberharmony/ops/operand.h"

/// Statistical functions of the Array API standard. They reduce the given axes (negative ones count
/// from the back; none given: all) and throw ShapeError for axes that do not exist or repeat.
/// Results do not depend on threads, instruction set or memory layout: sums are made in a tree
/// whose shape depends on the number of elements alone.
namespace emberharmony::ops {

struct ReductionOptions {
  std::optional<std::vector<int>> axis = std::nullopt;
  /// Keeps the reduced axes with length 1.
  bool keepdims = false;
  /// sum only: the result's dtype. Default: int64 for signed integers, uint64 for unsigned ones,
  /// else x's.
  std::optional<DType> dtype = std::nullopt;
};

/// Numeric. float32 is added in double precision and rounded once; integers wrap around. Without
/// elements: 0.
Tensor sum(const Tensor& x, const ReductionOptions& options = {});
/// Floating point. Without elements: NaN.
Tensor mean(const Tensor& x, const ReductionOptions& options = {});
/// Real; NaN if there is one. Throws ShapeError without elements.
Tensor min(const Tensor& x, const ReductionOptions& options = {});
Tensor max(const Tensor& x, const ReductionOptions& options = {});

}  // namespace emberharmony::ops
