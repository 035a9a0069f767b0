#include "emberharmony/backend/native/reduction_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

void AddExtremes(ReductionTable* table) {
  AddReduction<MinOf>(table, Op::kMin, RealTypes{});
  AddReduction<MaxOf>(table, Op::kMax, RealTypes{});
}

}  // namespace emberharmony::backend::native::avx2
