#include "emberharmony/backend/native/instruction_set_internal.h"
#include "emberharmony/backend/native/reduction_internal.h"

namespace emberharmony::backend::native {
namespace {

#define EMBER_MAKE_TABLE(set)        \
  [] {                               \
    ReductionTable table;            \
    set::AddTotals(&table);          \
    set::AddExtremes(&table);        \
    set::AddLogicReductions(&table); \
    set::AddVariances(&table);       \
    set::AddArgReductions(&table);   \
    return table;                    \
  }()

const ReductionTable& TableOf(InstructionSet set) {
  // Each table is filled on first use, so no code of an unsupported set ever runs.
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) {
    static const ReductionTable table = EMBER_MAKE_TABLE(avx512);
    return table;
  }
  if (set == InstructionSet::kAvx2) {
    static const ReductionTable table = EMBER_MAKE_TABLE(avx2);
    return table;
  }
#endif
  static const ReductionTable table = EMBER_MAKE_TABLE(scalar);
  return table;
}

}  // namespace

const ReductionTable& ActiveReductions() { return TableOf(ActiveInstructionSet()); }

}  // namespace emberharmony::backend::native
