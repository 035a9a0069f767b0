#include "emberharmony/base/moment_kernels_impl_internal.h"

namespace emberharmony::base::internal {

const MomentKernels& PortableMomentKernels() { return kKernels; }

const MomentKernels& BestMomentKernels() {
#ifdef __x86_64__
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx2) return Avx2MomentKernels();
#endif
  return PortableMomentKernels();
}

}  // namespace emberharmony::base::internal
