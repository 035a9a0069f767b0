#include "emberharmony/backend/native/reduction_variance_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

void AddVariances(ReductionTable* table) {
  SetVariance<float>(table);
  SetVariance<double>(table);
}

}  // namespace emberharmony::backend::native::avx2
