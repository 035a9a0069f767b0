#include "emberharmony/backend/native/fft_pass_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

FftPasses<double> FftPassesOfFloat64() { return MakeFftPasses<double, 2>(); }

}  // namespace emberharmony::backend::native::scalar
