#pragma once

#include "backends/mlx/mlx_call.h"

namespace emberharmony::mlx_backend {

/// MLX's number of a data type; Refusal if it has none.
mx::Dtype DTypeOf(EmberDataType type);

/// A tensor as an array over the same memory, which must live until the array's last use; over a
/// copy where MLX cannot have the memory (negative strides, elements that are not aligned).
/// Refusal for more elements than MLX counts.
mx::array ArrayOf(const EmberTensor& tensor, mx::Stream stream);

/// Copies an evaluated array of the output's dtype, and of as many elements, into the output.
/// MLX cannot compute into memory that is given.
void CopyTo(const EmberTensor& output, mx::array& result);

int64_t NumElements(const EmberTensor& tensor);
mx::Shape ShapeOf(const EmberTensor& tensor);

}  // namespace emberharmony::mlx_backend
