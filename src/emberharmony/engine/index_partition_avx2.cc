#include <immintrin.h>

#include "emberharmony/base/lane_compaction.h"
#include "emberharmony/engine/index_partition_internal.h"

namespace emberharmony::engine::internal {
namespace {

// Writes eight elements and keeps those of `mask`: what is written beyond them is overwritten by
// the next ones, or lies in the padding.
int32_t* AppendLanes(__m256i eight, unsigned mask, int32_t* end) {
  const __m256i lanes =
      _mm256_load_si256(reinterpret_cast<const __m256i*>(base::kLaneCompaction.lanes[mask]));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(end), _mm256_permutevar8x32_epi32(eight, lanes));
  return end + _mm_popcnt_u32(mask);
}

int64_t PartitionAvx2(const int32_t* indices, const uint8_t* splits, int64_t n,
                      int32_t* const parts[3], int64_t sizes[3]) {
  const __m128i zero = _mm_setzero_si128();
  const __m128i one = _mm_set1_epi8(1);
  const __m128i two = _mm_set1_epi8(2);

  int32_t* end0 = parts[0] + sizes[0];
  int32_t* end1 = parts[1] + sizes[1];
  int32_t* end2 = parts[2] + sizes[2];
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m128i split = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(splits + i));
    const auto in0 = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(split, zero))) & 0xFF;
    const auto in1 = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(split, one))) & 0xFF;
    const auto in2 = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(split, two))) & 0xFF;
    const __m256i eight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(indices + i));
    end0 = AppendLanes(eight, in0, end0);
    end1 = AppendLanes(eight, in1, end1);
    end2 = AppendLanes(eight, in2, end2);
  }
  sizes[0] = end0 - parts[0];
  sizes[1] = end1 - parts[1];
  sizes[2] = end2 - parts[2];
  return i;
}

}  // namespace

PartitionKernel PartitionKernelAvx2() {
  const bool usable = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
  return usable ? &PartitionAvx2 : nullptr;
}

}  // namespace emberharmony::engine::internal
