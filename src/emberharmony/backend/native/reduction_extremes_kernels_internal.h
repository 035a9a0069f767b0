// The smallest and largest of floating-point numbers in registers of AVX-512; see
// loops_internal.h. Of the loop over lanes compilers make twice as many instructions, half of them
// for NaN.
#pragma once

#if defined(__AVX512F__)

#include <immintrin.h>

#include "emberharmony/backend/native/reduction_internal.h"

namespace emberharmony::backend::native {
namespace {

struct DoubleExtremes {
  using Element = double;
  using Vec = __m512d;
  static constexpr int kLanes = 8;
  static Vec Set(double x) { return _mm512_set1_pd(x); }
  static Vec Load(const double* x) { return _mm512_loadu_pd(x); }
  static void Store(double* to, Vec x) { _mm512_storeu_pd(to, x); }
  static Vec Smaller(Vec x, Vec best) { return _mm512_min_pd(x, best); }
  static Vec Larger(Vec x, Vec best) { return _mm512_max_pd(x, best); }
  static unsigned Unordered(Vec x, Vec y) { return _mm512_cmp_pd_mask(x, y, _CMP_UNORD_Q); }
};

struct FloatExtremes {
  using Element = float;
  using Vec = __m512;
  static constexpr int kLanes = 16;
  static Vec Set(float x) { return _mm512_set1_ps(x); }
  static Vec Load(const float* x) { return _mm512_loadu_ps(x); }
  static void Store(float* to, Vec x) { _mm512_storeu_ps(to, x); }
  static Vec Smaller(Vec x, Vec best) { return _mm512_min_ps(x, best); }
  static Vec Larger(Vec x, Vec best) { return _mm512_max_ps(x, best); }
  static unsigned Unordered(Vec x, Vec y) { return _mm512_cmp_ps_mask(x, y, _CMP_UNORD_Q); }
};

/// How far ahead memory is asked for. The processor's own reading ahead ends with each page.
constexpr int64_t kExtremesAheadBytes = 2048;

/// Each of kReductionLanes lanes takes every so manieth of n elements, as many times as there are
/// elements for all, and keeps the best of them, of equal ones the first. Returns how many elements
/// that were; *has_nan: whether one of them is NaN, and the lanes mean nothing.
template <class R, bool kLargest>
int64_t ExtremesInRegisters(const typename R::Element* x, int64_t n, typename R::Element* lanes,
                            bool* has_nan) {
  constexpr int kRegisters = kReductionLanes / R::kLanes;
  typename R::Vec best[kRegisters];
  for (int k = 0; k < kRegisters; ++k) best[k] = R::Set(x[0]);
  unsigned unordered = 0;
  int64_t i = 0;
  for (; i + kReductionLanes <= n; i += kReductionLanes) {
    typename R::Vec now[kRegisters];
#pragma GCC unroll 4
    for (int k = 0; k < kRegisters; ++k) {
      const typename R::Element* from = x + i + k * R::kLanes;
      _mm_prefetch(reinterpret_cast<const char*>(from) + kExtremesAheadBytes, _MM_HINT_T0);
      now[k] = R::Load(from);
      best[k] = kLargest ? R::Larger(now[k], best[k]) : R::Smaller(now[k], best[k]);
    }
#pragma GCC unroll 2
    for (int k = 0; k < kRegisters; k += 2) unordered |= R::Unordered(now[k], now[k + 1]);
  }
  for (int k = 0; k < kRegisters; ++k) R::Store(lanes + k * R::kLanes, best[k]);
  *has_nan = unordered != 0;
  return i;
}

template <bool kLargest>
int64_t ExtremeLanes(const double* x, int64_t n, double* lanes, bool* has_nan) {
  return ExtremesInRegisters<DoubleExtremes, kLargest>(x, n, lanes, has_nan);
}
template <bool kLargest>
int64_t ExtremeLanes(const float* x, int64_t n, float* lanes, bool* has_nan) {
  return ExtremesInRegisters<FloatExtremes, kLargest>(x, n, lanes, has_nan);
}

}  // namespace
}  // namespace emberharmony::backend::native

#endif
