#include "emberharmony/backend/native/fft_copy_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

FftCopies<float> FftCopiesOfFloat32() { return MakeFftCopies<float, 4>(); }

}  // namespace emberharmony::backend::native::scalar
