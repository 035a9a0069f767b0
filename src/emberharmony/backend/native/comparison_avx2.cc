#include "emberharmony/backend/native/comparison_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

void AddComparisonKernels(KernelTable* table) { AddComparisons(table); }

}  // namespace emberharmony::backend::native::avx2
