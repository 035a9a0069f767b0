#include <immintrin.h>

#include "emberharmony/io/bit_unpack_internal.h"

namespace emberharmony::io::internal {
namespace {

// Sixteen values of up to 25 bits span at most 51 bytes, and each lies within 4: one byte
// permutation (vpermb) brings every value into its own 32-bit lane, a shift by lane aligns it.
// Sixteen values are a whole number of bytes, so the permutation stays the same. Loads are masked
// to what the buffer holds.
uint32_t UnpackAvx512(const uint8_t* data, int64_t size, int bit_offset, int bit_width, int64_t n,
                      uint32_t* out) {
  if (bit_width > 25) {
    return ScalarBitUnpackKernels().unpack(data, size, bit_offset, bit_width, n, out);
  }
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i bits = _mm512_add_epi32(_mm512_mullo_epi32(lane, _mm512_set1_epi32(bit_width)),
                                        _mm512_set1_epi32(bit_offset));
  const __m512i bytes = _mm512_add_epi32(
      _mm512_mullo_epi32(_mm512_srli_epi32(bits, 3), _mm512_set1_epi32(0x01010101)),
      _mm512_set1_epi32(0x03020100));
  const __m512i shift = _mm512_and_si512(bits, _mm512_set1_epi32(7));
  const __m512i mask = _mm512_set1_epi32(static_cast<int>((uint32_t{1} << bit_width) - 1));
  __m512i largest = _mm512_setzero_si512();
  int64_t i = 0;
  int64_t byte = 0;
  for (; i + 16 <= n && byte + 64 <= size; i += 16, byte += 2 * bit_width) {
    const __m512i spread = _mm512_permutexvar_epi8(bytes, _mm512_loadu_si512(data + byte));
    const __m512i values = _mm512_and_si512(_mm512_srlv_epi32(spread, shift), mask);
    _mm512_storeu_si512(out + i, values);
    largest = _mm512_max_epu32(largest, values);
  }
  for (; i < n; i += 16, byte += 2 * bit_width) {
    const int64_t left = size - byte;
    const __mmask64 readable = left >= 64 ? ~uint64_t{0} : (uint64_t{1} << left) - 1;
    const auto wanted = static_cast<__mmask16>(n - i >= 16 ? 0xFFFF : (1u << (n - i)) - 1);
    const __m512i spread =
        _mm512_permutexvar_epi8(bytes, _mm512_maskz_loadu_epi8(readable, data + byte));
    const __m512i values =
        _mm512_maskz_mov_epi32(wanted, _mm512_and_si512(_mm512_srlv_epi32(spread, shift), mask));
    _mm512_mask_storeu_epi32(out + i, wanted, values);
    largest = _mm512_max_epu32(largest, values);
  }
  return _mm512_reduce_max_epu32(largest);
}

void ExpandAvx512(const uint32_t* dense, const uint8_t* valid_bits, int64_t n, uint32_t null_value,
                  uint32_t* out) {
  const __m512i nulls = _mm512_set1_epi32(static_cast<int>(null_value));
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const uint32_t valid = valid_bits[i >> 3] | (uint32_t{valid_bits[(i >> 3) + 1]} << 8);
    _mm512_storeu_si512(out + i, _mm512_mask_expand_epi32(nulls, static_cast<__mmask16>(valid),
                                                          _mm512_loadu_si512(dense)));
    dense += _mm_popcnt_u32(valid);
  }
  if (i < n)
    ScalarBitUnpackKernels().expand(dense, valid_bits + (i >> 3), n - i, null_value, out + i);
}

}  // namespace

const BitUnpackKernels& Avx512BitUnpackKernels() {
  static constexpr BitUnpackKernels kernels{"avx512", UnpackAvx512, ExpandAvx512};
  return kernels;
}

}  // namespace emberharmony::io::internal
