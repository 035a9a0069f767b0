#pragma once

#include <span>

#include "emberharmony/backend/native/kernel_table_internal.h"
#include "emberharmony/tensor/tensor.h"

namespace emberharmony::backend::native {

/// The most inputs an elementwise kernel has.
inline constexpr int kInputsMax = 3;

/// Runs a kernel over inputs that broadcast to the output's shape, whatever the strides. Kernels
/// see contiguous memory: other operands are gathered, and other outputs scattered, in blocks that
/// stay in the first-level cache.
void RunElementwise(Kernel kernel, std::span<const tensor::Tensor* const> inputs,
                    const tensor::Tensor& output);

}  // namespace emberharmony::backend::native
