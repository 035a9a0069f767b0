#include <immintrin.h>

#include "emberharmony/io/bit_unpack_internal.h"

namespace emberharmony::io::internal {
namespace {

// Four values of up to 25 bits, the first at bit 0 to 7, lie within 16 bytes, and each within 4: a
// byte shuffle brings every value into its own 32-bit lane, a shift by lane aligns it. The upper
// half of the register does the same for the next four.
uint32_t UnpackAvx2(const uint8_t* data, int64_t size, int bit_offset, int bit_width, int64_t n,
                    uint32_t* out) {
  if (bit_width > 25) {
    return ScalarBitUnpackKernels().unpack(data, size, bit_offset, bit_width, n, out);
  }
  const int upper_bit = bit_offset + 4 * bit_width;
  const int upper_byte = upper_bit >> 3;
  const __m128i lane = _mm_setr_epi32(0, 1, 2, 3);
  const __m128i lane_bits = _mm_mullo_epi32(lane, _mm_set1_epi32(bit_width));
  const __m256i bits = _mm256_set_m128i(_mm_add_epi32(lane_bits, _mm_set1_epi32(upper_bit & 7)),
                                        _mm_add_epi32(lane_bits, _mm_set1_epi32(bit_offset)));
  const __m256i shuffle = _mm256_add_epi32(
      _mm256_mullo_epi32(_mm256_srli_epi32(bits, 3), _mm256_set1_epi32(0x01010101)),
      _mm256_set1_epi32(0x03020100));
  const __m256i shift = _mm256_and_si256(bits, _mm256_set1_epi32(7));
  const __m256i mask = _mm256_set1_epi32(static_cast<int>((uint32_t{1} << bit_width) - 1));
  __m256i largest8 = _mm256_setzero_si256();
  int64_t i = 0;
  int64_t byte = 0;
  for (; i + 8 <= n && byte + upper_byte + 16 <= size; i += 8, byte += bit_width) {
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + byte));
    const __m128i high =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + byte + upper_byte));
    const __m256i spread = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), shuffle);
    const __m256i values = _mm256_and_si256(_mm256_srlv_epi32(spread, shift), mask);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), values);
    largest8 = _mm256_max_epu32(largest8, values);
  }
  alignas(32) uint32_t lanes[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), largest8);
  uint32_t largest = ScalarBitUnpackKernels().unpack(data + byte, size - byte, bit_offset,
                                                     bit_width, n - i, out + i);
  for (uint32_t value : lanes) largest = value > largest ? value : largest;
  return largest;
}

// For each mask of 8 rows, which dense value each row takes: the number of set bits before it. pdep
// turns the mask into a byte mask, pext gathers the identity through it; the inverse (an expansion)
// is a pdep of the identity.
void ExpandAvx2(const uint32_t* dense, const uint8_t* valid_bits, int64_t n, uint32_t null_value,
                uint32_t* out) {
  const __m256i nulls = _mm256_set1_epi32(static_cast<int>(null_value));
  const __m256i lane_bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const uint32_t valid = valid_bits[i >> 3];
    const uint64_t byte_mask = _pdep_u64(valid, 0x0101010101010101ULL) * 0xFF;
    const uint64_t order = _pdep_u64(0x0706050403020100ULL, byte_mask);
    const __m256i from = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(order)));
    const __m256i values = _mm256_permutevar8x32_epi32(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(dense)), from);
    const __m256i is_valid = _mm256_cmpeq_epi32(
        _mm256_and_si256(_mm256_set1_epi32(static_cast<int>(valid)), lane_bit), lane_bit);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i),
                        _mm256_blendv_epi8(nulls, values, is_valid));
    dense += _mm_popcnt_u32(valid);
  }
  if (i < n)
    ScalarBitUnpackKernels().expand(dense, valid_bits + (i >> 3), n - i, null_value, out + i);
}

}  // namespace

const BitUnpackKernels& Avx2BitUnpackKernels() {
  static constexpr BitUnpackKernels kernels{"avx2", UnpackAvx2, ExpandAvx2};
  return kernels;
}

}  // namespace emberharmony::io::internal
