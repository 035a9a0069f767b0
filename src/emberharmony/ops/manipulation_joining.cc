// Tensors put together, divided, repeated and moved.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "emberharmony/backend/native/index_axes.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/indexing_plan_internal.h"
#include "emberharmony/ops/manipulation.h"
#include "emberharmony/ops/manipulation_internal.h"

namespace emberharmony::ops {
namespace {

DType JoinedDType(const char* function, std::span<const Tensor> tensors) {
  if (tensors.empty()) {
    throw std::invalid_argument(
        fmt::format("{}: expected at least one tensor, found none", function));
  }
  for (const Tensor& each : tensors) CheckDefined(function, each);
  const std::vector<Operand> operands(tensors.begin(), tensors.end());
  std::vector<const Operand*> pointers;
  for (const Operand& operand : operands) pointers.push_back(&operand);
  return PromotedDType(function, pointers);
}

/// Writes `from` to the places `length` long from `start` on along `axis`.
void Place(const Tensor& from, const Tensor& result, int axis, int64_t start, int64_t length) {
  if (from.size() == 0) return;
  Tensor part = result.Slice(axis, start, start + length);
  astype(from, result.dtype(), /*copy=*/true, {.out = &part});
}

Tensor Concat(const char* function, std::span<const Tensor> tensors, int axis) {
  const DType dtype = JoinedDType(function, tensors);
  Shape shape = tensors[0].shape();
  axis = CheckedAxis(function, axis, shape.rank());
  shape[axis] = 0;
  for (const Tensor& each : tensors) {
    Shape expected = shape;
    if (each.rank() == shape.rank()) expected[axis] = each.shape()[axis];
    if (!(each.shape() == expected)) {
      throw ShapeError(fmt::format("{}: expected tensors alike but for axis {}, found {} and {}",
                                   function, axis, tensors[0].shape().ToString(),
                                   each.shape().ToString()));
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

/// Each tensor with at least `rank` axes.
template <class F>
std::vector<Tensor> Each(std::span<const Tensor> tensors, const char* function, F f) {
  std::vector<Tensor> results;
  for (const Tensor& each : tensors) {
    CheckDefined(function, each);
    results.push_back(f(each));
  }
  return results;
}

}  // namespace

Tensor concat(std::span<const Tensor> tensors, std::optional<int> axis) {
  if (axis) return Concat("concat", tensors, *axis);
  return Concat("concat", Each(tensors, "concat", [](const Tensor& x) { return ravel(x); }), 0);
}

Tensor stack(std::span<const Tensor> tensors, int axis) {
  const DType dtype = JoinedDType("stack", tensors);
  const Shape& shape = tensors[0].shape();
  for (const Tensor& each : tensors) {
    if (each.shape() == shape) continue;
    throw ShapeError(fmt::format("stack: expected tensors of one shape, found {} and {}",
                                 shape.ToString(), each.shape().ToString()));
  }
  axis = CheckedAxis("stack", axis, shape.rank() + 1);
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

Tensor vstack(std::span<const Tensor> tensors) {
  return Concat("vstack",
                Each(tensors, "vstack",
                     [](const Tensor& x) { return x.rank() < 2 ? x.Reshape({1, x.size()}) : x; }),
                0);
}

Tensor hstack(std::span<const Tensor> tensors) {
  const std::vector<Tensor> rows =
      Each(tensors, "hstack", [](const Tensor& x) { return x.rank() == 0 ? x.ExpandDims(0) : x; });
  return Concat("hstack", rows, !rows.empty() && rows[0].rank() == 1 ? 0 : 1);
}

Tensor dstack(std::span<const Tensor> tensors) {
  return Concat("dstack",
                Each(tensors, "dstack",
                     [](const Tensor& x) {
                       if (x.rank() < 2) return x.Reshape({1, x.size(), 1});
                       return x.rank() == 2 ? x.ExpandDims(2) : x;
                     }),
                2);
}

namespace {

/// Where many parts are to be put. Fails at once where memory is short, and not after a while.
std::vector<Tensor> ReservedParts(const char* function, int64_t num_parts) {
  std::vector<Tensor> parts;
  const auto count = static_cast<size_t>(num_parts);
  try {
    if (count > parts.max_size()) throw std::bad_alloc();
    parts.reserve(count);
  } catch (const std::bad_alloc&) {
    throw OutOfMemoryError(
        fmt::format("{}: there is no memory for {} tensors", function, num_parts));
  }
  return parts;
}

}  // namespace

std::vector<Tensor> unstack(const Tensor& x, int axis) {
  CheckDefined("unstack", x);
  axis = CheckedAxis("unstack", axis, x.rank());
  std::vector<Tensor> parts = ReservedParts("unstack", x.shape()[axis]);
  for (int64_t i = 0; i < x.shape()[axis]; ++i) parts.push_back(x.Select(axis, i));
  return parts;
}

std::vector<Tensor> split(const Tensor& x, int64_t num_sections, int axis) {
  CheckDefined("split", x);
  axis = CheckedAxis("split", axis, x.rank());
  if (num_sections < 1) {
    throw ShapeError(fmt::format("split: expected one section or more, found {}", num_sections));
  }
  const int64_t length = x.shape()[axis];
  std::vector<Tensor> parts = ReservedParts("split", num_sections);
  int64_t start = 0;
  for (int64_t i = 0; i < num_sections; ++i) {
    const int64_t part = length / num_sections + (i < length % num_sections ? 1 : 0);
    parts.push_back(x.Slice(axis, start, start + part));
    start += part;
  }
  return parts;
}

std::vector<Tensor> split(const Tensor& x, std::span<const int64_t> indices, int axis) {
  CheckDefined("split", x);
  axis = CheckedAxis("split", axis, x.rank());
  std::vector<Tensor> parts;
  int64_t start = 0;
  for (int64_t stop : indices) {
    parts.push_back(x.Slice(axis, start, stop));
    start = stop;
  }
  parts.push_back(x.Slice(axis, start, x.shape()[axis]));
  return parts;
}

namespace {

/// x seen as (outer, length of the axis, inner), contiguous.
Tensor AroundAxis(const Tensor& x, int axis) {
  int64_t outer = 1;
  int64_t inner = 1;
  for (int i = 0; i < axis; ++i) outer *= x.shape()[i];
  for (int i = axis + 1; i < x.rank(); ++i) inner *= x.shape()[i];
  return x.Contiguous().Reshape({outer, x.shape()[axis], inner});
}

/// A number of repetitions that the compiler knows becomes a few moves of vectors.
template <int kRepeats, class Item>
void RepeatItemsTimes(const Item* from, int64_t n, Item* out) {
  for (int64_t i = 0; i < n; ++i) {
    for (int k = 0; k < kRepeats; ++k) out[i * kRepeats + k] = from[i];
  }
}

template <class Item>
void RepeatItems(const Item* from, int64_t n, int64_t repeats, Item* out) {
  if (repeats == 2) return RepeatItemsTimes<2>(from, n, out);
  if (repeats == 3) return RepeatItemsTimes<3>(from, n, out);
  if (repeats == 4) return RepeatItemsTimes<4>(from, n, out);
  for (int64_t i = 0; i < n; ++i) out = std::fill_n(out, repeats, from[i]);
}

/// Writes each `run` elements of x `repeats` times in a row; both contiguous.
void RepeatRuns(const Tensor& x, int64_t run, int64_t repeats, const Tensor& result) {
  RequireCpu(x);
  if (run == 1) {
    backend::native::VisitItem(x.dtype(), [&](auto item) {
      using Item = decltype(item);
      RepeatItems(static_cast<const Item*>(x.data()), x.size(), repeats,
                  static_cast<Item*>(result.mutable_data()));
    });
    return;
  }
  const int64_t run_bytes = run * tensor::ItemSize(x.dtype());
  const char* from = static_cast<const char*>(x.data());
  char* out = static_cast<char*>(result.mutable_data());
  for (int64_t i = 0; i < x.size() / run; ++i, from += run_bytes) {
    for (int64_t k = 0; k < repeats; ++k, out += run_bytes) std::memcpy(out, from, run_bytes);
  }
}

Shape WithLength(Shape shape, int axis, int64_t length) {
  shape[axis] = length;
  return shape;
}

int64_t Times(const char* function, int64_t length, int64_t count) {
  int64_t product = 0;
  if (count < 0) {
    throw ShapeError(
        fmt::format("{}: expected repetitions of 0 or more, found {}", function, count));
  }
  if (__builtin_mul_overflow(length, count, &product)) {
    throw ShapeError(fmt::format("{}: {} times {} elements are too many", function, count, length));
  }
  return product;
}

}  // namespace

Tensor tile(const Tensor& x, std::span<const int64_t> reps) {
  CheckDefined("tile", x);
  Shape shape;
  for (size_t i = x.rank(); i < reps.size(); ++i) shape.Append(1);
  for (int64_t dim : x.shape()) shape.Append(dim);
  Tensor result = x.Reshape(shape);
  const int first = result.rank() - static_cast<int>(reps.size());
  // From the last axis on, so that the long copies move long runs.
  for (int axis = result.rank() - 1; axis >= first; --axis) {
    const int64_t count = reps[axis - first];
    const int64_t length = Times("tile", result.shape()[axis], count);
    if (count == 1) continue;
    const Shape wanted = WithLength(result.shape(), axis, length);
    const Tensor parts = AroundAxis(result, axis);
    const int64_t outer = parts.shape()[0];
    const int64_t block = parts.shape()[1] * parts.shape()[2];
    result = parts.Reshape({outer, 1, block}).BroadcastTo({outer, count, block}).Copy();
    result = result.Reshape(wanted);
  }
  return result.data() == x.data() ? x.Copy().Reshape(shape) : result;
}

Tensor repeat(const Tensor& x, int64_t repeats, std::optional<int> axis) {
  CheckDefined("repeat", x);
  if (!axis) return repeat(ravel(x), repeats, 0);
  const int at = CheckedAxis("repeat", *axis, x.rank());
  const Shape wanted = WithLength(x.shape(), at, Times("repeat", x.shape()[at], repeats));
  const Tensor parts = AroundAxis(x, at);
  const Tensor result = Tensor::Empty(wanted, x.dtype());
  if (result.size() == 0) return result;
  RepeatRuns(parts, parts.shape()[2], repeats, result);
  return result;
}

Tensor repeat(const Tensor& x, const Tensor& repeats, std::optional<int> axis) {
  CheckDefined("repeat", x);
  CheckDefined("repeat", repeats);
  if (!axis) return repeat(ravel(x), repeats, 0);
  const int at = CheckedAxis("repeat", *axis, x.rank());
  if (!tensor::IsInteger(repeats.dtype()) || repeats.rank() > 1) {
    throw DTypeError(
        fmt::format("repeat: expected repeats of an integer dtype and rank 0 or 1, "
                    "found a {}",
                    repeats.Describe()));
  }
  const Tensor counts = astype(repeats, DType::kInt64, /*copy=*/false).Contiguous();
  RequireCpu(counts);
  const int64_t* values = counts.data_as<int64_t>();
  if (counts.size() == 1) return repeat(x, values[0], at);
  if (counts.size() != x.shape()[at]) {
    throw ShapeError(fmt::format("repeat: expected {} repeats along axis {} of a {}, found {}",
                                 x.shape()[at], at, x.Describe(), counts.size()));
  }
  int64_t total = 0;
  for (int64_t i = 0; i < counts.size(); ++i) {
    Times("repeat", 1, values[i]);
    if (__builtin_add_overflow(total, values[i], &total)) {
      throw ShapeError(fmt::format(
          "repeat: expected fewer than 2^63 elements together, found {} repetitions after {}",
          values[i], total));
    }
  }
  const Tensor places = Tensor::Empty({total}, DType::kInt64);
  int64_t* out = places.mutable_data_as<int64_t>();
  for (int64_t i = 0; i < counts.size(); ++i) out = std::fill_n(out, values[i], i);
  return take(x, places, at);
}

Tensor roll(const Tensor& x, std::span<const int64_t> shift, std::optional<std::vector<int>> axes) {
  CheckDefined("roll", x);
  if (!axes) {
    if (shift.size() != 1) {
      throw ShapeError(
          fmt::format("roll: expected one shift without axes, found {}", shift.size()));
    }
    return roll(ravel(x), shift, std::vector<int>{0}).Reshape(x.shape());
  }
  const bool one_shift = shift.size() == 1;
  const bool one_axis = axes->size() == 1;
  if (shift.size() != axes->size() && !one_shift && !one_axis) {
    throw ShapeError(fmt::format("roll: expected one shift for each of {} axes, found {}",
                                 axes->size(), shift.size()));
  }
  if (shift.empty() || axes->empty()) return x.Copy();
  Tensor result = x;
  bool moved = false;
  for (size_t i = 0; i < std::max(shift.size(), axes->size()); ++i) {
    const int axis = CheckedAxis("roll", (*axes)[one_axis ? 0 : i], x.rank());
    const int64_t length = x.shape()[axis];
    if (x.size() == 0) continue;
    int64_t places = shift[one_shift ? 0 : i] % length;
    if (places < 0) places += length;
    if (places == 0) continue;
    moved = true;
    const Tensor from = result;
    result = Tensor::Empty(x.shape(), x.dtype());
    Place(from.Slice(axis, 0, length - places), result, axis, places, length - places);
    Place(from.Slice(axis, length - places, length), result, axis, 0, places);
  }
  return moved ? result : x.Copy();
}

}  // namespace emberharmony::ops
