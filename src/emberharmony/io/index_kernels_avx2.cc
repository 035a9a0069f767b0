#include <immintrin.h>

#include <cstring>

#include "emberharmony/base/lane_compaction.h"
#include "emberharmony/io/index_kernels_internal.h"

namespace emberharmony::io {
namespace {

int64_t CopyIndicesWide(const int32_t* indices, int64_t n, int32_t null_index, int32_t base,
                        int32_t* out, int64_t* num_nulls, bool* in_range) {
  const __m256i limit = _mm256_set1_epi32(null_index);
  const __m256i offset = _mm256_set1_epi32(base);
  __m256i largest = _mm256_setzero_si256();
  __m256i minus_nulls = _mm256_setzero_si256();
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256i index = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(indices + i));
    largest = _mm256_max_epu32(largest, index);
    minus_nulls = _mm256_add_epi32(minus_nulls, _mm256_cmpeq_epi32(index, limit));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_add_epi32(index, offset));
  }
  // null_index is not negative, so as unsigned numbers negative indices are larger than it.
  const __m256i inside = _mm256_cmpeq_epi32(_mm256_max_epu32(largest, limit), limit);
  *in_range = _mm256_movemask_epi8(inside) == -1;
  alignas(32) int32_t counts[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(counts), minus_nulls);
  for (const int32_t count : counts) *num_nulls -= count;
  return i;
}

int64_t DropNegativeWide(int32_t* values, int64_t n, uint8_t* valid, int64_t* kept) {
  int64_t out = 0;
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256i eight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + i));
    const int stay = ~_mm256_movemask_ps(_mm256_castsi256_ps(eight)) & 0xFF;
    const __m256i lanes =
        _mm256_load_si256(reinterpret_cast<const __m256i*>(base::kLaneCompaction.lanes[stay]));
    // Writes eight values, at most up to the end of those just read.
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(values + out),
                        _mm256_permutevar8x32_epi32(eight, lanes));
    out += _mm_popcnt_u32(static_cast<uint32_t>(stay));
    valid[i / 8] = static_cast<uint8_t>(stay);
  }
  *kept = out;
  return i;
}

int64_t ListUsedWide(const uint8_t* used, int64_t n, int32_t base, int32_t* out, int64_t* count) {
  const __m128i zero = _mm_setzero_si128();
  int64_t listed = 0;
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(used + i));
    const int mask = ~_mm_movemask_epi8(_mm_cmpeq_epi8(eight, zero)) & 0xFF;
    const __m256i lanes =
        _mm256_load_si256(reinterpret_cast<const __m256i*>(base::kLaneCompaction.lanes[mask]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + listed),
                        _mm256_add_epi32(lanes, _mm256_set1_epi32(base + static_cast<int32_t>(i))));
    listed += _mm_popcnt_u32(static_cast<uint32_t>(mask));
  }
  *count = listed;
  return i;
}

int64_t EqualBitsWide(const uint8_t* bytes, int64_t n, uint8_t value, bool invert, uint8_t* bits) {
  const __m256i wanted = _mm256_set1_epi8(static_cast<char>(value));
  const int flip = invert ? -1 : 0;
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const __m256i some = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + i));
    const int mask = _mm256_movemask_epi8(_mm256_cmpeq_epi8(some, wanted)) ^ flip;
    std::memcpy(bits + i / 8, &mask, sizeof(mask));
  }
  return i;
}

constexpr IndexKernels kKernels{&CopyIndicesWide, &DropNegativeWide, &ListUsedWide, &EqualBitsWide};

}  // namespace

const IndexKernels* IndexKernelsAvx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") ? &kKernels : nullptr;
}

}  // namespace emberharmony::io
