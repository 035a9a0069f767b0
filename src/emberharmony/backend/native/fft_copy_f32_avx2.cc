#include "emberharmony/backend/native/fft_copy_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

FftCopies<float> FftCopiesOfFloat32() { return MakeFftCopies<float, 8>(); }

}  // namespace emberharmony::backend::native::avx2
