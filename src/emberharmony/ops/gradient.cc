#include "emberharmony/ops/gradient.h"

#include <fmt/format.h>

#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/manipulation_internal.h"

namespace emberharmony::ops {
namespace {

/// The distances between neighbours along one axis.
struct Distances {
  bool even = true;
  double distance = 1;       // of all, if they are even
  std::vector<double> each;  // else
};

Distances DistancesOf(const Tensor& spacing, int64_t num_points) {
  CheckDefined("gradient", spacing);
  if (tensor::IsComplex(spacing.dtype())) {
    throw DTypeError(fmt::format("gradient: expected real distances or coordinates, found a {}",
                                 spacing.Describe()));
  }
  const Tensor numbers = astype(spacing, DType::kFloat64, /*copy=*/false).Contiguous();
  Distances distances;
  if (numbers.rank() == 0) {
    distances.distance = numbers.item<double>();
    return distances;
  }
  if (numbers.rank() != 1 || numbers.size() != num_points) {
    throw ShapeError(
        fmt::format("gradient: expected a distance or {} coordinates along an axis, found a {}",
                    num_points, spacing.Describe()));
  }
  RequireCpu(numbers);
  const double* points = numbers.data_as<double>();
  for (int64_t i = 0; i + 1 < num_points; ++i) distances.each.push_back(points[i + 1] - points[i]);
  for (double each : distances.each) distances.even = distances.even && each == distances.each[0];
  if (distances.even) distances.distance = distances.each[0];
  return distances;
}

/// The weights of three neighbouring elements.
struct Weights {
  double before, at, behind;
};

/// At the middle one of three points.
Weights Central(double d1, double d2) {
  return {-d2 / (d1 * (d1 + d2)), (d2 - d1) / (d1 * d2), d1 / (d2 * (d1 + d2))};
}
/// At the first or last one of three points.
Weights AtFirst(double d1, double d2) {
  return {-(2 * d1 + d2) / (d1 * (d1 + d2)), (d1 + d2) / (d1 * d2), -d1 / (d2 * (d1 + d2))};
}
Weights AtLast(double d1, double d2) {
  return {d2 / (d1 * (d1 + d2)), -(d2 + d1) / (d1 * d2), (2 * d2 + d1) / (d2 * (d1 + d2))};
}

/// The derivative along one axis, written piece by piece.
class Derivative {
 public:
  Derivative(const Tensor& f, int axis, const Distances& distances)
      : f_(f),
        axis_(axis),
        distances_(distances),
        length_(f.shape()[axis]),
        result_(Tensor::Empty(f.shape(), f.dtype())) {}

  Tensor Run(int edge_order) {
    if (length_ > 2) Inside();
    if (edge_order == 1) {
      Place(0, 1, divide(subtract(Part(1, 2), Part(0, 1)), Distance(0)));
      const Tensor last = subtract(Part(length_ - 1, length_), Part(length_ - 2, length_ - 1));
      Place(length_ - 1, length_, divide(last, Distance(length_ - 2)));
    } else {
      Place(0, 1, Sum(AtFirst(Distance(0), Distance(1)), 0));
      Place(length_ - 1, length_,
            Sum(AtLast(Distance(length_ - 3), Distance(length_ - 2)), length_ - 3));
    }
    return result_;
  }

 private:
  double Distance(int64_t i) const {
    return distances_.even ? distances_.distance : distances_.each[i];
  }
  Tensor Part(int64_t start, int64_t stop) const { return f_.Slice(axis_, start, stop); }
  void Place(int64_t start, int64_t stop, const Tensor& values) {
    Tensor part = result_.Slice(axis_, start, stop);
    astype(values, result_.dtype(), /*copy=*/true, {.out = &part});
  }

  /// The weighted sum of the three elements from `first` on.
  Tensor Sum(const Weights& weights, int64_t first) const {
    const Tensor two = add(multiply(Part(first, first + 1), weights.before),
                           multiply(Part(first + 1, first + 2), weights.at));
    return add(two, multiply(Part(first + 2, first + 3), weights.behind));
  }

  void Inside() {
    const Tensor before = Part(0, length_ - 2);
    const Tensor behind = Part(2, length_);
    if (distances_.even) {
      return Place(1, length_ - 1, divide(subtract(behind, before), 2 * distances_.distance));
    }
    Shape shape = Shape::Filled(f_.rank(), 1);
    shape[axis_] = length_ - 2;
    const Tensor weights[3] = {empty(shape), empty(shape), empty(shape)};
    for (int64_t i = 0; i < length_ - 2; ++i) {
      const Weights at = Central(Distance(i), Distance(i + 1));
      weights[0].mutable_data_as<double>()[i] = at.before;
      weights[1].mutable_data_as<double>()[i] = at.at;
      weights[2].mutable_data_as<double>()[i] = at.behind;
    }
    const Tensor two =
        add(multiply(before, weights[0]), multiply(Part(1, length_ - 1), weights[1]));
    Place(1, length_ - 1, add(two, multiply(behind, weights[2])));
  }

  const Tensor& f_;
  int axis_;
  const Distances& distances_;
  int64_t length_;
  Tensor result_;
};

}  // namespace

std::vector<Tensor> gradient(const Tensor& f, std::span<const Tensor> spacing,
                             const GradientOptions& options) {
  CheckDefined("gradient", f);
  const std::vector<int> axes = CheckedAxes("gradient", options.axes, f.rank());
  if (options.edge_order != 1 && options.edge_order != 2) {
    throw std::invalid_argument(
        fmt::format("gradient: expected an edge_order of 1 or 2, found {}", options.edge_order));
  }
  if (spacing.size() > 1 && spacing.size() != axes.size()) {
    throw ShapeError(
        fmt::format("gradient: expected one spacing, or one for each of {} axes, found {}",
                    axes.size(), spacing.size()));
  }
  const bool is_exact = tensor::IsInteger(f.dtype()) || tensor::IsBool(f.dtype());
  const Tensor numbers = is_exact ? astype(f, DType::kFloat64) : f;
  std::vector<Tensor> derivatives;
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t length = f.shape()[axes[i]];
    if (length < options.edge_order + 1) {
      throw ShapeError(fmt::format("gradient: expected at least {} elements along axis {} of a {}",
                                   options.edge_order + 1, axes[i], f.Describe()));
    }
    Distances distances;
    if (!spacing.empty()) distances = DistancesOf(spacing[spacing.size() == 1 ? 0 : i], length);
    derivatives.push_back(Derivative(numbers, axes[i], distances).Run(options.edge_order));
  }
  return derivatives;
}

}  // namespace emberharmony::ops
