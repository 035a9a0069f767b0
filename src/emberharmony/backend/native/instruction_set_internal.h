#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace emberharmony::backend::native {

/// The instruction sets kernels are compiled for. Results have the same bits under each.
enum class InstructionSet { kScalar = 0, kAvx2 = 1, kAvx512 = 2 };
inline constexpr int kNumInstructionSets = 3;

std::string_view InstructionSetName(InstructionSet set);

/// Whether this CPU (and operating system) runs every instruction that the set's kernels may use.
bool IsSupported(InstructionSet set);
/// The supported sets, best last.
std::vector<InstructionSet> SupportedInstructionSets();

/// The set in use: the best supported one unless forced.
InstructionSet ActiveInstructionSet();
/// Forces a supported set for the whole process, or ends that (nullopt). For tests and
/// measurements.
void ForceInstructionSet(std::optional<InstructionSet> set);

}  // namespace emberharmony::backend::native
