#include "emberharmony/backend/native/integer_division_internal.h"

namespace emberharmony::backend::native::avx2 {

void AddArithmeticKernels(KernelTable* table) {
  AddArithmetic(table);
  // The processor divides narrower integers as quickly as float64 made of them one by one.
  AddIntegerDivision(table, Types<int64_t, uint64_t>{});
  AddIntegerDivisionByNumber(table, IntegerTypes{});
}

}  // namespace emberharmony::backend::native::avx2
