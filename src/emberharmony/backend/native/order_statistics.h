#pragma once

#include <span>

#include "emberharmony/tensor/tensor.h"

namespace emberharmony::backend::native {

/// The elements at `ranks` of the order of each row of a contiguous float32 or float64 matrix with
/// at least one column: (rows, number of ranks). Ranks ascend strictly and lie in [0, columns). NaN
/// stands last. In linear time, on up to NumThreads() threads.
tensor::Tensor OrderStatistics(const tensor::Tensor& rows, std::span<const int64_t> ranks);

}  // namespace emberharmony::backend::native
