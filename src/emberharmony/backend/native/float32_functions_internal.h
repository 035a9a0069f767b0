#pragma once

#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {

/// Puts our own elementary functions of float32 into a table, where SLEEF's may be: all but exp,
/// erf and hypot. They have less than 1.0 ulp of error and the same bits on every instruction set.
/// The CPU must have fused multiply-add.
#define EMBER_DECLARE_FLOAT32(set)        \
  namespace set {                         \
  void AddFloat32Functions(KernelTable*); \
  }
EMBER_DECLARE_FLOAT32(scalar)
EMBER_DECLARE_FLOAT32(avx2)
EMBER_DECLARE_FLOAT32(avx512)
#undef EMBER_DECLARE_FLOAT32

}  // namespace emberharmony::backend::native
