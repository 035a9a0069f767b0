#include "emberharmony/ops/axes.h"

#include <fmt/format.h>

#include <limits>

#include "emberharmony/ops/axis_error.h"

namespace emberharmony::ops {

void Axes::Append(int axis) {
  using Limits = std::numeric_limits<int16_t>;
  if (axis < Limits::min() || axis > Limits::max()) {
    throw AxisError(fmt::format("expected axes in [{}, {}) of a tensor, found {}",
                                -tensor::kRankMax, tensor::kRankMax, axis));
  }
  axes_[size_++] = static_cast<int16_t>(axis);
}

void Axes::Assign(const int* axes, size_t count) {
  if (count > tensor::kRankMax) {
    throw tensor::ShapeError(
        fmt::format("expected at most {} axes, found {}", tensor::kRankMax, count));
  }
  for (size_t i = 0; i < count; ++i) Append(axes[i]);
}

uint64_t Axes::MaskFor(const char* function, const tensor::Tensor& x) const {
  const int rank = x.rank();
  uint64_t mask = 0;
  for (int i = 0; i < size_; ++i) {
    const int axis = axes_[i] < 0 ? axes_[i] + rank : axes_[i];
    if (axis < 0 || axis >= rank || ((mask >> axis) & 1)) {
      throw AxisError(fmt::format("{}: expected different axes in [{}, {}) of a {}, found {}",
                                  function, -rank, rank, x.Describe(), ToString()));
    }
    mask |= uint64_t{1} << axis;
  }
  return mask;
}

std::string Axes::ToString() const {
  std::string text = "(";
  for (int i = 0; i < size_; ++i) text += (i > 0 ? ", " : "") + std::to_string(axes_[i]);
  return text + (size_ == 1 ? ",)" : ")");
}

}  // namespace emberharmony::ops
