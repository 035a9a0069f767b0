#include "emberharmony/backend/native/fft_copy_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

const FftKernels<float>& FftKernelsOfFloat32() {
  static constexpr FftKernels<float> kKernels = MakeFftKernels<float, 4>();
  return kKernels;
}

}  // namespace emberharmony::backend::native::scalar
