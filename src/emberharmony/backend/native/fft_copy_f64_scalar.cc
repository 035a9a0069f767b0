#include "emberharmony/backend/native/fft_copy_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

FftCopies<double> FftCopiesOfFloat64() { return MakeFftCopies<double, 2>(); }

}  // namespace emberharmony::backend::native::scalar
