#include "emberharmony/backend/native/bitwise_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

void AddBitwiseKernels(KernelTable* table) { AddBitwise(table); }

}  // namespace emberharmony::backend::native::avx2
