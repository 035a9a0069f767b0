#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "emberharmony/tensor/tensor.h"

namespace emberharmony::ops {

/// One or several axes of a tensor; negative ones count from the back. A value type without heap
/// memory. Throws ShapeError for more axes than 64, and AxisError for one that no tensor has.
class Axes {
 public:
  Axes(int axis) { Append(axis); }
  Axes(std::initializer_list<int> axes) { Assign(axes.begin(), axes.size()); }
  Axes(std::span<const int> axes) { Assign(axes.data(), axes.size()); }
  Axes(const std::vector<int>& axes) { Assign(axes.data(), axes.size()); }

  int size() const { return size_; }
  int operator[](int i) const { return axes_[i]; }

  /// The axes of a tensor of that rank as a bit mask. Throws ShapeError, beginning with `function`,
  /// for axes that do not exist or repeat.
  uint64_t MaskFor(const char* function, const tensor::Tensor& x) const;
  /// "(0, -1)".
  std::string ToString() const;

 private:
  void Assign(const int* axes, size_t count);
  void Append(int axis);

  int size_ = 0;
  // No tensor has an axis that 16 bits cannot name.
  int16_t axes_[tensor::kRankMax];
};

}  // namespace emberharmony::ops
