// Registers of EMBER_VECTOR_BYTES (16, 32 or 64), which the including file defines, as the
// compilers' vector types, and what these lack. See loops_internal.h on linkage.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace emberharmony::backend::native {
namespace {

using F64 [[gnu::vector_size(EMBER_VECTOR_BYTES)]] = double;
using U64 [[gnu::vector_size(EMBER_VECTOR_BYTES)]] = uint64_t;
using F32 [[gnu::vector_size(EMBER_VECTOR_BYTES)]] = float;
using I32 [[gnu::vector_size(EMBER_VECTOR_BYTES)]] = int32_t;
using U32 [[gnu::vector_size(EMBER_VECTOR_BYTES)]] = uint32_t;

constexpr int kLanes = EMBER_VECTOR_BYTES / 8;

#if EMBER_VECTOR_BYTES == 64
inline U64 LaneNumbers() { return U64{0, 1, 2, 3, 4, 5, 6, 7}; }
/// The product of the lanes' lower halves and a number of 32 bits.
inline U64 Multiply32(U64 x, uint64_t y) {
  return (U64)_mm512_mul_epu32((__m512i)x, _mm512_set1_epi64(static_cast<long long>(y)));
}
inline U64 Xor3(U64 x, U64 y, U64 z) {
  return (U64)_mm512_ternarylogic_epi64((__m512i)x, (__m512i)y, (__m512i)z, 0x96);
}
inline F64 Sqrt(F64 x) { return (F64)_mm512_sqrt_pd((__m512d)x); }
inline F32 Sqrt(F32 x) { return (F32)_mm512_sqrt_ps((__m512)x); }
#elif EMBER_VECTOR_BYTES == 32
inline U64 LaneNumbers() { return U64{0, 1, 2, 3}; }
inline U64 Multiply32(U64 x, uint64_t y) {
  return (U64)_mm256_mul_epu32((__m256i)x, _mm256_set1_epi64x(static_cast<long long>(y)));
}
inline U64 Xor3(U64 x, U64 y, U64 z) { return x ^ y ^ z; }
inline F64 Sqrt(F64 x) { return (F64)_mm256_sqrt_pd((__m256d)x); }
inline F32 Sqrt(F32 x) { return (F32)_mm256_sqrt_ps((__m256)x); }
#else
inline U64 LaneNumbers() { return U64{0, 1}; }
#if defined(__SSE2__)
inline U64 Multiply32(U64 x, uint64_t y) {
  return (U64)_mm_mul_epu32((__m128i)x, _mm_set1_epi64x(static_cast<long long>(y)));
}
inline F64 Sqrt(F64 x) { return (F64)_mm_sqrt_pd((__m128d)x); }
inline F32 Sqrt(F32 x) { return (F32)_mm_sqrt_ps((__m128)x); }
#else
inline U64 Multiply32(U64 x, uint64_t y) { return (x & 0xFFFFFFFF) * y; }
inline F64 Sqrt(F64 x) { return F64{__builtin_sqrt(x[0]), __builtin_sqrt(x[1])}; }
inline F32 Sqrt(F32 x) {
  return F32{__builtin_sqrtf(x[0]), __builtin_sqrtf(x[1]), __builtin_sqrtf(x[2]),
             __builtin_sqrtf(x[3])};
}
#endif
inline U64 Xor3(U64 x, U64 y, U64 z) { return x ^ y ^ z; }
#endif

/// Signed numbers as floats, rounded to nearest.
inline F32 Converted(U32 x) { return __builtin_convertvector((I32)x, F32); }

/// a[0], b[0], a[1], b[1], ...
template <class Vec, class T>
[[gnu::always_inline]] inline void StoreInterleaved(Vec a, Vec b, T* to) {
  static_assert(sizeof(Vec) == EMBER_VECTOR_BYTES);
  Vec low, high;
#if EMBER_VECTOR_BYTES == 64
  if constexpr (sizeof(T) == 8) {
    low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  } else {
    low = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    high =
        __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  }
#elif EMBER_VECTOR_BYTES == 32
  if constexpr (sizeof(T) == 8) {
    low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  } else {
    low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  }
#else
  if constexpr (sizeof(T) == 8) {
    low = __builtin_shufflevector(a, b, 0, 2);
    high = __builtin_shufflevector(a, b, 1, 3);
  } else {
    low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  }
#endif
  __builtin_memcpy(to, &low, sizeof(Vec));
  __builtin_memcpy(to + sizeof(Vec) / sizeof(T), &high, sizeof(Vec));
}

}  // namespace
}  // namespace emberharmony::backend::native
