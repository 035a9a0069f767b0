#include "emberharmony/backend/native/bitwise_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

void AddBitwiseKernels(KernelTable* table) { AddBitwise(table); }

}  // namespace emberharmony::backend::native::scalar
