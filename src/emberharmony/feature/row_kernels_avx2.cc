#include "emberharmony/feature/row_kernels_impl_internal.h"

namespace emberharmony::feature {

const RowKernels& Avx2RowKernels() { return kRowKernels; }

}  // namespace emberharmony::feature
