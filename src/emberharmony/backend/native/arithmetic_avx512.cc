#include "emberharmony/backend/native/integer_division_internal.h"

namespace emberharmony::backend::native::avx512 {

void AddArithmeticKernels(KernelTable* table) {
  AddArithmetic(table);
  AddIntegerDivision(table, IntegerTypes{});
  AddIntegerDivisionByNumber(table, IntegerTypes{});
}

}  // namespace emberharmony::backend::native::avx512
