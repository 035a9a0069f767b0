#include "emberharmony/backend/native/fft_copy_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

const FftKernels<float>& FftKernelsOfFloat32() {
  static constexpr FftKernels<float> kKernels = MakeFftKernels<float, 16>();
  return kKernels;
}

}  // namespace emberharmony::backend::native::avx512
