// Diagonals, triangles, grids.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "emberharmony/base/shortened.h"
#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/indexing_plan_internal.h"
#include "emberharmony/ops/manipulation_internal.h"

namespace emberharmony::ops {
namespace {

void CheckStack(const char* function, const Tensor& x) {
  if (x.rank() < 2) {
    throw ShapeError(
        fmt::format("{}: expected a tensor of rank 2 or more, found a {}", function, x.Describe()));
  }
}

/// Copies, of each row i of the matrices, the columns below i + k (or, if `upper`, from it on); the
/// others become zero.
Tensor Triangle(const char* function, const Tensor& x, int64_t k, bool upper) {
  CheckStack(function, x);
  RequireCpu(x);
  const Tensor source = x.Contiguous();
  const Tensor result = Tensor::Empty(x.shape(), x.dtype());
  if (result.size() == 0) return result;
  const int64_t num_columns = x.shape()[x.rank() - 1];
  const int64_t num_rows = x.shape()[x.rank() - 2];
  const int64_t item_bytes = tensor::ItemSize(x.dtype());
  const char* from = static_cast<const char*>(source.data());
  char* to = static_cast<char*>(result.mutable_data());
  // What no diagonal of these matrices reaches is all the same.
  const int64_t diagonal = std::clamp(k, -num_rows - 1, num_columns + 1);
  const int64_t row_bytes = num_columns * item_bytes;
  for (int64_t row = 0; row < result.size() / num_columns;
       ++row, from += row_bytes, to += row_bytes) {
    const int64_t bound = row % num_rows + diagonal + (upper ? 0 : 1);
    const int64_t cut = std::clamp<int64_t>(bound, 0, num_columns) * item_bytes;
    if (upper) {
      std::memset(to, 0, cut);
      std::memcpy(to + cut, from + cut, row_bytes - cut);
    } else {
      std::memcpy(to, from, cut);
      std::memset(to + cut, 0, row_bytes - cut);
    }
  }
  return result;
}

/// The diagonal `k` of a matrix as a view that may be written through.
Tensor DiagonalView(const Tensor& x, int64_t k, int row_axis, int column_axis) {
  const int64_t num_rows = x.shape()[row_axis];
  const int64_t num_columns = x.shape()[column_axis];
  const int64_t row = k < 0 ? std::min(-std::max(k, -num_rows), num_rows) : 0;
  const int64_t column = k > 0 ? std::min(k, num_columns) : 0;
  const int64_t length = std::min(num_rows - row, num_columns - column);
  Shape shape, strides;
  for (int i = 0; i < x.rank(); ++i) {
    if (i == row_axis || i == column_axis) continue;
    shape.Append(x.shape()[i]);
    strides.Append(x.strides()[i]);
  }
  shape.Append(length);
  strides.Append(x.strides()[row_axis] + x.strides()[column_axis]);
  const int64_t first =
      length > 0 ? row * x.strides()[row_axis] + column * x.strides()[column_axis] : 0;
  return x.View(std::move(shape), std::move(strides), x.offset() + first);
}

}  // namespace

Tensor eye(int64_t num_rows, std::optional<int64_t> num_columns, int64_t k, DType dtype) {
  const Tensor result = zeros({num_rows, num_columns.value_or(num_rows)}, dtype);
  Tensor ones_there = DiagonalView(result, k, 0, 1);
  if (ones_there.size() > 0) {
    tensor::CopyElements(ones({1}, dtype).BroadcastTo(ones_there.shape()), ones_there);
  }
  return result;
}

Tensor tril(const Tensor& x, int64_t k) { return Triangle("tril", x, k, /*upper=*/false); }
Tensor triu(const Tensor& x, int64_t k) { return Triangle("triu", x, k, /*upper=*/true); }

std::vector<Tensor> meshgrid(std::span<const Tensor> tensors, std::string_view indexing) {
  if (indexing != "xy" && indexing != "ij") {
    throw std::invalid_argument(fmt::format("meshgrid: expected indexing 'xy' or 'ij', found '{}'",
                                            base::Shortened(indexing)));
  }
  const int rank = static_cast<int>(std::min<size_t>(tensors.size(), tensor::kRankMax + 1));
  Shape shape = Shape::Filled(rank, 1);
  const auto axis_of = [&](int i) { return rank >= 2 && i < 2 && indexing == "xy" ? 1 - i : i; };
  for (int i = 0; i < rank; ++i) {
    if (tensors[i].rank() > 1) {
      throw ShapeError(
          fmt::format("meshgrid: expected tensors of rank 1, found a {}", tensors[i].Describe()));
    }
    shape[axis_of(i)] = tensors[i].size();
  }
  std::vector<Tensor> grids;
  for (int i = 0; i < rank; ++i) {
    Shape along = Shape::Filled(rank, 1);
    along[axis_of(i)] = tensors[i].size();
    grids.push_back(tensors[i].Reshape(along).BroadcastTo(shape).Copy());
  }
  return grids;
}

Tensor diagonal(const Tensor& x, int64_t offset, int axis1, int axis2) {
  CheckStack("diagonal", x);
  axis1 = CheckedAxis("diagonal", axis1, x.rank());
  axis2 = CheckedAxis("diagonal", axis2, x.rank());
  if (axis1 == axis2) {
    throw ShapeError(fmt::format("diagonal: expected two different axes, found {} twice", axis1));
  }
  return DiagonalView(x, offset, axis1, axis2).ReadOnly();
}

Tensor diag(const Tensor& x, int64_t k) {
  if (x.rank() == 2) return diagonal(x, k);
  if (x.rank() != 1) {
    throw ShapeError(
        fmt::format("diag: expected a tensor of rank 1 or 2, found a {}", x.Describe()));
  }
  int64_t length = 0;
  if (__builtin_add_overflow(x.size(), k < 0 ? -std::max(k, -INT64_MAX) : k, &length)) {
    throw ShapeError(fmt::format("diag: no matrix has a diagonal {}", k));
  }
  const Tensor result = zeros({length, length}, x.dtype());
  if (x.size() > 0) tensor::CopyElements(x, DiagonalView(result, k, 0, 1));
  return result;
}

Tensor one_hot(const Tensor& indices, std::optional<int64_t> num_classes, int axis, DType dtype) {
  const Tensor classes = CheckedIndices("one_hot", indices, INT64_MAX, axis);
  const int64_t* numbers = classes.data_as<int64_t>();
  int64_t low = 0;
  int64_t high = -1;
  for (int64_t i = 0; i < classes.size(); ++i) {
    low = std::min(low, numbers[i]);
    high = std::max(high, numbers[i]);
  }
  const int64_t depth = num_classes.value_or(high + 1);
  if (depth < 0) {
    throw ShapeError(fmt::format("one_hot: num_classes must not be negative, found {}", depth));
  }
  if (low < 0 || high >= depth) {
    throw IndexError(
        fmt::format("one_hot: expected indices in [0, {}), found {}", depth, low < 0 ? low : high));
  }
  axis = CheckedAxis("one_hot", axis, indices.rank() + 1);
  Shape counting = Shape::Filled(indices.rank() + 1, 1);
  counting[axis] = depth;
  const Tensor hot = equal(classes.ExpandDims(axis), arange(depth).Reshape(counting));
  return astype(hot, dtype, /*copy=*/false);
}

}  // namespace emberharmony::ops
