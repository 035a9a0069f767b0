#include "emberharmony/backend/native/instruction_set_internal.h"
#include "emberharmony/backend/native/sort_table_internal.h"

namespace emberharmony::backend::native {
namespace {

using Add = void (*)(SortKernels*);

SortKernels Filled(Add add_kernels, Add add_networks) {
  SortKernels kernels;
  add_kernels(&kernels);
  add_networks(&kernels);
  return kernels;
}

}  // namespace

const SortKernels& ActiveSortKernels() {
#if defined(__x86_64__)
  const InstructionSet set = ActiveInstructionSet();
  if (set == InstructionSet::kAvx512) {
    static const SortKernels kernels = Filled(&avx512::AddSortKernels, &avx512::AddSortNetworks);
    return kernels;
  }
  if (set == InstructionSet::kAvx2) {
    static const SortKernels kernels = Filled(&avx2::AddSortKernels, &avx2::AddSortNetworks);
    return kernels;
  }
#endif
  static const SortKernels kernels = Filled(&scalar::AddSortKernels, &scalar::AddSortNetworks);
  return kernels;
}

}  // namespace emberharmony::backend::native
