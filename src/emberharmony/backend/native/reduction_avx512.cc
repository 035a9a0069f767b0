#include "emberharmony/backend/native/reduction_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

void AddTotals(ReductionTable* table) {
  AddReduction<SumOf>(table, Op::kSum, RealTypes{});
  SetReduction<SumOf<uint8_t>>(table, Op::kSum, DType::kBool);
  // Products of narrower integers are made of converted ones.
  AddReduction<ProdOf>(table, Op::kProd, Types<int64_t, uint64_t, float, double>{});
  SetReduction<ComplexProdOf<float>>(table, Op::kProd, DType::kComplex64);
  SetReduction<ComplexProdOf<double>>(table, Op::kProd, DType::kComplex128);
}

}  // namespace emberharmony::backend::native::avx512
