#include "emberharmony/backend/native/instruction_set_internal.h"
#include "emberharmony/backend/native/turn_internal.h"

namespace emberharmony::backend::native {

TurnKernel ActiveTurn(int64_t item_bytes) {
#if defined(__x86_64__)
  // AVX-512 has nothing to add.
  if (ActiveInstructionSet() != InstructionSet::kScalar) return avx2::TurnOf(item_bytes);
#endif
  return scalar::TurnOf(item_bytes);
}

}  // namespace emberharmony::backend::native
