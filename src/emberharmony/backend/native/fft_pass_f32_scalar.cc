#include "emberharmony/backend/native/fft_pass_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

FftPasses<float> FftPassesOfFloat32() { return MakeFftPasses<float, 4>(); }

}  // namespace emberharmony::backend::native::scalar
