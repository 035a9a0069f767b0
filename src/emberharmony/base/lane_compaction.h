#pragma once

#include <cstdint>

namespace emberharmony::base {

/// For each set of the eight 32-bit lanes of an AVX2 register, those that stay, in order: what
/// _mm256_permutevar8x32_epi32 takes to move them to the front.
struct LaneCompaction {
  alignas(32) int32_t lanes[256][8];
};

constexpr LaneCompaction MakeLaneCompaction() {
  LaneCompaction table{};
  for (int mask = 0; mask < 256; ++mask) {
    int count = 0;
    for (int lane = 0; lane < 8; ++lane) {
      if (mask >> lane & 1) table.lanes[mask][count++] = lane;
    }
  }
  return table;
}

inline constexpr LaneCompaction kLaneCompaction = MakeLaneCompaction();

}  // namespace emberharmony::base
