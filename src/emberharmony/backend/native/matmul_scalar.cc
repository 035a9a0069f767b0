#include "emberharmony/backend/native/matmul_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

const MatmulKernels* TheMatmulKernels() { return kMatmulKernels; }

}  // namespace emberharmony::backend::native::scalar
