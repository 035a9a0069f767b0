#include "emberharmony/backend/native/matmul_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

const MatmulKernels* TheMatmulKernels() { return kMatmulKernels; }

}  // namespace emberharmony::backend::native::avx2
