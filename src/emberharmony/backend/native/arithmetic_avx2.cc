#include "emberharmony/backend/native/arithmetic_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

void AddArithmeticKernels(KernelTable* table) { AddArithmetic(table); }

}  // namespace emberharmony::backend::native::avx2
