#include "emberharmony/backend/native/fft_kernel_table_internal.h"

namespace emberharmony::backend::native {

template <>
const FftKernels<float>& ActiveFftKernels<float>() {
#if defined(__x86_64__)
  const InstructionSet set = ActiveInstructionSet();
  if (set == InstructionSet::kAvx512) return avx512::FftKernelsOfFloat32();
  if (set == InstructionSet::kAvx2) return avx2::FftKernelsOfFloat32();
#endif
  return scalar::FftKernelsOfFloat32();
}

template <>
const FftKernels<double>& ActiveFftKernels<double>() {
#if defined(__x86_64__)
  const InstructionSet set = ActiveInstructionSet();
  if (set == InstructionSet::kAvx512) return avx512::FftKernelsOfFloat64();
  if (set == InstructionSet::kAvx2) return avx2::FftKernelsOfFloat64();
#endif
  return scalar::FftKernelsOfFloat64();
}

}  // namespace emberharmony::backend::native
