#pragma once

#include <array>
#include <cstdint>

namespace emberharmony::base {

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC
/// 2011): a counter-based generator: 128 random bits as a pure function of a 128-bit counter and a
/// 64-bit key. word[0] is the least significant.
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

}  // namespace emberharmony::base
