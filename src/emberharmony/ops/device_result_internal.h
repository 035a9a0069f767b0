#pragma once

#include "emberharmony/backend/device_memory.h"
#include "emberharmony/ops/operand.h"

namespace emberharmony::ops {

/// A new tensor for the result of an operation on `like`: on its device.
inline Tensor NewResultOf(const Tensor& like, const Shape& shape, DType dtype) {
  if (like.device() == tensor::kCpuDevice) return Tensor::Empty(shape, dtype);
  return backend::EmptyOn(shape, dtype, like.device());
}

/// For functions that read elements themselves: std::invalid_argument unless they are on the CPU.
inline void RequireCpu(const Tensor& x) {
  if (x.device() != tensor::kCpuDevice) static_cast<void>(x.mutable_data());  // throws
}

}  // namespace emberharmony::ops
