#pragma once

#include <optional>
#include <utility>

#include "emberharmony/ops/operand.h"

/// Counting elements. Real dtypes and bool (else DTypeError); x is read as one row.
namespace emberharmony::ops {

struct Histogram {
  Tensor counts;  ///< int64; float64 with weights or density
  /// One more than there are bins: float64, or float32 for bins of equal width of a float32 x.
  Tensor edges;
};

struct HistogramOptions {
  /// The bins' lower and upper end; by default the least and the largest element. Elements beyond
  /// it, and NaN, are not counted.
  std::optional<std::pair<double, double>> range = std::nullopt;
  /// Divides the counts by their sum and by the widths of their bins.
  bool density = false;
  /// A real tensor of x's shape: each element counts as much as its weight.
  const Tensor* weights = nullptr;
};

/// The elements in `bins` bins of equal width. A bin holds its lower edge but not its upper one;
/// the last one holds both. Throws std::invalid_argument for less than one bin, a range that is not
/// finite or descends; ShapeError for weights of another shape.
Histogram histogram(const Tensor& x, int64_t bins = 10, const HistogramOptions& options = {});
/// In bins between the edges given, a tensor of rank 1 of at least two numbers that do not descend
/// (`range` is not looked at). Throws ShapeError, std::invalid_argument.
Histogram histogram(const Tensor& x, const Tensor& edges, const HistogramOptions& options = {});

/// How often 0, 1, ... stand in x, of rank 1 and an integer dtype (or bool): as many counts as the
/// largest element plus one, and at least `minlength`. With `weights` (real, of x's shape) the sums
/// of the weights, float64, else int64. Throws std::invalid_argument for negative elements,
/// ShapeError, DTypeError.
Tensor bincount(const Tensor& x, const Tensor* weights = nullptr, int64_t minlength = 0);

}  // namespace emberharmony::ops
