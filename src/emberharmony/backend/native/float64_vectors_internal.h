// A register of float64, of EMBER_VECTOR_BYTES (8, 32 or 64), which the including file defines, and
// what the kernels of elementary functions do with it beyond + - * / on numbers and + - & | << >>
// on bits. See loops_internal.h on linkage.
//
// Each operation is an IEEE operation, a fused multiply-add, a selection or one on bits, so a
// function written with these alone has the same bits for every size of register.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace emberharmony::backend::native {
namespace {

#if EMBER_VECTOR_BYTES == 64

struct Register {
  static constexpr int kLanes = 8;
  using Element = double;
  using Vec [[gnu::vector_size(64)]] = double;
  using Bits [[gnu::vector_size(64)]] = uint64_t;
  using Mask = __mmask8;

  static Vec Load(const double* p) { return (Vec)_mm512_loadu_pd(p); }
  static void Store(double* p, Vec x) { _mm512_storeu_pd(p, (__m512d)x); }
  static Vec Set(double x) { return (Vec)_mm512_set1_pd(x); }
  static Vec Fma(Vec x, Vec y, Vec z) {
    return (Vec)_mm512_fmadd_pd((__m512d)x, (__m512d)y, (__m512d)z);
  }
  static Bits BitsOf(Vec x) { return __builtin_bit_cast(Bits, x); }
  static Vec FromBits(Bits x) { return __builtin_bit_cast(Vec, x); }
  static Vec Sqrt(Vec x) { return (Vec)_mm512_maskz_sqrt_pd(0xff, (__m512d)x); }
  static Mask Less(Vec x, Vec y) { return _mm512_cmp_pd_mask((__m512d)x, (__m512d)y, _CMP_LT_OQ); }
  static Mask LessEqual(Vec x, Vec y) {
    return _mm512_cmp_pd_mask((__m512d)x, (__m512d)y, _CMP_LE_OQ);
  }
  /// Not x < y: also where one is NaN.
  static Mask NotLess(Vec x, Vec y) {
    return _mm512_cmp_pd_mask((__m512d)x, (__m512d)y, _CMP_NLT_UQ);
  }
  /// The mask without lanes where x is -0.
  static Mask ButMinusZero(Mask mask, Vec x) {
    constexpr int kMinusZero = 4;
    return mask & ~_mm512_fpclass_pd_mask((__m512d)x, kMinusZero);
  }
  static Mask LessBits(Bits x, uint64_t y) {
    return _mm512_cmplt_epu64_mask((__m512i)x, _mm512_set1_epi64(static_cast<int64_t>(y)));
  }
  static Mask Both(Mask x, Mask y) { return x & y; }
  static bool All(Mask mask) { return __builtin_expect(mask == 0xff, 1); }
  static Vec Pick(Mask mask, Vec yes, Vec no) {
    return (Vec)_mm512_mask_blend_pd(mask, (__m512d)no, (__m512d)yes);
  }
  static Vec Min(Vec x, Vec y) { return (Vec)_mm512_maskz_min_pd(0xff, (__m512d)x, (__m512d)y); }
  static Vec Max(Vec x, Vec y) { return (Vec)_mm512_maskz_max_pd(0xff, (__m512d)x, (__m512d)y); }
  static Vec WithSign(Vec magnitude, Vec sign) {
    constexpr int kSecondWhereFirst = 0xd8;  // of (second, third) by the bits of the first
    const __m512i bit = _mm512_set1_epi64(INT64_MIN);
    return (Vec)_mm512_ternarylogic_epi64((__m512i)magnitude, (__m512i)sign, bit,
                                          kSecondWhereFirst);
  }
  static Vec TimesSign(Vec x, Vec sign) {
    return FromBits(BitsOf(x) ^ (BitsOf(sign) & (uint64_t{1} << 63)));
  }
  static Vec TopBitsAsNumber(Bits x) {
    return (Vec)_mm512_maskz_cvtepi64_pd(0xff, _mm512_maskz_srai_epi64(0xff, (__m512i)x, 52));
  }
  /// floor(log2(x)) of normal positive x.
  static Vec ExponentOf(Vec x) { return (Vec)_mm512_maskz_getexp_pd(0xff, (__m512d)x); }
  static Vec Look16(const double* table, Bits index) {
    return (Vec)_mm512_permutex2var_pd(_mm512_load_pd(table), (__m512i)index,
                                       _mm512_load_pd(table + 8));
  }
  static Vec Look32(const double* table, Bits index) {
    const Mask upper = _mm512_test_epi64_mask((__m512i)index, _mm512_set1_epi64(16));
    return Pick(upper, Look16(table + 16, index), Look16(table, index));
  }
};

#elif EMBER_VECTOR_BYTES == 32

struct Register {
  static constexpr int kLanes = 4;
  using Element = double;
  using Vec [[gnu::vector_size(32)]] = double;
  using Bits [[gnu::vector_size(32)]] = uint64_t;
  using Mask = Vec;

  static Vec Load(const double* p) { return (Vec)_mm256_loadu_pd(p); }
  static void Store(double* p, Vec x) { _mm256_storeu_pd(p, (__m256d)x); }
  static Vec Set(double x) { return (Vec)_mm256_set1_pd(x); }
  static Vec Fma(Vec x, Vec y, Vec z) {
    return (Vec)_mm256_fmadd_pd((__m256d)x, (__m256d)y, (__m256d)z);
  }
  static Bits BitsOf(Vec x) { return __builtin_bit_cast(Bits, x); }
  static Vec FromBits(Bits x) { return __builtin_bit_cast(Vec, x); }
  static Vec Sqrt(Vec x) { return (Vec)_mm256_sqrt_pd((__m256d)x); }
  static Mask Less(Vec x, Vec y) { return (Vec)_mm256_cmp_pd((__m256d)x, (__m256d)y, _CMP_LT_OQ); }
  static Mask LessEqual(Vec x, Vec y) {
    return (Vec)_mm256_cmp_pd((__m256d)x, (__m256d)y, _CMP_LE_OQ);
  }
  static Mask NotLess(Vec x, Vec y) {
    return (Vec)_mm256_cmp_pd((__m256d)x, (__m256d)y, _CMP_NLT_UQ);
  }
  static Mask ButMinusZero(Mask mask, Vec x) {
    const __m256i zero = _mm256_set1_epi64x(INT64_MIN);
    return (Vec)_mm256_andnot_pd((__m256d)_mm256_cmpeq_epi64((__m256i)x, zero), (__m256d)mask);
  }
  /// x < y of numbers without sign, by comparing them with their upper bits turned.
  static Mask LessBits(Bits x, uint64_t y) {
    constexpr uint64_t kTop = uint64_t{1} << 63;
    return (Vec)_mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<int64_t>(y ^ kTop)),
                                   (__m256i)(x ^ kTop));
  }
  static Mask Both(Mask x, Mask y) { return (Vec)_mm256_and_pd((__m256d)x, (__m256d)y); }
  static bool All(Mask mask) {
    return __builtin_expect(_mm256_movemask_pd((__m256d)mask) == 15, 1);
  }
  static Vec Pick(Mask mask, Vec yes, Vec no) {
    return (Vec)_mm256_blendv_pd((__m256d)no, (__m256d)yes, (__m256d)mask);
  }
  static Vec Min(Vec x, Vec y) { return (Vec)_mm256_min_pd((__m256d)x, (__m256d)y); }
  static Vec Max(Vec x, Vec y) { return (Vec)_mm256_max_pd((__m256d)x, (__m256d)y); }
  static Vec WithSign(Vec magnitude, Vec sign) {
    const __m256d bit = _mm256_set1_pd(-0.0);
    return (Vec)_mm256_or_pd(_mm256_andnot_pd(bit, (__m256d)magnitude),
                             _mm256_and_pd(bit, (__m256d)sign));
  }
  static Vec TimesSign(Vec x, Vec sign) {
    return FromBits(BitsOf(x) ^ (BitsOf(sign) & (uint64_t{1} << 63)));
  }
  static Vec TopBitsAsNumber(Bits x) {
    // The number plus 2048 without sign, in the low bits of 2^52.
    const Bits moved = ((x ^ (uint64_t{1} << 63)) >> 52) | (uint64_t{0x433} << 52);
    return (Vec)moved - (0x1p52 + 2048);
  }
  static Vec ExponentOf(Vec x) { return TopBitsAsNumber(BitsOf(x) - (uint64_t{1023} << 52)); }
  static Vec Look16(const double* table, Bits index) {
    return (Vec)_mm256_i64gather_pd(table, (__m256i)(index & 15), 8);
  }
  static Vec Look32(const double* table, Bits index) {
    return (Vec)_mm256_i64gather_pd(table, (__m256i)(index & 31), 8);
  }
};

#else

struct Register {
  static constexpr int kLanes = 1;
  using Element = double;
  using Vec = double;
  using Bits = uint64_t;
  using Mask = bool;

  static Vec Load(const double* p) { return *p; }
  static void Store(double* p, Vec x) { *p = x; }
  static Vec Set(double x) { return x; }
  static Vec Fma(Vec x, Vec y, Vec z) { return __builtin_fma(x, y, z); }
  static Bits BitsOf(Vec x) { return __builtin_bit_cast(Bits, x); }
  static Vec FromBits(Bits x) { return __builtin_bit_cast(Vec, x); }
  static Vec Sqrt(Vec x) { return __builtin_sqrt(x); }
  static Mask Less(Vec x, Vec y) { return x < y; }
  static Mask LessEqual(Vec x, Vec y) { return x <= y; }
  static Mask NotLess(Vec x, Vec y) { return !(x < y); }
  static Mask ButMinusZero(Mask mask, Vec x) { return mask && (x != 0 || !__builtin_signbit(x)); }
  static Mask LessBits(Bits x, uint64_t y) { return x < y; }
  static Mask Both(Mask x, Mask y) { return x && y; }
  static bool All(Mask mask) { return __builtin_expect(mask, 1); }
  static Vec Pick(Mask mask, Vec yes, Vec no) { return mask ? yes : no; }
  static Vec Min(Vec x, Vec y) { return x < y ? x : y; }
  static Vec Max(Vec x, Vec y) { return x > y ? x : y; }
  static Vec WithSign(Vec magnitude, Vec sign) { return __builtin_copysign(magnitude, sign); }
  static Vec TimesSign(Vec x, Vec sign) {
    return FromBits(BitsOf(x) ^ (BitsOf(sign) & (uint64_t{1} << 63)));
  }
  static Vec TopBitsAsNumber(Bits x) { return static_cast<double>(static_cast<int64_t>(x) >> 52); }
  static Vec ExponentOf(Vec x) { return TopBitsAsNumber(BitsOf(x) - (uint64_t{1023} << 52)); }
  static Vec Look16(const double* table, Bits index) { return table[index & 15]; }
  static Vec Look32(const double* table, Bits index) { return table[index & 31]; }
};

#endif

#if EMBER_VECTOR_BYTES == 64

#define EMBER_INLINE [[gnu::always_inline]] inline

/// Two registers that go through a function side by side: one alone leaves the processor waiting
/// for its results.
template <class R>
struct Two {
  R a, b;

  EMBER_INLINE friend Two operator+(Two x, Two y) { return {x.a + y.a, x.b + y.b}; }
  EMBER_INLINE friend Two operator-(Two x, Two y) { return {x.a - y.a, x.b - y.b}; }
  EMBER_INLINE friend Two operator*(Two x, Two y) { return {x.a * y.a, x.b * y.b}; }
  EMBER_INLINE friend Two operator/(Two x, Two y) { return {x.a / y.a, x.b / y.b}; }
  EMBER_INLINE friend Two operator-(Two x) { return {-x.a, -x.b}; }
  template <class Y>
  EMBER_INLINE friend Two operator+(Two x, Y y) {
    return {x.a + y, x.b + y};
  }
  template <class Y>
  EMBER_INLINE friend Two operator-(Two x, Y y) {
    return {x.a - y, x.b - y};
  }
  template <class X>
  EMBER_INLINE friend Two operator-(X x, Two y) {
    return {x - y.a, x - y.b};
  }
  template <class Y>
  EMBER_INLINE friend Two operator*(Two x, Y y) {
    return {x.a * y, x.b * y};
  }
  template <class X>
  EMBER_INLINE friend Two operator/(X x, Two y) {
    return {x / y.a, x / y.b};
  }
  EMBER_INLINE friend Two operator|(Two x, uint64_t y) { return {x.a | y, x.b | y}; }
  EMBER_INLINE friend Two operator&(Two x, uint64_t y) { return {x.a & y, x.b & y}; }
  EMBER_INLINE friend Two operator<<(Two x, int y) { return {x.a << y, x.b << y}; }
  EMBER_INLINE friend Two operator>>(Two x, int y) { return {x.a >> y, x.b >> y}; }
};

template <class One>
struct Doubled {
  static constexpr int kLanes = 2 * One::kLanes;
  using Element = double;
  using Vec = Two<typename One::Vec>;
  using Bits = Two<typename One::Bits>;
  struct Mask {
    typename One::Mask a, b;
  };

  EMBER_INLINE static Vec Load(const double* p) {
    return {One::Load(p), One::Load(p + One::kLanes)};
  }
  EMBER_INLINE static void Store(double* p, Vec x) {
    One::Store(p, x.a);
    One::Store(p + One::kLanes, x.b);
  }
  EMBER_INLINE static Vec Set(double x) { return {One::Set(x), One::Set(x)}; }
  EMBER_INLINE static Vec Fma(Vec x, Vec y, Vec z) {
    return {One::Fma(x.a, y.a, z.a), One::Fma(x.b, y.b, z.b)};
  }
  EMBER_INLINE static Vec Sqrt(Vec x) { return {One::Sqrt(x.a), One::Sqrt(x.b)}; }
  EMBER_INLINE static Mask Less(Vec x, Vec y) { return {One::Less(x.a, y.a), One::Less(x.b, y.b)}; }
  EMBER_INLINE static Mask LessEqual(Vec x, Vec y) {
    return {One::LessEqual(x.a, y.a), One::LessEqual(x.b, y.b)};
  }
  EMBER_INLINE static Mask NotLess(Vec x, Vec y) {
    return {One::NotLess(x.a, y.a), One::NotLess(x.b, y.b)};
  }
  EMBER_INLINE static Mask ButMinusZero(Mask mask, Vec x) {
    return {One::ButMinusZero(mask.a, x.a), One::ButMinusZero(mask.b, x.b)};
  }
  EMBER_INLINE static Vec ExponentOf(Vec x) { return {One::ExponentOf(x.a), One::ExponentOf(x.b)}; }
  EMBER_INLINE static Mask LessBits(Bits x, uint64_t y) {
    return {One::LessBits(x.a, y), One::LessBits(x.b, y)};
  }
  EMBER_INLINE static Mask Both(Mask x, Mask y) {
    return {One::Both(x.a, y.a), One::Both(x.b, y.b)};
  }
  EMBER_INLINE static bool All(Mask mask) { return One::All(One::Both(mask.a, mask.b)); }
  EMBER_INLINE static Vec Pick(Mask mask, Vec yes, Vec no) {
    return {One::Pick(mask.a, yes.a, no.a), One::Pick(mask.b, yes.b, no.b)};
  }
  EMBER_INLINE static Vec Min(Vec x, Vec y) { return {One::Min(x.a, y.a), One::Min(x.b, y.b)}; }
  EMBER_INLINE static Vec Max(Vec x, Vec y) { return {One::Max(x.a, y.a), One::Max(x.b, y.b)}; }
  EMBER_INLINE static Vec WithSign(Vec magnitude, Vec sign) {
    return {One::WithSign(magnitude.a, sign.a), One::WithSign(magnitude.b, sign.b)};
  }
  EMBER_INLINE static Vec TimesSign(Vec x, Vec sign) {
    return {One::TimesSign(x.a, sign.a), One::TimesSign(x.b, sign.b)};
  }
  EMBER_INLINE static Vec TopBitsAsNumber(Bits x) {
    return {One::TopBitsAsNumber(x.a), One::TopBitsAsNumber(x.b)};
  }
  EMBER_INLINE static Vec Look16(const double* table, Bits index) {
    return {One::Look16(table, index.a), One::Look16(table, index.b)};
  }
  EMBER_INLINE static Vec Look32(const double* table, Bits index) {
    return {One::Look32(table, index.a), One::Look32(table, index.b)};
  }
  EMBER_INLINE static Bits BitsOf(Vec x) { return {One::BitsOf(x.a), One::BitsOf(x.b)}; }
  EMBER_INLINE static Vec FromBits(Bits x) { return {One::FromBits(x.a), One::FromBits(x.b)}; }
};

using Float64 = Doubled<Register>;

#undef EMBER_INLINE

#else

using Float64 = Register;

#endif

using V = Float64;
using Vec = V::Vec;
using Bits = V::Bits;

[[gnu::always_inline]] inline Bits BitsOf(Vec x) { return V::BitsOf(x); }
[[gnu::always_inline]] inline Vec FromBits(Bits x) { return V::FromBits(x); }
[[gnu::always_inline]] inline Vec Abs(Vec x) { return FromBits(BitsOf(x) & ~(uint64_t{1} << 63)); }

/// A register from itself or from a number.
template <class T>
[[gnu::always_inline]] inline Vec Spread(T x) {
  if constexpr (sizeof(T) == sizeof(Vec)) {
    return x;
  } else {
    return V::Set(x);
  }
}
/// x y + z, rounded once.
template <class Y, class Z>
[[gnu::always_inline]] inline Vec Fma(Vec x, Y y, Z z) {
  return V::Fma(x, Spread(y), Spread(z));
}

/// c[0] + c[1] x + c[2] x^2 + c[3] x^3.
[[gnu::always_inline]] inline Vec Cubic(const double* c, Vec x, Vec x2) {
  return Fma(Fma(x, c[3], c[2]), x2, Fma(x, c[1], c[0]));
}

/// Added to a number of small magnitude it leaves the nearest integer in the low bits.
constexpr double kRounder = 0x1.8p52;

}  // namespace
}  // namespace emberharmony::backend::native
