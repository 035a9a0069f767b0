#pragma once

#include <cstdint>

// Included by the instruction-set variant, which is compiled with flags of its own: only
// declarations.

namespace emberharmony::engine::internal {

/// Elements that each part has room for beyond its own.
constexpr int64_t kPartitionPadding = 8;

/// Deals n indices out to three parts, keeping their order: indices[i] goes to parts[splits[i]], or
/// nowhere where splits[i] is 3 or more. Each part has room for n + kPartitionPadding elements;
/// sizes[s] becomes the number in part s.
void PartitionIndices(const int32_t* indices, const uint8_t* splits, int64_t n,
                      int32_t* const parts[3], int64_t sizes[3]);

/// The form for wider registers: deals out whole vectors, appending to the parts, and returns how
/// far it came. Null when this CPU lacks the instructions.
using PartitionKernel = int64_t (*)(const int32_t* indices, const uint8_t* splits, int64_t n,
                                    int32_t* const parts[3], int64_t sizes[3]);
PartitionKernel PartitionKernelAvx2();

}  // namespace emberharmony::engine::internal
