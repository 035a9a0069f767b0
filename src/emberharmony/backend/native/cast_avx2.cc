#include "emberharmony/backend/native/cast_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

void AddCastKernels(KernelTable* table) { AddCasts(table, CastTypes{}); }

}  // namespace emberharmony::backend::native::avx2
