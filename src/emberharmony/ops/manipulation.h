#pragma once

#include <span>

#include "emberharmony/ops/operand.h"

/// Functions of the Array API standard that rearrange elements. They throw ShapeError for shapes
/// and axes that do not fit.
namespace emberharmony::ops {

/// The tensors, of one shape and promotable dtypes, along a new axis.
Tensor stack(std::span<const Tensor> tensors, int axis = 0);
/// The tensors, alike but for the length of `axis`, one after the other.
Tensor concat(std::span<const Tensor> tensors, int axis = 0);
/// Views where possible; see Tensor's methods.
Tensor reshape(const Tensor& x, const Shape& shape);
Tensor broadcast_to(const Tensor& x, const Shape& shape);
Tensor expand_dims(const Tensor& x, int axis = 0);
Tensor permute_dims(const Tensor& x, std::span<const int> axes);

}  // namespace emberharmony::ops
