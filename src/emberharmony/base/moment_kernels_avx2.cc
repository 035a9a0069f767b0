#include "emberharmony/base/moment_kernels_impl_internal.h"

namespace emberharmony::base::internal {

const MomentKernels& Avx2MomentKernels() { return kKernels; }

}  // namespace emberharmony::base::internal
