#define EMBER_VECTOR_BYTES 64
#include "emberharmony/backend/native/random_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

RandomKernels MakeRandomKernels() { return MakeKernels(); }

}  // namespace emberharmony::backend::native::avx512
