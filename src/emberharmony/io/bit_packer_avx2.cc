#include <immintrin.h>

#include "emberharmony/io/bit_packer_internal.h"

namespace emberharmony::io {
namespace {

// PEXT gathers the low bits of all values in a 64-bit register at once; the narrower the values,
// the more of them fit.

/// Two 32-bit values a step.
template <int Width, int... J>
inline __attribute__((always_inline)) void PackPairs(const int32_t* values, uint8_t* out,
                                                     std::integer_sequence<int, J...>) {
  constexpr uint64_t kLow = (uint64_t{1} << Width) - 1;
  constexpr uint64_t kMask = kLow | kLow << 32;
  const auto* pairs = reinterpret_cast<const long long*>(values);
  uint64_t word = 0;
  (PutField<2 * Width, J>(
       _pext_u64(_mm_cvtsi128_si64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(pairs + J))),
                 kMask),
       word, out),
   ...);
}

/// Sixteen values as four registers of four 16-bit values.
template <int Width, int Step>
inline __attribute__((always_inline)) void PackSixteenQuads(const int32_t* values, uint64_t& word,
                                                            uint8_t* out) {
  constexpr uint64_t kMask = ((uint64_t{1} << Width) - 1) * 0x0001000100010001u;
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + 16 * Step));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + 16 * Step + 8));
  const __m256i quads = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xD8);
  PutField<4 * Width, 4 * Step>(_pext_u64(_mm256_extract_epi64(quads, 0), kMask), word, out);
  PutField<4 * Width, 4 * Step + 1>(_pext_u64(_mm256_extract_epi64(quads, 1), kMask), word, out);
  PutField<4 * Width, 4 * Step + 2>(_pext_u64(_mm256_extract_epi64(quads, 2), kMask), word, out);
  PutField<4 * Width, 4 * Step + 3>(_pext_u64(_mm256_extract_epi64(quads, 3), kMask), word, out);
}

/// Thirty-two values as four registers of eight bytes.
template <int Width, int Step>
inline __attribute__((always_inline)) void PackThirtyTwoBytes(const int32_t* values, uint64_t& word,
                                                              uint8_t* out) {
  constexpr uint64_t kMask = ((uint64_t{1} << Width) - 1) * 0x0101010101010101u;
  const auto load = [&](int i) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + 32 * Step + 8 * i));
  };
  const __m256i bytes = _mm256_packus_epi16(_mm256_packus_epi32(load(0), load(1)),
                                            _mm256_packus_epi32(load(2), load(3)));
  const __m256i in_order =
      _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  PutField<8 * Width, 4 * Step>(_pext_u64(_mm256_extract_epi64(in_order, 0), kMask), word, out);
  PutField<8 * Width, 4 * Step + 1>(_pext_u64(_mm256_extract_epi64(in_order, 1), kMask), word, out);
  PutField<8 * Width, 4 * Step + 2>(_pext_u64(_mm256_extract_epi64(in_order, 2), kMask), word, out);
  PutField<8 * Width, 4 * Step + 3>(_pext_u64(_mm256_extract_epi64(in_order, 3), kMask), word, out);
}

template <int Width>
void PackBlocks(const int32_t* values, int64_t num_blocks, uint8_t* out) {
  for (int64_t i = 0; i < num_blocks; ++i, values += 64, out += 8 * Width) {
    uint64_t word = 0;
    if constexpr (Width <= 8) {
      PackThirtyTwoBytes<Width, 0>(values, word, out);
      PackThirtyTwoBytes<Width, 1>(values, word, out);
    } else if constexpr (Width <= 16) {
      PackSixteenQuads<Width, 0>(values, word, out);
      PackSixteenQuads<Width, 1>(values, word, out);
      PackSixteenQuads<Width, 2>(values, word, out);
      PackSixteenQuads<Width, 3>(values, word, out);
    } else {
      PackPairs<Width>(values, out, std::make_integer_sequence<int, 32>());
    }
  }
}

template <int... Width>
constexpr PackBlocksTable MakeTable(std::integer_sequence<int, Width...>) {
  return {nullptr, &PackBlocks<Width + 1>...};
}

constexpr PackBlocksTable kTable = MakeTable(std::make_integer_sequence<int, 32>());

}  // namespace

const PackBlocksTable* PackBlocksAvx2() {
  const bool usable = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
                      !__builtin_cpu_is("znver1") && !__builtin_cpu_is("znver2");
  return usable ? &kTable : nullptr;
}

}  // namespace emberharmony::io
