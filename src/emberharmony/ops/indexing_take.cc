#include <fmt/format.h>

#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/devices.h"
#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/indexing.h"
#include "emberharmony/ops/indexing_plan_internal.h"
#include "emberharmony/ops/manipulation_internal.h"

namespace emberharmony::ops {
namespace {

using backend::Attribute;
using backend::AttributeKey;
using backend::Op;

Tensor TakeAlong(const char* function, const Tensor& x, const Tensor& indices, int axis) {
  CheckDefined(function, x);
  axis = CheckedAxis(function, axis, x.rank());
  const Tensor positions =
      to_device(CheckedIndices(function, indices, x.shape()[axis], axis), x.device());
  Shape shape;
  for (int i = 0; i < axis; ++i) shape.Append(x.shape()[i]);
  for (int64_t dim : positions.shape()) shape.Append(dim);
  for (int i = axis + 1; i < x.rank(); ++i) shape.Append(x.shape()[i]);
  const Tensor result = NewResultOf(x, shape, x.dtype());
  const Attribute attribute = Attribute::Integer(AttributeKey::kAxis, axis);
  const Tensor* const inputs[] = {&x, &positions};
  const Tensor* const outputs[] = {&result};
  RunOp(Op::kTake, inputs, {&attribute, 1}, outputs);
  return result;
}

/// starts and sizes as parts of an index; a size of -1 reaches to the end.
std::vector<Index> PartsOf(const char* function, const Tensor& x, std::span<const int64_t> starts,
                           std::span<const int64_t> sizes) {
  CheckDefined(function, x);
  if (starts.size() != sizes.size() || starts.size() > static_cast<size_t>(x.rank())) {
    throw ShapeError(fmt::format(
        "{}: expected one start and one size for each of at most {} axes, found {} and {}",
        function, x.rank(), starts.size(), sizes.size()));
  }
  std::vector<Index> parts;
  for (size_t i = 0; i < starts.size(); ++i) {
    const int64_t length = x.shape()[static_cast<int>(i)];
    const int64_t start = starts[i] < 0 ? starts[i] + length : starts[i];
    const bool starts_within = start >= 0 && start <= length;
    const int64_t size = sizes[i] == -1 && starts_within ? length - start : sizes[i];
    if (!starts_within || size < 0 || size > length - start) {
      throw ShapeError(
          fmt::format("{}: expected a part within axis {} of length {}, found start {} and size {}",
                      function, i, length, starts[i], sizes[i]));
    }
    parts.emplace_back(Slice{start, start + size, 1});
  }
  return parts;
}

}  // namespace

Tensor take(const Tensor& x, const Tensor& indices, std::optional<int> axis) {
  CheckDefined("take", x);
  if (!axis && x.rank() != 1) {
    throw ShapeError(fmt::format(
        "take: expected an axis for a tensor of rank other than 1, found a {}", x.Describe()));
  }
  return TakeAlong("take", x, indices, axis.value_or(0));
}

Tensor gather(const Tensor& x, const Tensor& indices, int axis) {
  return TakeAlong("gather", x, indices, axis);
}

Tensor take_along_axis(const Tensor& x, const Tensor& indices, int axis) {
  CheckDefined("take_along_axis", x);
  CheckDefined("take_along_axis", indices);
  axis = CheckedAxis("take_along_axis", axis, x.rank());
  if (indices.rank() != x.rank()) {
    throw ShapeError(
        fmt::format("take_along_axis: expected indices of the tensor's rank, found a {} and a {}",
                    x.Describe(), indices.Describe()));
  }
  const Tensor positions =
      to_device(CheckedIndices("take_along_axis", indices, x.shape()[axis], axis), x.device());
  Shape others = x.shape();
  Shape wanted = positions.shape();
  others[axis] = wanted[axis] = 1;
  if (!tensor::BroadcastInto(&others, wanted)) {
    throw ShapeError(fmt::format(
        "take_along_axis: expected shapes that broadcast but for axis {}, found a {} and a {}",
        axis, x.Describe(), indices.Describe()));
  }
  Shape source_shape = others;
  source_shape[axis] = x.shape()[axis];
  others[axis] = positions.shape()[axis];
  const Tensor source = x.BroadcastTo(source_shape);
  const Tensor places = positions.BroadcastTo(others);
  const Tensor result = NewResultOf(x, others, x.dtype());
  const Attribute attribute = Attribute::Integer(AttributeKey::kAxis, axis);
  const Tensor* const inputs[] = {&source, &places};
  const Tensor* const outputs[] = {&result};
  RunOp(Op::kTakeAlongAxis, inputs, {&attribute, 1}, outputs);
  return result;
}

Tensor slice_tensor(const Tensor& x, std::span<const int64_t> starts,
                    std::span<const int64_t> sizes) {
  return get_index(x, PartsOf("slice_tensor", x, starts, sizes));
}

Tensor slice_update(const Tensor& x, std::span<const int64_t> starts, const Tensor& updates) {
  CheckDefined("slice_update", x);
  CheckDefined("slice_update", updates);
  std::vector<int64_t> sizes(updates.shape().begin(), updates.shape().end());
  const std::vector<Index> parts = PartsOf("slice_update", x, starts, sizes);
  return index_update(x, parts, updates);
}

}  // namespace emberharmony::ops
