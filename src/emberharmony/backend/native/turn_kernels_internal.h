// Rows turned into the lanes of vectors, and back; see loops_internal.h.
#pragma once

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "emberharmony/backend/native/loops_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Integers of an element's size.
template <int kBytes>
struct BitsOf {
  using type = uint64_t;
};
template <>
struct BitsOf<4> {
  using type = uint32_t;
};

/// Turns squares of kSide rows by kSide elements; rows begin `stride` elements apart.
#if defined(__AVX2__)
template <class T>
constexpr int64_t kSide = sizeof(T) == 4   ? 8
                          : sizeof(T) == 8 ? 4
                                           : 1;

[[gnu::always_inline]] inline void TurnSquare(const uint64_t* from, int64_t from_stride,
                                              uint64_t* to, int64_t to_stride) {
  const auto load = [&](int64_t i) {
    return _mm256_loadu_pd(reinterpret_cast<const double*>(from + i * from_stride));
  };
  const auto store = [&](int64_t i, __m256d x) {
    _mm256_storeu_pd(reinterpret_cast<double*>(to + i * to_stride), x);
  };
  const __m256d a = load(0), b = load(1), c = load(2), d = load(3);
  const __m256d ab_even = _mm256_unpacklo_pd(a, b), ab_odd = _mm256_unpackhi_pd(a, b);
  const __m256d cd_even = _mm256_unpacklo_pd(c, d), cd_odd = _mm256_unpackhi_pd(c, d);
  store(0, _mm256_permute2f128_pd(ab_even, cd_even, 0x20));
  store(1, _mm256_permute2f128_pd(ab_odd, cd_odd, 0x20));
  store(2, _mm256_permute2f128_pd(ab_even, cd_even, 0x31));
  store(3, _mm256_permute2f128_pd(ab_odd, cd_odd, 0x31));
}

[[gnu::always_inline]] inline void TurnSquare(const uint32_t* from, int64_t from_stride,
                                              uint32_t* to, int64_t to_stride) {
  __m256 x[8], y[8];
#pragma GCC unroll 8
  for (int64_t i = 0; i < 8; ++i) {
    x[i] = _mm256_loadu_ps(reinterpret_cast<const float*>(from + i * from_stride));
  }
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    y[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
    y[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    x[i] = _mm256_shuffle_ps(y[i], y[i + 2], 0x44);
    x[i + 1] = _mm256_shuffle_ps(y[i], y[i + 2], 0xEE);
    x[i + 2] = _mm256_shuffle_ps(y[i + 1], y[i + 3], 0x44);
    x[i + 3] = _mm256_shuffle_ps(y[i + 1], y[i + 3], 0xEE);
  }
#pragma GCC unroll 4
  for (int64_t i = 0; i < 4; ++i) {
    _mm256_storeu_ps(reinterpret_cast<float*>(to + i * to_stride),
                     _mm256_permute2f128_ps(x[i], x[i + 4], 0x20));
    _mm256_storeu_ps(reinterpret_cast<float*>(to + (i + 4) * to_stride),
                     _mm256_permute2f128_ps(x[i], x[i + 4], 0x31));
  }
}
#else
template <class T>
constexpr int64_t kSide = 1;
#endif

/// to[i * to_stride + k] = from[k * from_stride + i] of `rows` rows k with n elements.
template <class T>
void Turn(const T* from, int64_t from_stride, int64_t rows, int64_t n, T* to, int64_t to_stride) {
  constexpr int64_t kStep = kSide<T>;
  int64_t k = 0;
  if constexpr (kStep > 1) {
    for (; k + kStep <= rows; k += kStep) {
      int64_t i = 0;
      for (; i + kStep <= n; i += kStep) {
        using Bits = typename BitsOf<sizeof(T)>::type;
        TurnSquare(reinterpret_cast<const Bits*>(from + k * from_stride + i), from_stride,
                   reinterpret_cast<Bits*>(to + i * to_stride + k), to_stride);
      }
      for (; i < n; ++i) {
        for (int64_t l = k; l < k + kStep; ++l) to[i * to_stride + l] = from[l * from_stride + i];
      }
    }
  }
  for (; k < rows; ++k) {
    for (int64_t i = 0; i < n; ++i) to[i * to_stride + k] = from[k * from_stride + i];
  }
}

}  // namespace
}  // namespace emberharmony::backend::native
