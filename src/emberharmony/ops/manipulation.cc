// Shapes and the order of axes.
#include "emberharmony/ops/manipulation.h"

#include <fmt/format.h>

#include <numeric>

#include "emberharmony/ops/axis_error.h"
#include "emberharmony/ops/manipulation_internal.h"

namespace emberharmony::ops {

int CheckedAxis(const char* function, int axis, int rank) {
  if (axis < -rank || axis >= rank) {
    throw AxisError(
        fmt::format("{}: expected an axis in [{}, {}), found {}", function, -rank, rank, axis));
  }
  return axis < 0 ? axis + rank : axis;
}

std::vector<int> CheckedAxes(const char* function, const std::optional<std::vector<int>>& axes,
                             int rank) {
  std::vector<int> checked(rank);
  if (!axes) {
    std::iota(checked.begin(), checked.end(), 0);
    return checked;
  }
  checked.clear();
  uint64_t seen[2] = {};  // one more than the highest rank may be asked for
  for (int axis : *axes) {
    const int at = CheckedAxis(function, axis, rank);
    if ((seen[at / 64] >> (at % 64)) & 1) {
      throw ShapeError(fmt::format("{}: expected different axes, found {} twice", function, axis));
    }
    seen[at / 64] |= uint64_t{1} << (at % 64);
    checked.push_back(at);
  }
  return checked;
}

void CheckDefined(const char* function, const Tensor& x) {
  if (x.defined()) return;
  throw std::invalid_argument(
      fmt::format("{}: expected a tensor, found an undefined one", function));
}

Tensor reshape(const Tensor& x, const Shape& shape, std::optional<bool> copy) {
  CheckDefined("reshape", x);
  if (!copy) return x.Reshape(shape);
  if (*copy) return x.Copy().Reshape(shape);
  if (std::optional<Tensor> view = x.ReshapeView(shape)) return *std::move(view);
  throw ShapeError(
      fmt::format("reshape: a {} with these strides becomes {} only by a copy: leave "
                  "copy out",
                  x.Describe(), shape.ToString()));
}

Tensor ravel(const Tensor& x) { return reshape(x, Shape{x.size()}); }
Tensor flatten(const Tensor& x) { return reshape(x, Shape{x.size()}, /*copy=*/true); }

Shape broadcast_shapes(std::span<const Shape> shapes) {
  Shape result;
  for (const Shape& shape : shapes) {
    for (int64_t dim : shape) {
      if (dim < 0) {
        throw ShapeError(fmt::format("broadcast_shapes: dimensions must not be negative, found {}",
                                     shape.ToString()));
      }
    }
    if (!tensor::BroadcastInto(&result, shape)) {
      throw ShapeError(fmt::format("broadcast_shapes: {} does not broadcast with {}",
                                   shape.ToString(), shapes[0].ToString()));
    }
  }
  return result;
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  CheckDefined("broadcast_to", x);
  return x.BroadcastTo(shape);
}

std::vector<Tensor> broadcast_arrays(std::span<const Tensor> tensors) {
  std::vector<Shape> shapes;
  for (const Tensor& each : tensors) {
    CheckDefined("broadcast_arrays", each);
    shapes.push_back(each.shape());
  }
  const Shape shape = broadcast_shapes(shapes);
  std::vector<Tensor> views;
  for (const Tensor& each : tensors) views.push_back(each.BroadcastTo(shape).ReadOnly());
  return views;
}

Tensor expand_dims(const Tensor& x, int axis) {
  CheckDefined("expand_dims", x);
  return expand_dims(x, std::span<const int>(&axis, 1));
}

Tensor expand_dims(const Tensor& x, std::span<const int> axes) {
  CheckDefined("expand_dims", x);
  const int rank = x.rank() + static_cast<int>(std::min<size_t>(axes.size(), tensor::kRankMax));
  if (rank > tensor::kRankMax) {
    throw ShapeError(
        fmt::format("expand_dims: a tensor has at most {} dimensions, found {} and {} "
                    "new ones",
                    tensor::kRankMax, x.rank(), axes.size()));
  }
  std::vector<bool> is_new(rank, false);
  const std::vector<int> given(axes.begin(), axes.end());
  for (int axis : CheckedAxes("expand_dims", given, rank)) is_new[axis] = true;
  Shape shape, strides;
  int from = 0;
  for (int i = 0; i < rank; ++i) {
    shape.Append(is_new[i] ? 1 : x.shape()[from]);
    strides.Append(is_new[i] ? 0 : x.strides()[from]);
    from += is_new[i] ? 0 : 1;
  }
  return x.View(std::move(shape), std::move(strides), x.offset());
}

Tensor squeeze(const Tensor& x, std::optional<std::vector<int>> axes) {
  CheckDefined("squeeze", x);
  std::vector<bool> goes(x.rank(), false);
  for (int axis : CheckedAxes("squeeze", axes, x.rank())) {
    if (axes && x.shape()[axis] != 1) {
      throw ShapeError(fmt::format("squeeze: expected axes of length 1, found axis {} of a {}",
                                   axis, x.Describe()));
    }
    goes[axis] = x.shape()[axis] == 1;
  }
  Shape shape, strides;
  for (int i = 0; i < x.rank(); ++i) {
    if (goes[i]) continue;
    shape.Append(x.shape()[i]);
    strides.Append(x.strides()[i]);
  }
  return x.View(std::move(shape), std::move(strides), x.offset());
}

Tensor permute_dims(const Tensor& x, std::span<const int> axes) {
  CheckDefined("permute_dims", x);
  for (int axis : axes) CheckedAxis("permute_dims", axis, x.rank());
  return x.PermuteDims(axes);
}

Tensor transpose(const Tensor& x, std::optional<std::vector<int>> axes) {
  CheckDefined("transpose", x);
  if (axes) return permute_dims(x, *axes);
  std::vector<int> reversed(x.rank());
  for (int i = 0; i < x.rank(); ++i) reversed[i] = x.rank() - 1 - i;
  return x.PermuteDims(reversed);
}

Tensor matrix_transpose(const Tensor& x) {
  CheckDefined("matrix_transpose", x);
  if (x.rank() < 2) {
    throw ShapeError(fmt::format(
        "matrix_transpose: expected a tensor of rank 2 or more, found a {}", x.Describe()));
  }
  return swapaxes(x, -2, -1);
}

Tensor swapaxes(const Tensor& x, int axis1, int axis2) {
  CheckDefined("swapaxes", x);
  std::vector<int> order(x.rank());
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[CheckedAxis("swapaxes", axis1, x.rank())],
            order[CheckedAxis("swapaxes", axis2, x.rank())]);
  return x.PermuteDims(order);
}

Tensor moveaxis(const Tensor& x, std::span<const int> source, std::span<const int> destination) {
  CheckDefined("moveaxis", x);
  if (source.size() != destination.size()) {
    throw ShapeError(
        fmt::format("moveaxis: expected one destination for each source, found {} "
                    "sources and {} destinations",
                    source.size(), destination.size()));
  }
  const std::vector<int> from =
      CheckedAxes("moveaxis", std::vector<int>(source.begin(), source.end()), x.rank());
  const std::vector<int> to =
      CheckedAxes("moveaxis", std::vector<int>(destination.begin(), destination.end()), x.rank());
  std::vector<int> order(x.rank(), -1);
  std::vector<bool> placed(x.rank(), false);
  for (size_t i = 0; i < from.size(); ++i) {
    order[to[i]] = from[i];
    placed[from[i]] = true;
  }
  int next = 0;
  for (int& axis : order) {
    if (axis >= 0) continue;
    while (placed[next]) ++next;
    axis = next++;
  }
  return x.PermuteDims(order);
}

Tensor flip(const Tensor& x, std::optional<std::vector<int>> axes) {
  CheckDefined("flip", x);
  Shape strides = x.strides();
  int64_t offset = x.offset();
  for (int axis : CheckedAxes("flip", axes, x.rank())) {
    if (x.size() > 0) offset += (x.shape()[axis] - 1) * strides[axis];
    strides[axis] = -strides[axis];
  }
  return x.View(x.shape(), std::move(strides), offset);
}

}  // namespace emberharmony::ops
