#include "emberharmony/backend/native/fft_copy_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

FftCopies<float> FftCopiesOfFloat32() { return MakeFftCopies<float, 16>(); }

}  // namespace emberharmony::backend::native::avx512
