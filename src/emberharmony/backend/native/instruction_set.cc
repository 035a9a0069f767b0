#include <atomic>

#include "emberharmony/backend/native/instruction_set_internal.h"

namespace emberharmony::backend::native {
namespace {

/// -1: not forced.
std::atomic<int> forced{-1};

InstructionSet BestInstructionSet() {
  static const InstructionSet best = SupportedInstructionSets().back();
  return best;
}

}  // namespace

std::string_view InstructionSetName(InstructionSet set) {
  constexpr std::string_view kNames[kNumInstructionSets] = {"scalar", "avx2", "avx512"};
  return kNames[static_cast<int>(set)];
}

bool IsSupported(InstructionSet set) {
#if defined(__x86_64__)
  // The lists are those of the compiler flags for *_avx2.cc and *_avx512.cc.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                    __builtin_cpu_supports("popcnt");
  switch (set) {
    case InstructionSet::kScalar:
      return true;
    case InstructionSet::kAvx2:
      return avx2;
    case InstructionSet::kAvx512:
      return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512vbmi") &&
             __builtin_cpu_supports("avx512vbmi2");
  }
  return false;
#else
  return set == InstructionSet::kScalar;
#endif
}

std::vector<InstructionSet> SupportedInstructionSets() {
  std::vector<InstructionSet> sets;
  for (int i = 0; i < kNumInstructionSets; ++i) {
    if (IsSupported(static_cast<InstructionSet>(i))) sets.push_back(static_cast<InstructionSet>(i));
  }
  return sets;
}

InstructionSet ActiveInstructionSet() {
  const int set = forced.load(std::memory_order_relaxed);
  return set >= 0 ? static_cast<InstructionSet>(set) : BestInstructionSet();
}

void ForceInstructionSet(std::optional<InstructionSet> set) {
  forced.store(set ? static_cast<int>(*set) : -1, std::memory_order_relaxed);
}

}  // namespace emberharmony::backend::native
