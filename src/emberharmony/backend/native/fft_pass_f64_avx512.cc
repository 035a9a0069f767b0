#include "emberharmony/backend/native/fft_pass_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

FftPasses<double> FftPassesOfFloat64() { return MakeFftPasses<double, 8>(); }

}  // namespace emberharmony::backend::native::avx512
