#include "emberharmony/backend/native/fft_copy_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

const FftKernels<double>& FftKernelsOfFloat64() {
  static constexpr FftKernels<double> kKernels = MakeFftKernels<double, 4>();
  return kKernels;
}

}  // namespace emberharmony::backend::native::avx2
