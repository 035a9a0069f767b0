#include "emberharmony/backend/native/fft_pass_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

FftPasses<float> FftPassesOfFloat32() { return MakeFftPasses<float, 8>(); }

}  // namespace emberharmony::backend::native::avx2
