#include "emberharmony/ops/activations.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "emberharmony/backend/threads.h"
#include "emberharmony/base/shortened.h"
#include "emberharmony/ops/activations_internal.h"
#include "emberharmony/ops/axis_error.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/statistics.h"

namespace emberharmony::ops {
namespace {

/// Elements of a part: what a chain of operations makes on its way stays in the cache.
constexpr int64_t kPart = 8192;

/// f(x) element by element; f is a chain of elementwise operations, which is run part by part.
template <class F>
Tensor InParts(const Tensor& x, const F& f) {
  if (x.size() <= 2 * kPart) return f(x);
  const Tensor flat = x.Contiguous().Reshape({x.size()});
  const Tensor result = Tensor::Empty(x.shape(), x.dtype());
  const Tensor flat_result = result.Reshape({x.size()});
  backend::ParallelRanges(x.size(), kPart, [&](int64_t begin, int64_t end) {
    for (int64_t start = begin; start < end; start += kPart) {
      const int64_t stop = std::min(end, start + kPart);
      tensor::CopyElements(f(flat.Slice(0, start, stop)), flat_result.Slice(0, start, stop));
    }
  });
  return result;
}

/// exp(-|x|)
Tensor Decay(const Tensor& x) {
  Tensor result = abs(x);
  negative(result, {.out = &result});
  return exp(result, {.out = &result});
}

Tensor SigmoidOf(const Tensor& x) {
  Tensor decay = Decay(x);
  Tensor result = where(less(x, 0), decay, 1.0);
  add(decay, 1.0, {.out = &decay});
  return divide(result, decay, {.out = &result});
}

int CheckActivationAxis(const char* function, const Tensor& x, int axis) {
  if (axis >= -x.rank() && axis < x.rank()) return axis < 0 ? axis + x.rank() : axis;
  throw AxisError(fmt::format("{}: expected an axis in [{}, {}) of a {}, found {}", function,
                              -x.rank(), x.rank(), x.Describe(), axis));
}

/// x - max(x), at most 0.
Tensor BelowLargest(const Tensor& x, int axis) {
  return subtract(x, max(x, {.axis = {{axis}}, .keepdims = true}));
}

}  // namespace

Tensor Floating(const char* function, const Tensor& x) {
  if (!x.defined()) {
    throw std::invalid_argument(
        fmt::format("{}: expected a tensor, found an undefined one", function));
  }
  if (tensor::IsRealFloating(x.dtype())) return x;
  if (!tensor::IsComplex(x.dtype())) return astype(x, DType::kFloat64);
  throw DTypeError(fmt::format("{}: expected a real dtype, found a {}", function, x.Describe()));
}

void FloatingPair(const char* function, Tensor* x, Tensor* y) {
  *x = Floating(function, *x);
  *y = Floating(function, *y);
  if (x->dtype() == y->dtype()) return;
  *x = astype(*x, DType::kFloat64, /*copy=*/false);
  *y = astype(*y, DType::kFloat64, /*copy=*/false);
}

Tensor sigmoid(const Tensor& x) { return InParts(Floating("sigmoid", x), &SigmoidOf); }

Tensor relu(const Tensor& x) {
  if (!x.defined() || tensor::IsComplex(x.dtype())) Floating("relu", x);
  if (tensor::IsBool(x.dtype())) return astype(x, DType::kInt64);
  return maximum(x, 0);
}

Tensor softmax(const Tensor& x, int axis) {
  const Tensor values = Floating("softmax", x);
  axis = CheckActivationAxis("softmax", x, axis);
  if (x.size() == 0) return values.Copy();
  Tensor result = BelowLargest(values, axis);
  exp(result, {.out = &result});
  return divide(result, sum(result, {.axis = {{axis}}, .keepdims = true}), {.out = &result});
}

Tensor log_softmax(const Tensor& x, int axis) {
  const Tensor values = Floating("log_softmax", x);
  axis = CheckActivationAxis("log_softmax", x, axis);
  if (x.size() == 0) return values.Copy();
  Tensor result = BelowLargest(values, axis);
  // log(c + others) of the c largest, whose exponential is 1, as log(c) + log1p(others / c): what
  // the others add may be far below the last digit of 1.
  const ReductionOptions along{.axis = {{axis}}, .keepdims = true};
  const Tensor is_largest = equal(result, 0);
  const Tensor others = sum(where(is_largest, 0.0, exp(result)), along);
  const Tensor count = sum(astype(is_largest, result.dtype()), along);
  const Tensor total = add(log(count), log1p(divide(others, count)));
  return subtract(result, total, {.out = &result});
}

Tensor softplus(const Tensor& x) {
  return InParts(Floating("softplus", x), [](const Tensor& part) {
    Tensor result = Decay(part);
    log1p(result, {.out = &result});
    return add(maximum(part, 0), result, {.out = &result});
  });
}

Tensor gelu(const Tensor& x, std::string_view approximate) {
  const Tensor values = Floating("gelu", x);
  if (approximate != "none" && approximate != "tanh") {
    throw std::invalid_argument(
        fmt::format("gelu: expected approximate to be \"none\" or \"tanh\", found \"{}\"",
                    base::Shortened(approximate)));
  }
  const bool by_tanh = approximate == "tanh";
  return InParts(values, [by_tanh](const Tensor& part) {
    constexpr double kSqrtHalf = 0.70710678118654752;
    constexpr double kSqrtTwoOverPi = 0.79788456080286536;
    Tensor inner;
    if (by_tanh) {
      inner = multiply(square(part), 0.044715);
      add(inner, 1.0, {.out = &inner});
      multiply(inner, part, {.out = &inner});
      multiply(inner, kSqrtTwoOverPi, {.out = &inner});
      tanh(inner, {.out = &inner});
    } else {
      inner = multiply(part, kSqrtHalf);
      erf(inner, {.out = &inner});
    }
    add(inner, 1.0, {.out = &inner});
    multiply(inner, 0.5, {.out = &inner});
    return multiply(part, inner, {.out = &inner});
  });
}

Tensor silu(const Tensor& x) {
  return InParts(Floating("silu", x), [](const Tensor& part) {
    Tensor result = SigmoidOf(part);
    return multiply(part, result, {.out = &result});
  });
}

Tensor elu(const Tensor& x, double alpha) {
  return InParts(Floating("elu", x), [alpha](const Tensor& part) {
    Tensor below = expm1(minimum(part, 0));
    multiply(below, alpha, {.out = &below});
    return where(greater(part, 0), part, below);
  });
}

Tensor leaky_relu(const Tensor& x, double negative_slope) {
  return InParts(Floating("leaky_relu", x), [negative_slope](const Tensor& part) {
    return where(greater(part, 0), part, multiply(part, negative_slope));
  });
}

}  // namespace emberharmony::ops
