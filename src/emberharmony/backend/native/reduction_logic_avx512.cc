#include "emberharmony/backend/native/reduction_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

// Other elements are compared with zero first, so that these loops need not exist for every dtype.
void AddLogicReductions(ReductionTable* table) {
  for (DType dtype : {DType::kBool, DType::kInt8, DType::kUInt8}) {
    SetReduction<AnyOf<uint8_t>>(table, Op::kAny, dtype);
    SetReduction<AllOf<uint8_t>>(table, Op::kAll, dtype);
    SetReduction<CountOf<uint8_t>>(table, Op::kCountNonzero, dtype);
  }
}

}  // namespace emberharmony::backend::native::avx512
