#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace emberharmony::io {

/// Packs blocks of 64 values of one fixed width.
using PackBlocksFunction = void (*)(const int32_t* values, int64_t num_blocks, uint8_t* out);

/// One function a bit width; entry 0 is unused.
using PackBlocksTable = std::array<PackBlocksFunction, 33>;

/// Puts field J of `Width` bits into the 64-bit words of a packed block; words leave `word` as soon
/// as they are full.
template <int Width, int J>
inline __attribute__((always_inline)) void PutField(uint64_t field, uint64_t& word, uint8_t* out) {
  constexpr int kBit = J * Width;
  constexpr int kShift = kBit % 64;
  word |= field << kShift;
  if constexpr (kShift + Width >= 64) {
    std::memcpy(out + kBit / 64 * 8, &word, 8);
    word = 0;
    if constexpr (kShift + Width > 64) word = field >> (64 - kShift);
  }
}

/// Null when this CPU lacks the instructions, or has them in microcode only (slower than plain
/// shifts).
const PackBlocksTable* PackBlocksAvx2();

}  // namespace emberharmony::io
