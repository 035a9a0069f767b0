#include "emberharmony/backend/native/reduction_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

void AddReductionKernels(KernelTable* table) { AddReductions(table); }

}  // namespace emberharmony::backend::native::avx512
