#include "emberharmony/ops/statistics_nan.h"

#include <limits>

#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/elementwise.h"

namespace emberharmony::ops {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

bool HasNaN(DType dtype) { return tensor::IsRealFloating(dtype) || tensor::IsComplex(dtype); }

/// `number` as a tensor of rank 0 and x's dtype.
Tensor Like(const Tensor& x, double number) {
  return astype(full({}, number), x.dtype(), /*copy=*/false);
}

/// x with `number` in place of NaN.
Tensor Replaced(const Tensor& x, double number) { return where(isnan(x), Like(x, number), x); }

/// How many numbers each result is made of, in a floating-point dtype.
Tensor CountNumbers(const Tensor& x, const ReductionOptions& options) {
  const Tensor count =
      count_nonzero(logical_not(isnan(x)), {.axis = options.axis, .keepdims = options.keepdims});
  return astype(count, tensor::RealPartOf(x.dtype()));
}

Tensor ExtremeNumber(const Tensor& x, const ReductionOptions& options, bool largest) {
  const auto reduce = largest ? &max : &min;
  if (!HasNaN(x.dtype())) return reduce(x, options);
  const Tensor missing = isnan(x);
  const Tensor best = reduce(where(missing, Like(x, largest ? -kInfinity : kInfinity), x), options);
  const Tensor none = all(missing, {.axis = options.axis, .keepdims = options.keepdims});
  return where(none, Like(x, kNoNumber), best);
}

}  // namespace

Tensor nansum(const Tensor& x, const ReductionOptions& options) {
  return sum(HasNaN(x.dtype()) ? Replaced(x, 0) : x, options);
}

Tensor nanprod(const Tensor& x, const ReductionOptions& options) {
  return prod(HasNaN(x.dtype()) ? Replaced(x, 1) : x, options);
}

Tensor nanmean(const Tensor& x, const ReductionOptions& options) {
  if (!HasNaN(x.dtype())) return mean(x, options);
  return divide(nansum(x, {.axis = options.axis, .keepdims = options.keepdims}),
                CountNumbers(x, options));
}

Tensor nanmin(const Tensor& x, const ReductionOptions& options) {
  return ExtremeNumber(x, options, /*largest=*/false);
}
Tensor nanmax(const Tensor& x, const ReductionOptions& options) {
  return ExtremeNumber(x, options, /*largest=*/true);
}

Tensor nanvar(const Tensor& x, const VarianceOptions& options) {
  if (!HasNaN(x.dtype())) return var(x, options);
  const Tensor center = nanmean(x, {.axis = options.axis, .keepdims = true});
  Tensor deviations = abs(subtract(x, center));
  deviations = where(isnan(x), Like(deviations, 0), deviations);
  const ReductionOptions along{.axis = options.axis, .keepdims = options.keepdims};
  const Tensor divisor = subtract(CountNumbers(x, along), Like(deviations, options.correction));
  const Tensor squares = divide(sum(square(deviations), along), divisor);
  return where(greater(divisor, Like(deviations, 0)), squares, Like(deviations, kNoNumber));
}

Tensor nanstd(const Tensor& x, const VarianceOptions& options) { return sqrt(nanvar(x, options)); }

}  // namespace emberharmony::ops
