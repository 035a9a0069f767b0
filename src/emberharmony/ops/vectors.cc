#include "emberharmony/ops/vectors.h"

#include <fmt/format.h>

#include <stdexcept>

#include "emberharmony/ops/activations_internal.h"
#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/statistics.h"

namespace emberharmony::ops {
namespace {

ReductionOptions Along(std::optional<int> axis, bool keepdims) {
  ReductionOptions options{.keepdims = keepdims};
  if (axis) options.axis = std::vector<int>{*axis};
  return options;
}

/// The largest absolute value along the axis, or 1 where that is 0 or not finite: what vectors are
/// divided by before their squares are added.
Tensor ScaleOf(const Tensor& x, std::optional<int> axis) {
  const Tensor largest = max(abs(x), Along(axis, /*keepdims=*/true));
  return where(logical_and(greater(largest, 0), isfinite(largest)), largest, 1.0);
}

/// x / scale, its length 1 or so.
struct Scaled {
  Scaled(const Tensor& x, std::optional<int> axis)
      : scale(ScaleOf(x, axis)), vector(divide(x, scale)) {}

  Tensor Length(std::optional<int> axis, bool keepdims) const {
    return sqrt(sum(square(vector), Along(axis, keepdims)));
  }

  Tensor scale, vector;
};

/// The operand as a tensor of a dtype in which differences can be taken.
Tensor Comparable(const Operand& x, DType dtype) {
  return x.is_tensor() ? astype(x.tensor(), dtype, /*copy=*/false) : full({}, x.scalar(), dtype);
}

bool IsExact(const Operand& x) {
  const DType dtype = x.is_tensor() ? x.tensor().dtype() : x.scalar().default_dtype();
  return tensor::IsInteger(dtype) || tensor::IsBool(dtype);
}

}  // namespace

Tensor isclose(const Operand& x1, const Operand& x2, double rtol, double atol, bool equal_nan) {
  for (const Operand* each : {&x1, &x2}) {
    if (!each->is_none() && (!each->is_tensor() || each->tensor().defined())) continue;
    throw std::invalid_argument(
        "isclose: expected a tensor or a number, found an undefined tensor");
  }
  const Operand* operands[] = {&x1, &x2};
  const DType dtype =
      IsExact(x1) && IsExact(x2) ? DType::kFloat64 : PromotedDType("isclose", operands);
  const Tensor a = Comparable(x1, dtype), b = Comparable(x2, dtype);
  const Tensor bound = add(multiply(abs(b), rtol), atol);
  const Tensor near = less_equal(abs(subtract(a, b)), bound);
  const Tensor close = logical_or(logical_and(near, isfinite(b)), equal(a, b));
  return equal_nan ? logical_or(close, logical_and(isnan(a), isnan(b))) : close;
}

bool allclose(const Operand& x1, const Operand& x2, double rtol, double atol, bool equal_nan) {
  return all(isclose(x1, x2, rtol, atol, equal_nan)).item<bool>();
}

Tensor normalize_vector(const Tensor& x, std::optional<int> axis) {
  const Tensor values = Floating("normalize_vector", x);
  if (values.size() == 0) return values.Copy();
  const Scaled scaled(values, axis);
  const Tensor length = scaled.Length(axis, /*keepdims=*/true);
  return divide(scaled.vector, where(greater(length, 0), length, 1.0));
}

Tensor euclidean_distance(const Tensor& x, const Tensor& y, std::optional<int> axis) {
  Tensor a = x, b = y;
  FloatingPair("euclidean_distance", &a, &b);
  const Tensor difference = subtract(a, b);
  if (difference.size() == 0) return sqrt(sum(difference, Along(axis, /*keepdims=*/false)));
  const Scaled scaled(difference, axis);
  const Tensor length = multiply(scaled.Length(axis, /*keepdims=*/true), scaled.scale);
  return sum(length, Along(axis, /*keepdims=*/false));  // drops the axes of length 1
}

Tensor cosine_similarity(const Tensor& x, const Tensor& y, std::optional<int> axis) {
  Tensor a = x, b = y;
  FloatingPair("cosine_similarity", &a, &b);
  Shape shape = a.shape();
  if (!tensor::BroadcastInto(&shape, b.shape())) {
    throw ShapeError(fmt::format("cosine_similarity: shapes {} and {} do not broadcast",
                                 a.shape().ToString(), b.shape().ToString()));
  }
  a = a.BroadcastTo(shape);
  b = b.BroadcastTo(shape);
  if (a.size() == 0) return sum(multiply(a, b), Along(axis, /*keepdims=*/false));
  const Scaled first(a, axis), second(b, axis);
  const Tensor product = sum(multiply(first.vector, second.vector), Along(axis, false));
  const Tensor lengths = multiply(first.Length(axis, false), second.Length(axis, false));
  const Tensor cosine = divide(product, where(equal(lengths, 0), 1.0, lengths));
  return clip(cosine, -1.0, 1.0);
}

Tensor exponential_decay(const Operand& initial_value, const Operand& decay_rate,
                         const Operand& time_step) {
  return multiply(initial_value, exp(negative(multiply(decay_rate, time_step))));
}

}  // namespace emberharmony::ops
