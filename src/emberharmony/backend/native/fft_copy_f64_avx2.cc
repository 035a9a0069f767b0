#include "emberharmony/backend/native/fft_copy_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

FftCopies<double> FftCopiesOfFloat64() { return MakeFftCopies<double, 4>(); }

}  // namespace emberharmony::backend::native::avx2
