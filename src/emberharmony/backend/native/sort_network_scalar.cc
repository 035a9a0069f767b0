#include "emberharmony/backend/native/sort_network_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

void AddSortNetworks(SortKernels* kernels) { FillSortNetworks(kernels); }

}  // namespace emberharmony::backend::native::scalar
