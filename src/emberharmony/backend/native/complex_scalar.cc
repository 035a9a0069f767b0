#include "emberharmony/backend/native/complex_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

void AddComplexKernels(KernelTable* table) {
  AddComplex<float>(table);
  AddComplex<double>(table);
}

}  // namespace emberharmony::backend::native::scalar
