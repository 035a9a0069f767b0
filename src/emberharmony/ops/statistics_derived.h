#pragma once

#include <optional>

#include "emberharmony/ops/axes.h"
#include "emberharmony/ops/operand.h"

/// Statistics made of others. Axes and dtypes are as in statistics.h.
namespace emberharmony::ops {

/// The weighted mean: sum(x * weights) / sum(weights). Weights have x's shape or, with one axis,
/// rank 1 and its length; without them: mean. Throws ShapeError for other weights,
/// std::invalid_argument if they add up to 0.
Tensor average(const Tensor& x, const std::optional<Axes>& axis = std::nullopt,
               const Tensor* weights = nullptr, bool keepdims = false);

/// max - min ("peak to peak"). Real dtypes. Throws ShapeError without elements.
Tensor ptp(const Tensor& x, const std::optional<Axes>& axis = std::nullopt, bool keepdims = false);

/// log(sum(exp(x))) without overflow: the largest element is taken out first. Real dtypes; integers
/// are read as float64. Without elements: -infinity.
Tensor logsumexp(const Tensor& x, const std::optional<Axes>& axis = std::nullopt,
                 bool keepdims = false);

struct CovarianceOptions {
  /// Rows are variables and columns observations; false: the other way round.
  bool rowvar = true;
  /// Subtracted from the number of observations in the divisor.
  double correction = 1;
};
/// The covariance matrix of the variables of x, of rank 1 (one variable) or 2, in floating point;
/// of one variable a tensor of rank 0. Real dtypes (else DTypeError). Throws ShapeError.
Tensor cov(const Tensor& x, const CovarianceOptions& options = {});
/// The same of the variables of x and then those of y, of as many observations.
Tensor cov(const Tensor& x, const Tensor& y, const CovarianceOptions& options = {});
/// The correlation coefficients: covariances divided by both standard deviations, clipped to
/// [-1, 1].
Tensor corrcoef(const Tensor& x, bool rowvar = true);

/// The density of the normal distribution at x:
/// exp(-((x - mu) / sigma)^2 / 2) / (sigma * sqrt(2 pi)). Integers are read as float64.
Tensor gaussian(const Tensor& x, double mu = 0, double sigma = 1);

}  // namespace emberharmony::ops
