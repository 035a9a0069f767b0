#include "emberharmony/ops/cumulative.h"

#include <fmt/format.h>

#include <algorithm>

#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/manipulation.h"
#include "emberharmony/ops/reduction_internal.h"
#include "emberharmony/ops/sorting_internal.h"

namespace emberharmony::ops {
namespace {

using backend::Attribute;
using backend::AttributeKey;
using backend::Op;

Tensor Cumulate(Op op, const Tensor& x, const CumulativeOptions& options) {
  if (!options.axis && x.defined() && x.rank() != 1) {
    throw ShapeError(
        fmt::format("{}: expected an axis for a tensor that is not of rank 1, found a {}",
                    backend::InfoOf(op).name, x.Describe()));
  }
  const int axis = CheckAxis(op, x, options.axis.value_or(0));
  const DType dtype = options.dtype.value_or(TotalDType(x.dtype()));
  CheckKind(op, dtype);
  Shape shape = x.shape();
  if (options.include_initial) ++shape[axis];
  const bool of_real_parts = tensor::IsComplex(x.dtype()) && !tensor::IsComplex(dtype);
  const Tensor numbers = astype(of_real_parts ? real(x) : x, dtype, /*copy=*/false);
  const Tensor result = NewResultOf(numbers, shape, dtype);
  const Attribute attributes[] = {
      Attribute::Integer(AttributeKey::kAxis, axis),
      Attribute::Integer(AttributeKey::kIncludeInitial, options.include_initial ? 1 : 0)};
  const Tensor* const inputs[] = {&numbers};
  const Tensor* const outputs[] = {&result};
  RunOp(op, inputs, attributes, outputs);
  return result;
}

}  // namespace

Tensor cumulative_sum(const Tensor& x, const CumulativeOptions& options) {
  return Cumulate(Op::kCumulativeSum, x, options);
}
Tensor cumulative_prod(const Tensor& x, const CumulativeOptions& options) {
  return Cumulate(Op::kCumulativeProd, x, options);
}

Tensor diff(const Tensor& x, const DiffOptions& options) {
  if (!x.defined() || x.rank() == 0) {
    throw ShapeError(fmt::format("diff: expected a tensor of rank 1 at least, found {}",
                                 x.defined() ? "a " + x.Describe() : "an undefined one"));
  }
  const int axis = CheckedAxis("diff", options.axis, x.rank());
  if (options.n < 0) {
    throw std::invalid_argument(
        fmt::format("diff: expected a number of times of 0 or more, found {}", options.n));
  }
  if (options.n == 0) return x;
  // A number at an edge stands for one along the whole edge.
  const auto edge_of = [&](const Tensor& edge) {
    if (edge.rank() != 0) return edge;
    Shape shape = x.shape();
    shape[axis] = 1;
    return broadcast_to(edge, shape);
  };
  std::vector<Tensor> parts;
  if (options.prepend != nullptr) parts.push_back(edge_of(*options.prepend));
  parts.push_back(x);
  if (options.append != nullptr) parts.push_back(edge_of(*options.append));
  Tensor result = parts.size() > 1 ? concat(parts, axis) : x;
  const int64_t times = std::min(options.n, std::max<int64_t>(result.shape()[axis], 1));
  for (int64_t i = 0; i < times; ++i) {
    const int64_t length = result.shape()[axis];
    // Without elements an axis of any length is there, and as many steps would be taken.
    if (i > 0 && result.size() == 0) {
      Shape shape = result.shape();
      shape[axis] = std::max<int64_t>(length - (times - i), 0);
      return NewResultOf(result, shape, result.dtype());
    }
    const Tensor later = result.Slice(axis, std::min<int64_t>(1, length), length);
    const Tensor earlier = result.Slice(axis, 0, std::max<int64_t>(length - 1, 0));
    result = tensor::IsBool(x.dtype()) && tensor::IsBool(result.dtype()) ? not_equal(later, earlier)
                                                                         : subtract(later, earlier);
  }
  return result;
}

}  // namespace emberharmony::ops
