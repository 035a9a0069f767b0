#include "emberharmony/backend/native/reduction_arg_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

void AddArgReductions(ReductionTable* table) { AddArgKernels(table, RealTypes{}); }

}  // namespace emberharmony::backend::native::avx512
