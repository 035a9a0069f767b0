#include "emberharmony/ops/manipulation.h"

#include <fmt/format.h>

#include <vector>

#include "emberharmony/ops/elementwise.h"

namespace emberharmony::ops {
namespace {

DType CommonDType(const char* function, std::span<const Tensor> tensors) {
  if (tensors.empty()) {
    throw std::invalid_argument(
        fmt::format("{}: expected at least one tensor, found none", function));
  }
  DType common = tensors[0].dtype();
  for (const Tensor& each : tensors) {
    const std::optional<DType> promoted = tensor::PromoteTypes(common, each.dtype());
    if (!promoted) {
      throw DTypeError(fmt::format("{}: {} and {} have no common dtype: convert one with astype",
                                   function, DTypeName(common), DTypeName(each.dtype())));
    }
    common = *promoted;
  }
  return common;
}

int CheckAxis(const char* function, int axis, int rank) {
  if (axis < -rank || axis >= rank) {
    throw ShapeError(
        fmt::format("{}: axis must lie in [{}, {}), found {}", function, -rank, rank, axis));
  }
  return axis < 0 ? axis + rank : axis;
}

/// Writes `from` to the places `length` long from `start` on along `axis`.
void Place(const Tensor& from, const Tensor& result, int axis, int64_t start, int64_t length) {
  Tensor part = result.Slice(axis, start, start + length);
  astype(from, result.dtype(), /*copy=*/true, {.out = &part});
}

}  // namespace

Tensor stack(std::span<const Tensor> tensors, int axis) {
  const DType dtype = CommonDType("stack", tensors);
  const Shape& shape = tensors[0].shape();
  for (const Tensor& each : tensors) {
    if (each.shape() == shape) continue;
    throw ShapeError(fmt::format("stack: expected tensors of one shape, found {} and {}",
                                 shape.ToString(), each.shape().ToString()));
  }
  axis = CheckAxis("stack", axis, shape.rank() + 1);
  Shape result_shape;
  for (int i = 0; i <= shape.rank(); ++i) {
    if (i == axis) result_shape.Append(static_cast<int64_t>(tensors.size()));
    if (i < shape.rank()) result_shape.Append(shape[i]);
  }
  const Tensor result = Tensor::Empty(result_shape, dtype);
  for (size_t i = 0; i < tensors.size(); ++i) {
    Place(tensors[i].ExpandDims(axis), result, axis, static_cast<int64_t>(i), 1);
  }
  return result;
}

Tensor concat(std::span<const Tensor> tensors, int axis) {
  const DType dtype = CommonDType("concat", tensors);
  Shape shape = tensors[0].shape();
  axis = CheckAxis("concat", axis, shape.rank());
  shape[axis] = 0;
  for (const Tensor& each : tensors) {
    Shape expected = shape;
    if (each.rank() == shape.rank()) expected[axis] = each.shape()[axis];
    if (!(each.shape() == expected)) {
      throw ShapeError(
          fmt::format("concat: expected tensors alike but for axis {}, found {} and {}", axis,
                      tensors[0].shape().ToString(), each.shape().ToString()));
    }
    shape[axis] += each.shape()[axis];
  }
  const Tensor result = Tensor::Empty(shape, dtype);
  int64_t start = 0;
  for (const Tensor& each : tensors) {
    Place(each, result, axis, start, each.shape()[axis]);
    start += each.shape()[axis];
  }
  return result;
}

Tensor reshape(const Tensor& x, const Shape& shape) { return x.Reshape(shape); }
Tensor broadcast_to(const Tensor& x, const Shape& shape) { return x.BroadcastTo(shape); }
Tensor expand_dims(const Tensor& x, int axis) { return x.ExpandDims(axis); }
Tensor permute_dims(const Tensor& x, std::span<const int> axes) { return x.PermuteDims(axes); }

}  // namespace emberharmony::ops
