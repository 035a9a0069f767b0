#pragma once

#include <optional>
#include <string_view>

#include "emberharmony/ops/axes.h"
#include "emberharmony/ops/operand.h"

/// Quantiles. Real dtypes and bool; integers are read as float64, floating
/// point keeps its dtype (interpolation is in double precision). Found by
/// selection in linear time, exactly: no result depends on threads or memory
/// layout.
namespace emberharmony::ops {

/// How a quantile that falls between two elements is made of them: the nine
/// methods of Hyndman and Fan ("Sample Quantiles in Statistical Packages",
/// 1996) and four simple ones, under the names that NumPy gives them.
enum class QuantileMethod {
  kInvertedCdf,
  kAveragedInvertedCdf,
  kClosestObservation,
  kInterpolatedInvertedCdf,
  kHazen,
  kWeibull,
  kLinear,
  kMedianUnbiased,
  kNormalUnbiased,
  kLower,
  kHigher,
  kMidpoint,
  kNearest,
};
/// The method of that name ("linear", "inverted_cdf", ...); throws
/// std::invalid_argument.
QuantileMethod ParseQuantileMethod(std::string_view name);

struct QuantileOptions {
  /// Negative axes count from the back; none given: all.
  std::optional<Axes> axis = std::nullopt;
  QuantileMethod method = QuantileMethod::kLinear;
  /// Keeps the reduced axes with length 1.
  bool keepdims = false;
};

/// The quantiles q, each in [0, 1], along the axes: the shape of q, then what
/// remains of x's. NaN where x has a NaN or no elements. Throws
/// std::invalid_argument for another q, ShapeError for axes, DTypeError for a
/// complex x.
Tensor quantile(const Tensor& x, const Tensor& q, const QuantileOptions& options = {});
/// The same for q in [0, 100].
Tensor percentile(const Tensor& x, const Tensor& q, const QuantileOptions& options = {});
/// The middle element, or the mean of the two in the middle.
Tensor median(const Tensor& x, const std::optional<Axes>& axis = std::nullopt,
              bool keepdims = false);
/// The same of the elements that are not NaN; NaN if there are none.
Tensor nanquantile(const Tensor& x, const Tensor& q, const QuantileOptions& options = {});
Tensor nanpercentile(const Tensor& x, const Tensor& q, const QuantileOptions& options = {});
Tensor nanmedian(const Tensor& x, const std::optional<Axes>& axis = std::nullopt,
                 bool keepdims = false);

}  // namespace emberharmony::ops
