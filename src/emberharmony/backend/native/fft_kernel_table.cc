#include "emberharmony/backend/native/fft_kernel_table_internal.h"

namespace emberharmony::backend::native {

// Each table is made on first use, so no code of an unsupported set ever runs.
#define EMBER_RETURN_FFT_KERNELS(set, T, dtype)                                               \
  {                                                                                           \
    static const FftKernels<T> kernels{set::FftPassesOf##dtype(), set::FftCopiesOf##dtype()}; \
    return kernels;                                                                           \
  }

template <>
const FftKernels<float>& ActiveFftKernels<float>() {
#if defined(__x86_64__)
  const InstructionSet set = ActiveInstructionSet();
  if (set == InstructionSet::kAvx512) EMBER_RETURN_FFT_KERNELS(avx512, float, Float32)
  if (set == InstructionSet::kAvx2) EMBER_RETURN_FFT_KERNELS(avx2, float, Float32)
#endif
  EMBER_RETURN_FFT_KERNELS(scalar, float, Float32)
}

template <>
const FftKernels<double>& ActiveFftKernels<double>() {
#if defined(__x86_64__)
  const InstructionSet set = ActiveInstructionSet();
  if (set == InstructionSet::kAvx512) EMBER_RETURN_FFT_KERNELS(avx512, double, Float64)
  if (set == InstructionSet::kAvx2) EMBER_RETURN_FFT_KERNELS(avx2, double, Float64)
#endif
  EMBER_RETURN_FFT_KERNELS(scalar, double, Float64)
}

#undef EMBER_RETURN_FFT_KERNELS

}  // namespace emberharmony::backend::native
