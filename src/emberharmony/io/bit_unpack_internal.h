#pragma once

#include <cstdint>

// Included by the instruction-set variants, which are compiled with flags of their own: an inline
// function defined here or in anything included here could be emitted with those flags and picked
// by the linker for every caller. Hence only declarations.

namespace emberharmony::io::internal {

/// The two inner loops of reading dictionary indices, for one instruction set. All variants give
/// the same values.
struct BitUnpackKernels {
  const char* name;
  /// Unpacks n values of bit_width (1 to 32) bits, least significant bit first, the first of which
  /// starts at bit `bit_offset` (0 to 7) of data. Requires bit_offset + n * bit_width <= 8 * size
  /// and reads nothing beyond data + size. Returns the largest value, 0 for none.
  uint32_t (*unpack)(const uint8_t* data, int64_t size, int bit_offset, int bit_width, int64_t n,
                     uint32_t* out);
  /// Spreads the dense values over n rows: a row whose bit in valid_bits (least significant bit
  /// first) is set takes the next one, any other `null_value`. `dense` is readable for
  /// kExpandPadding elements beyond the number of set bits.
  void (*expand)(const uint32_t* dense, const uint8_t* valid_bits, int64_t n, uint32_t null_value,
                 uint32_t* out);
};

constexpr int kExpandPadding = 16;

const BitUnpackKernels& ScalarBitUnpackKernels();
#if defined(__x86_64__)
const BitUnpackKernels& Avx2BitUnpackKernels();    ///< requires avx2, bmi2, popcnt
const BitUnpackKernels& Avx512BitUnpackKernels();  ///< requires avx512 f, bw, dq, vl, vbmi
bool CpuHasAvx2();
bool CpuHasAvx512Vbmi();
#endif
/// The fastest of them that this CPU has.
const BitUnpackKernels& BestBitUnpackKernels();

}  // namespace emberharmony::io::internal
