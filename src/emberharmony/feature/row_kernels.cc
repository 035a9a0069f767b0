#include "emberharmony/feature/row_kernels_impl_internal.h"

namespace emberharmony::feature {

const RowKernels& PortableRowKernels() { return kRowKernels; }

const RowKernels& BestRowKernels() {
#ifdef __x86_64__
  // The lists are those of the compiler flags for *_avx2.cc and *_avx512.cc.
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                               __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                               __builtin_cpu_supports("popcnt");
  static const bool has_avx512 =
      has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512vbmi") &&
      __builtin_cpu_supports("avx512vbmi2");
  if (has_avx512) return Avx512RowKernels();
  if (has_avx2) return Avx2RowKernels();
#endif
  return PortableRowKernels();
}

}  // namespace emberharmony::feature
