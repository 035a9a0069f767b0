#pragma once

#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {

/// Puts our own elementary functions of float64 into a table, where SLEEF's may be: exp, expm1,
/// log, log2, log10, pow, sinh, cosh, tanh, tan, asin, acos, atan, atan2, asinh, acosh and atanh,
/// with less than 0.75 ulp of error, log1p with the bits of SLEEF's, and floor_divide and
/// remainder. They have the same bits on every instruction set. The CPU must have fused
/// multiply-add.
#define EMBER_DECLARE_FLOAT64(set)        \
  namespace set {                         \
  void AddFloat64Functions(KernelTable*); \
  }
EMBER_DECLARE_FLOAT64(scalar)
EMBER_DECLARE_FLOAT64(avx2)
EMBER_DECLARE_FLOAT64(avx512)
#undef EMBER_DECLARE_FLOAT64

}  // namespace emberharmony::backend::native
