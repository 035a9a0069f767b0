#include "emberharmony/backend/native/fft_pass_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

FftPasses<double> FftPassesOfFloat64() { return MakeFftPasses<double, 4>(); }

}  // namespace emberharmony::backend::native::avx2
