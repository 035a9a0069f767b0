#define EMBER_VECTOR_BYTES 16
#include "emberharmony/backend/native/random_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

RandomKernels MakeRandomKernels() { return MakeKernels(); }

}  // namespace emberharmony::backend::native::scalar
