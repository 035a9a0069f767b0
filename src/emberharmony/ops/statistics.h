#pragma once

#include <optional>

#include "emberharmony/ops/axes.h"
#include "emberharmony/ops/operand.h"

/// Statistical functions of the Array API standard, and any, all and count_nonzero. They reduce the
/// given axes (one or several, negative ones count from the back; none given: all; an empty list:
/// every element is a result of its own) and throw ShapeError for axes that do not exist or repeat.
///
/// Results do not depend on threads, instruction set or memory layout: each is made in a tree whose
/// shape depends on the number of its elements alone. float32 is added and multiplied in double
/// precision and rounded once; integers wrap around. Functions that are defined for floating point
/// only (mean, var, std) compute in float64 if given integers or bool.
namespace emberharmony::ops {

struct ReductionOptions {
  std::optional<Axes> axis = std::nullopt;
  /// Keeps the reduced axes with length 1.
  bool keepdims = false;
  /// sum and prod only: the dtype x is converted to first, which is the result's. Default: int64
  /// for signed integers and bool, uint64 for unsigned ones, else x's.
  std::optional<DType> dtype = std::nullopt;
};

struct VarianceOptions {
  std::optional<Axes> axis = std::nullopt;
  /// Subtracted from the number of elements in the divisor: 1 for the unbiased estimate of a
  /// sample. A divisor that is not positive counts as 0.
  double correction = 0;
  bool keepdims = false;
};

/// Any dtype but, as `dtype`, bool. Of complex numbers with a real `dtype` the real parts are added
/// (prod, cumulative_sum and cumulative_prod alike), as in NumPy. Without elements: 0.
Tensor sum(const Tensor& x, const ReductionOptions& options = {});
/// The product. Without elements: 1.
Tensor prod(const Tensor& x, const ReductionOptions& options = {});
/// The arithmetic mean. Without elements: NaN.
Tensor mean(const Tensor& x, const ReductionOptions& options = {});
/// The mean of the squared absolute deviations from the mean, a real number, by the corrected
/// two-pass algorithm, which does not cancel. Without elements: NaN.
Tensor var(const Tensor& x, const VarianceOptions& options = {});
/// The square root of var. (`std` is not a name of C++.)
Tensor std_(const Tensor& x, const VarianceOptions& options = {});
/// Real dtypes and bool; NaN if there is one. Throws ShapeError without elements.
Tensor min(const Tensor& x, const ReductionOptions& options = {});
Tensor max(const Tensor& x, const ReductionOptions& options = {});
/// Whether any, or every, element is not zero (NaN is not): bool. Without elements: false, true.
Tensor any(const Tensor& x, const ReductionOptions& options = {});
Tensor all(const Tensor& x, const ReductionOptions& options = {});
/// How many elements are not zero: int64.
Tensor count_nonzero(const Tensor& x, const ReductionOptions& options = {});

}  // namespace emberharmony::ops
