#include "emberharmony/backend/native/integer_division_internal.h"

namespace emberharmony::backend::native::scalar {

void AddArithmeticKernels(KernelTable* table) {
  AddArithmetic(table);
  // The processor divides narrower integers as quickly as float64 made of them one by one.
  AddIntegerDivision(table, Types<int64_t, uint64_t>{});
  AddIntegerDivisionByNumber(table, Types<int64_t, uint64_t>{});
}

}  // namespace emberharmony::backend::native::scalar
