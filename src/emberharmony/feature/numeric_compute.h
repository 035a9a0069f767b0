#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <functional>

#include "emberharmony/feature/value_block.h"
#include "emberharmony/tensor/tensor.h"

namespace emberharmony::feature {

/// A tensor of the CPU where the caller's scope wants it: on its device, in its dtype.
tensor::Tensor InScope(const tensor::Tensor& x);
/// What became of it, as float64 on the CPU.
tensor::Tensor OutOfScope(const tensor::Tensor& x);

/// Computes with ops on the numeric form of a block: the boundary between Arrow and tensors, and
/// between exceptions and Status. `compute` gets a float64 tensor of rank 1 over the block's
/// memory, without a copy where that is numeric form already, and returns one of the same shape;
/// its tensors come from `pool`. Who computes is who the caller's scope names
/// (backend/backend_scope.h), on that scope's device and in its dtype: there and back is seen to
/// here.
arrow::Result<ValueBlock> ComputeNumeric(
    const ValueBlock& input, arrow::MemoryPool* pool,
    const std::function<tensor::Tensor(const tensor::Tensor&)>& compute);

}  // namespace emberharmony::feature
