#include "emberharmony/ops/sorting.h"

#include <fmt/format.h>

#include "emberharmony/ops/axis_error.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/sorting_internal.h"

namespace emberharmony::ops {
namespace {

using backend::Attribute;
using backend::AttributeKey;
using backend::Op;

/// Sorts, or argsorts, into a tensor of x's shape.
Tensor SortedBy(Op op, const Tensor& x, const SortOptions& options, DType dtype) {
  const int axis = CheckAxis(op, x, options.axis);
  CheckOrdered(op, x.dtype());
  const Tensor result = NewResultOf(x, x.shape(), dtype);
  const Attribute attributes[] = {
      Attribute::Integer(AttributeKey::kAxis, axis),
      Attribute::Integer(AttributeKey::kDescending, options.descending ? 1 : 0),
      Attribute::Integer(AttributeKey::kStable, options.stable ? 1 : 0)};
  const Tensor* const inputs[] = {&x};
  const Tensor* const outputs[] = {&result};
  RunOp(op, inputs, attributes, outputs);
  return result;
}

}  // namespace

void CheckOrdered(Op op, DType dtype) {
  if (!tensor::IsBool(dtype)) CheckKind(op, dtype);
}

int CheckAxis(Op op, const Tensor& x, int axis) {
  const char* name = backend::InfoOf(op).name.data();
  if (!x.defined()) {
    throw std::invalid_argument(
        fmt::format("{}: expected a tensor, found an undefined tensor", name));
  }
  if (axis < -x.rank() || axis >= x.rank()) {
    throw AxisError(fmt::format("{}: expected an axis in [{}, {}) of a {}, found {}", name,
                                -x.rank(), x.rank(), x.Describe(), axis));
  }
  return axis < 0 ? axis + x.rank() : axis;
}

Tensor sort(const Tensor& x, const SortOptions& options) {
  return SortedBy(Op::kSort, x, options, x.dtype());
}

Tensor argsort(const Tensor& x, const SortOptions& options) {
  return SortedBy(Op::kArgSort, x, options, DType::kInt64);
}

TopK topk(const Tensor& x, int64_t k, int axis, bool largest) {
  const int at = CheckAxis(Op::kTopK, x, axis);
  CheckOrdered(Op::kTopK, x.dtype());
  if (k < 0 || k > x.shape()[at]) {
    throw ShapeError(
        fmt::format("topk: expected k in [0, {}], the length of axis {} of a {}, found {}",
                    x.shape()[at], axis, x.Describe(), k));
  }
  Shape shape = x.shape();
  shape[at] = k;
  const TopK result{NewResultOf(x, shape, x.dtype()), NewResultOf(x, shape, DType::kInt64)};
  if (result.values.size() == 0) return result;
  const Attribute attributes[] = {Attribute::Integer(AttributeKey::kAxis, at),
                                  Attribute::Integer(AttributeKey::kDescending, largest ? 1 : 0),
                                  Attribute::Integer(AttributeKey::kCount, k)};
  const Tensor* const inputs[] = {&x};
  const Tensor* const outputs[] = {&result.values, &result.indices};
  RunOp(Op::kTopK, inputs, attributes, outputs);
  return result;
}

}  // namespace emberharmony::ops
