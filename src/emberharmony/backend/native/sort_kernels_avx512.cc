#include "emberharmony/backend/native/sort_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

void AddSortKernels(SortKernels* kernels) { FillSortKernels(kernels); }

}  // namespace emberharmony::backend::native::avx512
