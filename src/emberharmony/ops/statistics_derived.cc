#include "emberharmony/ops/statistics_derived.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/manipulation.h"
#include "emberharmony/ops/statistics.h"

namespace emberharmony::ops {
namespace {

void CheckReal(const char* function, const Tensor& x) {
  if (!x.defined()) {
    throw std::invalid_argument(
        fmt::format("{}: expected a tensor, found an undefined one", function));
  }
  if (tensor::IsComplex(x.dtype())) {
    throw DTypeError(
        fmt::format("{}: expected a real-valued dtype, found {}", function, DTypeName(x.dtype())));
  }
}

/// x in floating point.
Tensor FloatingMatrix(const Tensor& x) {
  return tensor::IsRealFloating(x.dtype()) || tensor::IsComplex(x.dtype())
             ? x
             : astype(x, DType::kFloat64);
}

Tensor NumberLike(const Tensor& x, double number) {
  return astype(full({}, number), x.dtype(), /*copy=*/false);
}

/// Weights that broadcast against x: of its shape, or of one axis.
Tensor AverageWeights(const Tensor& x, const std::optional<Axes>& axis, const Tensor& weights) {
  if (weights.shape() == x.shape()) return weights;
  if (axis && axis->size() == 1 && weights.rank() == 1) {
    const int at = __builtin_ctzll(axis->MaskFor("average", x));
    if (weights.size() == x.shape()[at]) {
      Shape shape = Shape::Filled(x.rank(), 1);
      shape[at] = weights.size();
      return weights.Reshape(shape).BroadcastTo(x.shape());
    }
  }
  throw ShapeError(
      fmt::format("average: expected weights of the shape of x or, with one axis, of its length; "
                  "found a {} for a {}",
                  weights.Describe(), x.Describe()));
}

/// Observations along the last axis, less their mean: (variables, observations).
Tensor Centered(const char* function, const Tensor& x, bool rowvar) {
  CheckReal(function, x);
  if (x.rank() > 2) {
    throw ShapeError(
        fmt::format("{}: expected a tensor of rank 1 or 2, found a {}", function, x.Describe()));
  }
  Tensor rows = FloatingMatrix(x);
  if (x.rank() < 2) {
    rows = rows.Reshape({1, x.size()});
  } else if (!rowvar) {
    const int order[] = {1, 0};
    rows = rows.PermuteDims(order);
  }
  const Tensor wide = astype(rows, DType::kFloat64, /*copy=*/false).Contiguous();
  return subtract(wide, mean(wide, {.axis = 1, .keepdims = true}));
}

/// The covariances as float64, (variables, variables). Each is a sum in the fixed tree of `sum`.
Tensor Covariances(const Tensor& deviations, double correction) {
  const int64_t variables = deviations.shape()[0];
  const double divisor = std::max(static_cast<double>(deviations.shape()[1]) - correction, 0.0);
  const Tensor result = Tensor::Empty({variables, variables}, DType::kFloat64);
  double* to = result.mutable_data_as<double>();
  Tensor products;
  for (int64_t i = 0; i < variables; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      multiply(deviations.Select(0, i), deviations.Select(0, j), {.out = &products});
      const double covariance = sum(products).item<double>() / divisor;
      to[i * variables + j] = to[j * variables + i] = covariance;
    }
  }
  return result;
}

/// A matrix of one variable as a number, in the dtype that suits x.
Tensor FinishCovariance(const Tensor& matrix, const Tensor& x) {
  const Tensor result =
      astype(matrix, x.dtype() == DType::kFloat32 ? DType::kFloat32 : DType::kFloat64,
             /*copy=*/false);
  return result.size() == 1 ? result.Reshape({}) : result;
}

}  // namespace

Tensor average(const Tensor& x, const std::optional<Axes>& axis, const Tensor* weights,
               bool keepdims) {
  if (weights == nullptr) return mean(x, {.axis = axis, .keepdims = keepdims});
  const Tensor numbers = FloatingMatrix(x);
  const Tensor each = AverageWeights(numbers, axis, *weights);
  const ReductionOptions along{.axis = axis, .keepdims = keepdims};
  const Tensor total = FloatingMatrix(sum(each, along));
  if (any(equal(total, NumberLike(total, 0))).item<bool>()) {
    throw std::invalid_argument("average: expected weights that do not add up to 0");
  }
  return divide(sum(multiply(numbers, each), along), total);
}

Tensor ptp(const Tensor& x, const std::optional<Axes>& axis, bool keepdims) {
  CheckReal("ptp", x);
  const ReductionOptions along{.axis = axis, .keepdims = keepdims};
  return subtract(max(x, along), min(x, along));
}

Tensor logsumexp(const Tensor& x, const std::optional<Axes>& axis, bool keepdims) {
  CheckReal("logsumexp", x);
  const Tensor numbers = FloatingMatrix(x);
  const ReductionOptions along{.axis = axis, .keepdims = keepdims};
  if (numbers.size() == 0) return log(sum(numbers, along));
  const Tensor largest = max(numbers, {.axis = axis, .keepdims = true});
  // An infinite or missing one would turn differences into NaN.
  const Tensor shift = where(isfinite(largest), largest, NumberLike(largest, 0));
  const Tensor total = sum(exp(subtract(numbers, shift)), along);
  return add(log(total), shift.Reshape(total.shape()));
}

Tensor cov(const Tensor& x, const CovarianceOptions& options) {
  return FinishCovariance(Covariances(Centered("cov", x, options.rowvar), options.correction), x);
}

Tensor cov(const Tensor& x, const Tensor& y, const CovarianceOptions& options) {
  const auto in_rows = [&](const Tensor& variables) {
    CheckReal("cov", variables);
    if (variables.rank() == 1) return variables.ExpandDims(0);
    if (variables.rank() == 2) return options.rowvar ? variables : matrix_transpose(variables);
    throw ShapeError(
        fmt::format("cov: expected tensors of rank 1 or 2, found a {}", variables.Describe()));
  };
  const Tensor both[] = {in_rows(x), in_rows(y)};
  return cov(concat(both, 0), {.correction = options.correction});
}

Tensor corrcoef(const Tensor& x, bool rowvar) {
  const Tensor matrix = Covariances(Centered("corrcoef", x, rowvar), 0);
  const int64_t n = matrix.shape()[0];
  double* at = matrix.mutable_data_as<double>();
  std::vector<double> deviations;
  for (int64_t i = 0; i < n; ++i) deviations.push_back(std::sqrt(at[i * n + i]));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const double ratio = at[i * n + j] / deviations[i] / deviations[j];
      at[i * n + j] = ratio > 1 ? 1 : ratio < -1 ? -1 : ratio;
    }
  }
  return FinishCovariance(matrix, x);
}

Tensor gaussian(const Tensor& x, double mu, double sigma) {
  CheckReal("gaussian", x);
  const Tensor numbers = FloatingMatrix(x);
  const Tensor z = divide(subtract(numbers, NumberLike(numbers, mu)), NumberLike(numbers, sigma));
  const double peak = 1 / (sigma * std::sqrt(2 * std::numbers::pi));
  return multiply(exp(multiply(square(z), NumberLike(numbers, -0.5))), NumberLike(numbers, peak));
}

}  // namespace emberharmony::ops
