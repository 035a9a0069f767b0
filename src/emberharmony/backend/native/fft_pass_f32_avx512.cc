#include "emberharmony/backend/native/fft_pass_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

FftPasses<float> FftPassesOfFloat32() { return MakeFftPasses<float, 16>(); }

}  // namespace emberharmony::backend::native::avx512
