#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {
namespace {

#define EMBER_MAKE_TABLE(set)          \
  [] {                                 \
    KernelTable table;                 \
    set::AddArithmeticKernels(&table); \
    set::AddComparisonKernels(&table); \
    set::AddCastKernels(&table);       \
    set::AddComplexKernels(&table);    \
    set::AddBitwiseKernels(&table);    \
    set::AddMathKernels(&table);       \
    AddComplexFunctions(&table);       \
    return table;                      \
  }()

const KernelTable& TableOf(InstructionSet set) {
  // Each table is filled on first use, so no code of an unsupported set ever runs.
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) {
    static const KernelTable table = EMBER_MAKE_TABLE(avx512);
    return table;
  }
  if (set == InstructionSet::kAvx2) {
    static const KernelTable table = EMBER_MAKE_TABLE(avx2);
    return table;
  }
#endif
  static const KernelTable table = EMBER_MAKE_TABLE(scalar);
  return table;
}

}  // namespace

const KernelTable& ActiveKernels() { return TableOf(ActiveInstructionSet()); }

}  // namespace emberharmony::backend::native
