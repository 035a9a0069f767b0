#include "emberharmony/ops/searching.h"

#include <fmt/format.h>

#include <cstring>

#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/sorting_internal.h"

namespace emberharmony::ops {
namespace {

using backend::Attribute;
using backend::AttributeKey;
using backend::Op;

Tensor FindExtreme(Op op, const Tensor& x, const ArgOptions& options) {
  const int axis = options.axis ? CheckAxis(op, x, *options.axis) : 0;
  CheckOrdered(op, x.dtype());
  // Without an axis the elements are one row.
  const Tensor rows = options.axis ? x : x.Reshape({x.size()});
  Shape shape;
  for (int i = 0; i < x.rank(); ++i) {
    if (options.axis && i != axis) {
      shape.Append(x.shape()[i]);
    } else if (options.keepdims) {
      shape.Append(1);
    }
  }
  const Tensor result = NewResultOf(x, shape, DType::kInt64);
  if (rows.shape()[axis] == 0 && result.size() > 0) {
    throw ShapeError(fmt::format("{}: expected at least one element along the axis, found a {}",
                                 backend::InfoOf(op).name, x.Describe()));
  }
  const Attribute attribute = Attribute::Integer(AttributeKey::kAxis, axis);
  const Tensor* const inputs[] = {&rows};
  const Tensor* const outputs[] = {&result};
  RunOp(op, inputs, {&attribute, 1}, outputs);
  return result;
}

/// x1[sorter], checked.
Tensor Sorted(const Tensor& x1, const Tensor& sorter) {
  if (!tensor::IsInteger(sorter.dtype())) {
    throw DTypeError(fmt::format("searchsorted: expected a sorter of an integer dtype, found a {}",
                                 sorter.Describe()));
  }
  if (!(sorter.shape() == x1.shape())) {
    throw ShapeError(fmt::format("searchsorted: expected a sorter of shape {}, found a {}",
                                 x1.shape().ToString(), sorter.Describe()));
  }
  const Tensor positions = astype(sorter, DType::kInt64, /*copy=*/false).Contiguous();
  const Tensor from = x1.Contiguous();
  const Tensor result = Tensor::Empty(x1.shape(), x1.dtype());
  const int64_t bytes = tensor::ItemSize(x1.dtype());
  const char* elements = static_cast<const char*>(from.data());
  char* to = static_cast<char*>(result.mutable_data());
  for (int64_t position : positions.values<int64_t>()) {
    if (position < 0 || position >= x1.size()) {
      throw ShapeError(fmt::format(
          "searchsorted: expected a sorter of indices in [0, {}), found {}", x1.size(), position));
    }
    std::memcpy(to, elements + position * bytes, bytes);
    to += bytes;
  }
  return result;
}

}  // namespace

Tensor argmax(const Tensor& x, const ArgOptions& options) {
  return FindExtreme(Op::kArgMax, x, options);
}
Tensor argmin(const Tensor& x, const ArgOptions& options) {
  return FindExtreme(Op::kArgMin, x, options);
}

Tensor searchsorted(const Tensor& x1, const Tensor& x2, Side side, const Tensor* sorter) {
  if (!x1.defined() || !x2.defined()) {
    throw std::invalid_argument("searchsorted: expected two tensors, found an undefined tensor");
  }
  if (x1.rank() != 1) {
    throw ShapeError(fmt::format("searchsorted: expected x1 of rank 1, found a {}", x1.Describe()));
  }
  const std::optional<DType> dtype = tensor::PromoteTypes(x1.dtype(), x2.dtype());
  if (!dtype) {
    throw DTypeError(
        fmt::format("searchsorted: {} and {} have no common dtype: convert one with astype",
                    DTypeName(x1.dtype()), DTypeName(x2.dtype())));
  }
  CheckOrdered(Op::kSearchSorted, *dtype);
  const Tensor sorted =
      astype(sorter != nullptr ? Sorted(x1, *sorter) : x1, *dtype, /*copy=*/false);
  const Tensor wanted = astype(x2, *dtype, /*copy=*/false);
  const Tensor result = NewResultOf(x2, x2.shape(), DType::kInt64);
  const Attribute attribute =
      Attribute::Integer(AttributeKey::kRight, side == Side::kRight ? 1 : 0);
  const Tensor* const inputs[] = {&sorted, &wanted};
  const Tensor* const outputs[] = {&result};
  RunOp(Op::kSearchSorted, inputs, {&attribute, 1}, outputs);
  return result;
}

}  // namespace emberharmony::ops
