#include "emberharmony/backend/native/fft_copy_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

FftCopies<double> FftCopiesOfFloat64() { return MakeFftCopies<double, 8>(); }

}  // namespace emberharmony::backend::native::avx512
