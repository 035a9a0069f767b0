#define EMBER_VECTOR_BYTES 32
#include "emberharmony/backend/native/random_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

RandomKernels MakeRandomKernels() { return MakeKernels(); }

}  // namespace emberharmony::backend::native::avx2
