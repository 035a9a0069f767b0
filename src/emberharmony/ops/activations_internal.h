#pragma once

#include "emberharmony/ops/operand.h"

namespace emberharmony::ops {

/// x in a real floating-point dtype: bool and integers become float64; complex throws DTypeError.
Tensor Floating(const char* function, const Tensor& x);
/// The same of two tensors, in their common dtype.
void FloatingPair(const char* function, Tensor* x, Tensor* y);

}  // namespace emberharmony::ops
