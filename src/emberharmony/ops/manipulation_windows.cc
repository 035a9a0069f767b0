// Padding and sliding windows.
#include <fmt/format.h>

#include <algorithm>

#include "emberharmony/base/shortened.h"
#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/indexing.h"
#include "emberharmony/ops/manipulation.h"
#include "emberharmony/ops/manipulation_internal.h"

namespace emberharmony::ops {
namespace {

int64_t Modulo(int64_t value, int64_t divisor) {
  const int64_t rest = value % divisor;
  return rest < 0 ? rest + divisor : rest;
}

/// The element that stands at position `at` (of the unpadded axis, so before 0 or from `length` on
/// it is a padding).
int64_t SourceOf(PadMode mode, int64_t at, int64_t length) {
  switch (mode) {
    case PadMode::kWrap:
      return Modulo(at, length);
    case PadMode::kReflect: {
      if (length == 1) return 0;
      const int64_t place = Modulo(at, 2 * (length - 1));
      return place < length ? place : 2 * (length - 1) - place;
    }
    case PadMode::kSymmetric: {
      const int64_t place = Modulo(at, 2 * length);
      return place < length ? place : 2 * length - 1 - place;
    }
    default:
      return std::clamp<int64_t>(at, 0, length - 1);
  }
}

using Width = std::pair<int64_t, int64_t>;

/// One width for each axis, none negative or beyond what can be added.
std::vector<Width> CheckedWidths(const Tensor& x, std::span<const Width> widths) {
  std::vector<Width> each(widths.begin(), widths.end());
  if (each.size() == 1) each.resize(x.rank(), each[0]);
  if (each.size() != static_cast<size_t>(x.rank())) {
    throw ShapeError(fmt::format("pad: expected one pair of widths, or {} for a {}, found {}",
                                 x.rank(), x.Describe(), widths.size()));
  }
  for (int i = 0; i < x.rank(); ++i) {
    int64_t length = x.shape()[i];
    if (each[i].first < 0 || each[i].second < 0 ||
        __builtin_add_overflow(length, each[i].first, &length) ||
        __builtin_add_overflow(length, each[i].second, &length)) {
      throw ShapeError(fmt::format("pad: expected widths of 0 or more, found {} and {} for axis {}",
                                   each[i].first, each[i].second, i));
    }
  }
  return each;
}

Tensor PadConstant(const Tensor& x, const std::vector<Width>& widths, Scalar value) {
  if (tensor::IsBool(x.dtype()) && value.kind() == Scalar::Kind::kInteger) {
    value = Scalar(value.value().real() != 0);
  }
  Shape shape = x.shape();
  for (int i = 0; i < x.rank(); ++i) shape[i] += widths[i].first + widths[i].second;
  const Tensor constant = full(Shape{}, value, x.dtype());
  const Tensor result = Tensor::Empty(shape, x.dtype());
  const auto fill = [&](Tensor part) {
    if (part.size() > 0)
      astype(constant.BroadcastTo(part.shape()), x.dtype(), true, {.out = &part});
  };
  Tensor middle = result;
  for (int i = 0; i < x.rank(); ++i) {
    const int64_t first = widths[i].first;
    const int64_t last = first + x.shape()[i];
    fill(middle.Slice(i, 0, first));
    fill(middle.Slice(i, last, shape[i]));
    middle = middle.Slice(i, first, last);
  }
  tensor::CopyElements(x, middle);
  return result;
}

}  // namespace

PadMode ParsePadMode(std::string_view name) {
  constexpr std::string_view kNames[] = {"constant", "edge", "reflect", "symmetric", "wrap"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<PadMode>(i);
  }
  throw std::invalid_argument(
      fmt::format("pad: expected the mode constant, edge, reflect, symmetric or wrap, found '{}'",
                  base::Shortened(name)));
}

Tensor pad(const Tensor& x, std::span<const Width> given, PadMode mode, Scalar constant_value) {
  CheckDefined("pad", x);
  const std::vector<Width> widths = CheckedWidths(x, given);
  if (mode == PadMode::kConstant) return PadConstant(x, widths, constant_value);
  Tensor result = x;
  for (int i = 0; i < x.rank(); ++i) {
    const auto [before, after] = widths[i];
    const int64_t length = x.shape()[i];
    if (before == 0 && after == 0) continue;
    if (length == 0) {
      throw ShapeError(
          fmt::format("pad: axis {} of a {} has no element to continue: use the mode constant", i,
                      x.Describe()));
    }
    const Tensor places = Tensor::Empty({before + length + after}, DType::kInt64);
    int64_t* out = places.mutable_data_as<int64_t>();
    for (int64_t at = -before; at < length + after; ++at) *out++ = SourceOf(mode, at, length);
    result = take(result, places, i);
  }
  return result.data() == x.data() ? x.Copy() : result;
}

Tensor sliding_window_view(const Tensor& x, std::span<const int64_t> window_shape,
                           std::optional<std::vector<int>> axes) {
  CheckDefined("sliding_window_view", x);
  if (!axes) axes = CheckedAxes("sliding_window_view", std::nullopt, x.rank());
  if (axes->size() != window_shape.size()) {
    throw ShapeError(
        fmt::format("sliding_window_view: expected one window length for each of {} axes, found {}",
                    axes->size(), window_shape.size()));
  }
  Shape shape = x.shape();
  Shape strides = x.strides();
  for (size_t i = 0; i < window_shape.size(); ++i) {
    const int axis = CheckedAxis("sliding_window_view", (*axes)[i], x.rank());
    if (window_shape[i] < 0 || window_shape[i] > shape[axis]) {
      throw ShapeError(
          fmt::format("sliding_window_view: expected window lengths in [0, {}] along "
                      "axis {} of a {}, found {}",
                      shape[axis], axis, x.Describe(), window_shape[i]));
    }
    shape[axis] -= window_shape[i] - 1;
    shape.Append(window_shape[i]);
    strides.Append(x.strides()[axis]);
  }
  return x.View(std::move(shape), std::move(strides), x.offset()).ReadOnly();
}

Tensor sliding_window(const Tensor& x, int64_t window_size, int64_t step, int axis) {
  CheckDefined("sliding_window", x);
  axis = CheckedAxis("sliding_window", axis, x.rank());
  const int64_t length = x.shape()[axis];
  if (window_size < 1 || step < 1) {
    throw ShapeError(
        fmt::format("sliding_window: expected a window and a step of 1 or more, found {} and {}",
                    window_size, step));
  }
  const int64_t num_windows = length < window_size ? 0 : (length - window_size) / step + 1;
  Shape shape, strides;
  for (int i = 0; i < x.rank(); ++i) {
    shape.Append(i == axis ? num_windows : x.shape()[i]);
    // One window has no next one, whose distance could overflow.
    strides.Append(i == axis && num_windows > 1 ? x.strides()[i] * step : x.strides()[i]);
    if (i != axis) continue;
    shape.Append(window_size);
    strides.Append(x.strides()[i]);
  }
  return x.View(std::move(shape), std::move(strides), x.offset()).ReadOnly();
}

}  // namespace emberharmony::ops
