#include "emberharmony/backend/native/instruction_set_internal.h"
#include "emberharmony/backend/native/sort_table_internal.h"

namespace emberharmony::backend::native {
namespace {

SortKernels Filled(void (*add)(SortKernels*)) {
  SortKernels kernels;
  add(&kernels);
  return kernels;
}

}  // namespace

const SortKernels& ActiveSortKernels() {
#if defined(__x86_64__)
  const InstructionSet set = ActiveInstructionSet();
  if (set == InstructionSet::kAvx512) {
    static const SortKernels kernels = Filled(&avx512::AddSortKernels);
    return kernels;
  }
  if (set == InstructionSet::kAvx2) {
    static const SortKernels kernels = Filled(&avx2::AddSortKernels);
    return kernels;
  }
#endif
  static const SortKernels kernels = Filled(&scalar::AddSortKernels);
  return kernels;
}

}  // namespace emberharmony::backend::native
