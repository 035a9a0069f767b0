#pragma once

#include <cstdint>

namespace emberharmony::backend::native {

/// to[i * to_stride + k] = from[k * from_stride + i] of `rows` rows k with n elements: a matrix is
/// transposed by squares in registers. Strides count elements.
using TurnKernel = void (*)(const void* from, int64_t from_stride, int64_t rows, int64_t n,
                            void* to, int64_t to_stride);

/// That of the active instruction set for elements of 4 or 8 bytes; null for others.
TurnKernel ActiveTurn(int64_t item_bytes);

#define EMBER_DECLARE_TURNS(set)         \
  namespace set {                        \
  TurnKernel TurnOf(int64_t item_bytes); \
  }
EMBER_DECLARE_TURNS(scalar)
EMBER_DECLARE_TURNS(avx2)
#undef EMBER_DECLARE_TURNS

}  // namespace emberharmony::backend::native
