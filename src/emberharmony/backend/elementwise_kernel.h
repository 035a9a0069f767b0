#pragma once

#include <cstdint>

#include "emberharmony/backend/op.h"

namespace emberharmony::backend {

/// Computes n elements that lie in memory one after the other, of the output as of every input; the
/// output is apart from the inputs.
using ElementwiseKernel = void (*)(const void* const* inputs, void* output, int64_t n);

/// For small tensors, of which asking a backend and calling it would cost more than the
/// computation: the native kernel of an elementwise operation on inputs of one dtype. Null where
/// there is none, and where another backend than the native one is current. The result's dtype is
/// what InfoOf(op) says. Thread-safe.
ElementwiseKernel CurrentElementwiseKernel(Op op, tensor::DType dtype);

}  // namespace emberharmony::backend
