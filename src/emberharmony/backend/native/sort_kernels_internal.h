// Loops that turn elements into integers for sorting, and back; see loops_internal.h.
#pragma once

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "emberharmony/backend/native/loops_internal.h"
#include "emberharmony/backend/native/sort_table_internal.h"

namespace emberharmony::backend::native {
namespace {

template <class Int>
constexpr Int kLargest = static_cast<Int>((~uint64_t{0} >> 1) >> (64 - 8 * sizeof(Int)));

/// What is known of a floating-point number by its bits.
template <class Int>
struct FloatBits {
  static constexpr Int kNegativeZero = static_cast<Int>(-kLargest<Int> - 1);
  static constexpr Int kInfinity =
      sizeof(Int) == 8 ? static_cast<Int>(0x7FF0000000000000) : static_cast<Int>(0x7F800000);
  static bool IsNan(Int x) { return (x & kLargest<Int>) > kInfinity; }
};

#if defined(__AVX512F__)
/// Registers of bits: which lanes are numbers, which of these have a sign, and how to append some.
struct DoubleBits {
  using Vector = __m512i;
  static constexpr int kLanes = 8;
  static constexpr int kSpecial = 0x81;  // NaN of both kinds
  static Vector Load(const void* x) { return _mm512_loadu_si512(x); }
  static unsigned Nans(Vector x) { return _mm512_fpclass_pd_mask((__m512d)x, kSpecial); }
  static unsigned Signs(Vector x) { return _mm512_movepi64_mask(x); }
  static unsigned Equal(Vector x, int64_t y) {
    return _mm512_cmpeq_epi64_mask(x, _mm512_set1_epi64(y));
  }
  static void Append(Vector x, unsigned mask, int count, int64_t* to) {
    const Vector chosen = _mm512_maskz_compress_epi64(static_cast<__mmask8>(mask), x);
    _mm512_mask_storeu_epi64(to, static_cast<__mmask8>((1u << count) - 1), chosen);
  }
};
struct SingleBits {
  using Vector = __m512i;
  static constexpr int kLanes = 16;
  static constexpr int kSpecial = 0x81;
  static Vector Load(const void* x) { return _mm512_loadu_si512(x); }
  static unsigned Nans(Vector x) { return _mm512_fpclass_ps_mask((__m512)x, kSpecial); }
  static unsigned Signs(Vector x) { return _mm512_movepi32_mask(x); }
  static unsigned Equal(Vector x, int32_t y) {
    return _mm512_cmpeq_epi32_mask(x, _mm512_set1_epi32(y));
  }
  static void Append(Vector x, unsigned mask, int count, int32_t* to) {
    const Vector chosen = _mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), x);
    _mm512_mask_storeu_epi32(to, static_cast<__mmask16>((1u << count) - 1), chosen);
  }
};
template <int kBytes>
struct BitsInRegisters {
  using type = DoubleBits;
};
template <>
struct BitsInRegisters<4> {
  using type = SingleBits;
};

/// As many of n elements as fill whole registers: those with a sign go to *front and on, those
/// without to below *back. Returns how many elements that were.
template <class Int>
int64_t SplitRegisters(const Int* bits, int64_t n, Int** front, Int** back, Zeros* zeros) {
  using V = typename BitsInRegisters<sizeof(Int)>::type;
  unsigned negative_zeros = 0, positive_zeros = 0;
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
    const auto x = V::Load(bits + i);
    const unsigned all = (1u << V::kLanes) - 1;
    const unsigned numbers = ~V::Nans(x) & all, signs = V::Signs(x);
    const unsigned negative = numbers & signs, positive = numbers & ~signs;
    const int num_negative = __builtin_popcount(negative);
    const int num_positive = __builtin_popcount(positive);
    negative_zeros |= V::Equal(x, FloatBits<Int>::kNegativeZero);
    positive_zeros |= V::Equal(x, 0);
    V::Append(x, negative, num_negative, *front);
    *front += num_negative;
    *back -= num_positive;
    V::Append(x, positive, num_positive, *back);
  }
  *zeros = {negative_zeros != 0, positive_zeros != 0};
  return i;
}
#else
template <class Int>
int64_t SplitRegisters(const Int*, int64_t, Int**, Int**, Zeros* zeros) {
  *zeros = {false, false};
  return 0;
}
#endif

/// `numbers` and `to` hold the bits of floating-point numbers.
template <class Int>
Signs SplitSigns(const void* numbers, int64_t n, void* to) {
  const Int* bits = static_cast<const Int*>(numbers);
  Int* const begin = static_cast<Int*>(to);
  Int* front = begin;
  Int* back = begin + n;
  Zeros zeros;
  for (int64_t i = SplitRegisters(bits, n, &front, &back, &zeros); i < n; ++i) {
    const Int x = bits[i];
    zeros.negative |= x == FloatBits<Int>::kNegativeZero;
    zeros.positive |= x == 0;
    if (FloatBits<Int>::IsNan(x)) continue;
    const bool negative = x < 0;
    // One of two places is written to, without a jump.
    back -= !negative;
    *(negative ? front : back) = x;
    front += negative;
  }
  const Signs signs = {front - begin, begin + n - back, zeros};
  // Where NaN were left out, numbers from the end fill their places, and NaN take theirs.
  const int64_t num_nans = n - signs.num_negative - signs.num_positive;
  const int64_t moved = num_nans < signs.num_positive ? num_nans : signs.num_positive;
  for (int64_t i = 0; i < moved; ++i) front[i] = begin[n - moved + i];
  for (int64_t i = n - num_nans; i < n; ++i) begin[i] = kLargest<Int>;
  return signs;
}

void Range(const uint64_t* keys, int64_t n, uint64_t* low, uint64_t* high) {
  uint64_t least = keys[0], most = keys[0];
  for (int64_t i = 0; i < n; ++i) {
    least = keys[i] < least ? keys[i] : least;
    most = keys[i] > most ? keys[i] : most;
  }
  *low = least;
  *high = most;
}

void Pack(const uint64_t* keys, int64_t n, uint64_t first, int shift, int position_bits,
          int64_t* packed) {
  EMBER_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    packed[i] = static_cast<int64_t>(((keys[i] - first) >> shift << position_bits) |
                                     static_cast<uint64_t>(i));
  }
}

/// Unsigned keys of doubles for argsort: -0 as +0, NaN behind all.
void DoubleKeys(const void* numbers, int64_t n, uint64_t flip, uint64_t* keys) {
  const uint64_t* bits = static_cast<const uint64_t*>(numbers);
  constexpr uint64_t kSign = uint64_t{1} << 63;
  constexpr uint64_t kInfinity = 0x7FF0000000000000;
  EMBER_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t x = bits[i] == kSign ? 0 : bits[i];
    const uint64_t negative = static_cast<uint64_t>(static_cast<int64_t>(x) >> 63);
    const uint64_t key = (x ^ (negative | kSign)) ^ flip;
    keys[i] = (x & ~kSign) > kInfinity ? ~uint64_t{0} : key;
  }
}

#if defined(__AVX512F__)
/// Vectors with the comparisons and the compression that splitting needs.
struct Doubles {
  using Element = double;
  using Vector = __m512d;
  static constexpr int64_t kLanes = 8;
  static Vector Load(const double* x) { return _mm512_loadu_pd(x); }
  static Vector Of(double x) { return _mm512_set1_pd(x); }
  static unsigned Below(Vector x, Vector y) { return _mm512_cmp_pd_mask(x, y, _CMP_LT_OQ); }
  static unsigned Inside(Vector x, Vector low, Vector high) {
    return _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask(x, low, _CMP_GE_OQ), x, high, _CMP_LE_OQ);
  }
  static void Append(Vector x, unsigned mask, double* to) {
    _mm512_storeu_pd(to, _mm512_maskz_compress_pd(static_cast<__mmask8>(mask), x));
  }
};
struct Floats {
  using Element = float;
  using Vector = __m512;
  static constexpr int64_t kLanes = 16;
  static Vector Load(const float* x) { return _mm512_loadu_ps(x); }
  static Vector Of(float x) { return _mm512_set1_ps(x); }
  static unsigned Below(Vector x, Vector y) { return _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ); }
  static unsigned Inside(Vector x, Vector low, Vector high) {
    return _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(x, low, _CMP_GE_OQ), x, high, _CMP_LE_OQ);
  }
  static void Append(Vector x, unsigned mask, float* to) {
    _mm512_storeu_ps(to, _mm512_maskz_compress_ps(static_cast<__mmask16>(mask), x));
  }
};
#elif defined(__AVX2__)
/// Few elements are expected inside, so that they are appended one by one.
template <class T>
void AppendEach(const T* x, unsigned mask, T* to) {
  for (; mask != 0; mask &= mask - 1) *to++ = x[__builtin_ctz(mask)];
}
struct Doubles {
  using Element = double;
  using Vector = __m256d;
  static constexpr int64_t kLanes = 4;
  static Vector Load(const double* x) { return _mm256_loadu_pd(x); }
  static Vector Of(double x) { return _mm256_set1_pd(x); }
  static unsigned Below(Vector x, Vector y) {
    return static_cast<unsigned>(_mm256_movemask_pd(_mm256_cmp_pd(x, y, _CMP_LT_OQ)));
  }
  static unsigned Inside(Vector x, Vector low, Vector high) {
    const Vector inside =
        _mm256_and_pd(_mm256_cmp_pd(x, low, _CMP_GE_OQ), _mm256_cmp_pd(x, high, _CMP_LE_OQ));
    return static_cast<unsigned>(_mm256_movemask_pd(inside));
  }
  static void Append(Vector x, unsigned mask, double* to) {
    alignas(32) double elements[kLanes];
    _mm256_store_pd(elements, x);
    AppendEach(elements, mask, to);
  }
};
struct Floats {
  using Element = float;
  using Vector = __m256;
  static constexpr int64_t kLanes = 8;
  static Vector Load(const float* x) { return _mm256_loadu_ps(x); }
  static Vector Of(float x) { return _mm256_set1_ps(x); }
  static unsigned Below(Vector x, Vector y) {
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(x, y, _CMP_LT_OQ)));
  }
  static unsigned Inside(Vector x, Vector low, Vector high) {
    const Vector inside =
        _mm256_and_ps(_mm256_cmp_ps(x, low, _CMP_GE_OQ), _mm256_cmp_ps(x, high, _CMP_LE_OQ));
    return static_cast<unsigned>(_mm256_movemask_ps(inside));
  }
  static void Append(Vector x, unsigned mask, float* to) {
    alignas(32) float elements[kLanes];
    _mm256_store_ps(elements, x);
    AppendEach(elements, mask, to);
  }
};
#else
/// One element is a vector of one.
template <class T>
struct Single {
  using Element = T;
  using Vector = T;
  static constexpr int64_t kLanes = 1;
  static T Load(const T* x) { return *x; }
  static T Of(T x) { return x; }
  static unsigned Below(T x, T y) { return x < y; }
  static unsigned Inside(T x, T low, T high) { return (x >= low) & (x <= high); }
  static void Append(T x, unsigned, T* to) { *to = x; }
};
using Doubles = Single<double>;
using Floats = Single<float>;
#endif

template <class V>
int64_t Split(const typename V::Element* x, int64_t n, typename V::Element low,
              typename V::Element high, typename V::Element* inside, int64_t* num_inside) {
  const typename V::Vector lows = V::Of(low), highs = V::Of(high);
  int64_t below = 0, count = 0, i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
    const typename V::Vector elements = V::Load(x + i);
    const unsigned mask = V::Inside(elements, lows, highs);
    below += __builtin_popcount(V::Below(elements, lows));
    V::Append(elements, mask, inside + count);
    count += __builtin_popcount(mask);
  }
  for (; i < n; ++i) {
    below += x[i] < low;
    inside[count] = x[i];
    count += (x[i] >= low) & (x[i] <= high);
  }
  *num_inside = count;
  return below;
}

void FillSortKernels(SortKernels* kernels) {
  kernels->split_signs_double = &SplitSigns<int64_t>;
  kernels->split_signs_float = &SplitSigns<int32_t>;
  kernels->range = &Range;
  kernels->pack = &Pack;
  kernels->double_keys = &DoubleKeys;
  kernels->split_double = &Split<Doubles>;
  kernels->split_float = &Split<Floats>;
}

}  // namespace
}  // namespace emberharmony::backend::native
