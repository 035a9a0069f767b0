#pragma once

#include <cstdint>

#include "emberharmony/tensor/tensor.h"

namespace emberharmony::backend::native {

/// How many elements of a contiguous bool tensor are true.
int64_t CountTrue(const tensor::Tensor& mask);

/// The elements of `x` where `mask` is true, into `to` of CountTrue(mask) elements; all contiguous,
/// x of the mask's shape.
void SelectTrue(const tensor::Tensor& x, const tensor::Tensor& mask, const tensor::Tensor& to);

/// Writes into `x` where `mask` is true: `values` one after the other, or the only one everywhere.
/// All contiguous, x of the mask's shape and sharing no memory with the others.
void AssignTrue(const tensor::Tensor& x, const tensor::Tensor& mask, const tensor::Tensor& values);

/// Where a contiguous mask is true, in C order, as offsets into axes with these strides: into `to`,
/// int64 of CountTrue(mask) elements.
void OffsetsOfTrue(const tensor::Tensor& mask, const tensor::Shape& strides,
                   const tensor::Tensor& to);

}  // namespace emberharmony::backend::native
