#include "emberharmony/backend/native/arithmetic_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

void AddArithmeticKernels(KernelTable* table) { AddArithmetic(table); }

}  // namespace emberharmony::backend::native::scalar
