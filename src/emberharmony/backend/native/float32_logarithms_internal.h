// log, log2, log10 and log1p of float32, quicker than SLEEF's, with less than 1.0 ulp of error
// (found by trying every float), and of the same bits on every instruction set.
//
// V is a register of floats as described in float32_kernels_internal.h.
#pragma once

#include "emberharmony/backend/native/float32_approximation_internal.h"

namespace emberharmony::backend::native {
namespace {

constexpr float kSmallestNormalF32 = 0x1p-126f;
/// Exponents as numbers are multiples of this, as their bits are.
constexpr float kExponentUnit = 0x1p+23f;
/// ln 2 in two parts; the first has few enough bits that products with exponents are exact.
constexpr float kFloatLn2High = 0x1.62e4p-1f / kExponentUnit;
constexpr float kFloatLn2Low = 0x1.7f7d1cp-20f / kExponentUnit;

/// A normal positive x is 2^k (1 + f), with 1 + f from `kLowest` (bits of a number in [1/2, 1)) to
/// twice that.
template <class V, uint32_t kLowest>
struct FloatExponent {
  typename V::Int k_bits;  // k in the exponent's place
  typename V::Vec k, f;    // k in kExponentUnit

  [[gnu::always_inline]] explicit FloatExponent(typename V::Vec x) {
    using Signed = typename V::SignedInt;
    const auto bits = V::ToBits(x);
    const auto above = bits - kLowest;
    k_bits = above & 0xff800000u;
    k = V::ToFloat(__builtin_bit_cast(Signed, k_bits));
    f = V::FromBits(bits - k_bits) - V::Set(1.0f);
  }
};

/// k ln 2 + log(1 + f).
struct FloatNaturalLog {
  static constexpr uint32_t kLowest = 0x3f333333;  // f from -0.3 to 0.4
  template <class V>
  [[gnu::always_inline]] static typename V::Vec Of(typename V::Vec k, typename V::Vec f) {
    using Vec = typename V::Vec;
    const Vec q = Polynomial<V>(f, -0x1.fffff6p-2f, 0x1.55554ep-2f, -0x1.0004f8p-2f, 0x1.99a5a6p-3f,
                                -0x1.53fe6cp-3f, 0x1.223b24p-3f, -0x1.106c38p-3f, 0x1.0a2412p-3f,
                                -0x1.368986p-4f);
    const Vec whole = k * V::Set(kFloatLn2High);
    const Vec high = whole + f;
    const Vec lost = f - (high - whole);
    return high + V::Fma(f * f, q, V::Fma(k, V::Set(kFloatLn2Low), lost));
  }
};

/// With log2(1 + f) = f kHigh + f q(f): the first product is added to k without loss, but for k =
/// -1 and the largest f, where a quarter of an ulp is lost.
struct FloatBinaryLog {
  static constexpr uint32_t kLowest = 0x3f2c0000;  // f from -0.329 to 0.344
  template <class V>
  [[gnu::always_inline]] static typename V::Vec Of(typename V::Vec k, typename V::Vec f) {
    using Vec = typename V::Vec;
    const Vec factor = V::Set(0x1.715476p+0f);  // 1 / ln 2, of which q has the rest
    const Vec q = Polynomial<V>(f, 0x1.ad768cp-26f, -0x1.715476p-1f, 0x1.ec6ff2p-2f,
                                -0x1.7154a2p-2f, 0x1.27a5ccp-2f, -0x1.ec8512p-3f, 0x1.9d1a1cp-3f,
                                -0x1.6cd38ap-3f, 0x1.a00446p-3f, -0x1.6667dp-3f);
    const Vec whole = k * V::Set(1.0f / kExponentUnit);
    const Vec high = V::Fma(f, factor, whole);
    const Vec lost = V::Fma(f, factor, whole - high);
    return high + V::Fma(f, q, lost);
  }
};

/// Likewise, with k log10 2 in two parts, of which the first is exact.
struct FloatDecimalLog {
  static constexpr uint32_t kLowest = 0x3f333333;
  template <class V>
  [[gnu::always_inline]] static typename V::Vec Of(typename V::Vec k, typename V::Vec f) {
    using Vec = typename V::Vec;
    constexpr float kTwoHigh = 0x1.344p-2f / kExponentUnit;  // log10 2
    constexpr float kTwoLow = 0x1.3509f8p-18f / kExponentUnit;
    const Vec factor = V::Set(0x1.bcb7b2p-2f);  // 1 / ln 10
    const Vec q = Polynomial<V>(f, -0x1.4a5588p-27f, -0x1.bcb7aap-3f, 0x1.287a56p-3f,
                                -0x1.bcbfap-4f, 0x1.63dd3p-4f, -0x1.276924p-4f, 0x1.f64c1ep-5f,
                                -0x1.d5b6b8p-5f, 0x1.d97b04p-5f, -0x1.249348p-5f);
    const Vec whole = k * V::Set(kTwoHigh);
    const Vec high = V::Fma(f, factor, whole);
    const Vec lost = V::Fma(f, factor, whole - high);
    return high + V::Fma(f, q, V::Fma(k, V::Set(kTwoLow), lost));
  }
};

/// Replaces what a logarithm gave for numbers that have none, or an infinite one.
template <class V>
[[gnu::always_inline]] inline typename V::Vec WithInfinities(typename V::Vec x,
                                                             typename V::Vec result) {
  const auto zero = V::Set(0.0f);
  const auto infinity = V::Set(__builtin_inff());
  // Infinity and NaN themselves are not below infinity.
  const auto finite = V::Select(V::Less(x, infinity), result, x);
  const auto not_negative = V::Select(V::Less(x, zero), V::Set(__builtin_nanf("")), finite);
  return V::Select(V::Equal(x, zero), -infinity, not_negative);
}

template <class V, class Log>
struct FloatLogarithm {
  using Vec = typename V::Vec;
  using Exponent = FloatExponent<V, Log::kLowest>;

  static Vec Do(Vec x) {
    if (!V::AllNormalPositive(x)) [[unlikely]] {
      return Rare(x);
    }
    const Exponent parts(x);
    return Log::template Of<V>(parts.k, parts.f);
  }

 private:
  [[gnu::noinline]] static Vec Rare(Vec x) {
    const auto small = V::Less(x, V::Set(kSmallestNormalF32));
    const Exponent parts(V::Select(small, x * V::Set(0x1p24f), x));
    const Vec k = V::Select(small, parts.k - V::Set(24.0f * kExponentUnit), parts.k);
    return WithInfinities<V>(x, Log::template Of<V>(k, parts.f));
  }
};
template <class V>
struct FloatLogOf : FloatLogarithm<V, FloatNaturalLog> {};
template <class V>
struct FloatLog2Of : FloatLogarithm<V, FloatBinaryLog> {};
template <class V>
struct FloatLog10Of : FloatLogarithm<V, FloatDecimalLog> {};

constexpr uint32_t kLog1pLowest = 0x3f400000;  // f from -1/4 to 1/2
/// (log(1 + f) - f) / f^2 of such f.
template <class V>
[[gnu::always_inline]] inline typename V::Vec Log1pSeries(typename V::Vec f) {
  return Polynomial<V>(f, -0x1.fffffep-2f, 0x1.555554p-2f, -0x1.00010ap-2f, 0x1.999bcep-3f,
                       -0x1.55031ep-3f, 0x1.23f668p-3f, -0x1.04d79p-3f, 0x1.e5215cp-4f,
                       -0x1.7e2d7ap-4f, 0x1.3bdd9ap-5f);
}

/// 1 + x = 2^k (1 + f), where f = x 2^-k + (2^-k - 1) is exact, or k so large that f hardly counts.
template <class V>
struct FloatLog1pOf {
  using Vec = typename V::Vec;
  using Exponent = FloatExponent<V, kLog1pLowest>;

  static Vec Do(Vec x) {
    const auto inside = V::And(V::Less(V::Set(-1.0f), x), V::Less(x, V::Set(0x1p+100f)));
    if (!V::All(inside)) [[unlikely]] {
      return Rare(x);
    }
    const Exponent parts(x + V::Set(1.0f));
    return V::OrSign(Of(parts.k, Difference(x, parts)), x);
  }

 private:
  [[gnu::always_inline]] static Vec Difference(Vec x, const Exponent& parts) {
    const Vec scale = V::FromBits(0x3f800000 - parts.k_bits);
    return V::Fma(x, scale, scale - V::Set(1.0f));
  }

  [[gnu::always_inline]] static Vec Of(Vec k, Vec f) {
    const Vec q = Log1pSeries<V>(f);
    const Vec whole = k * V::Set(kFloatLn2High);
    const Vec high = whole + f;
    const Vec lost = f - (high - whole);
    return high + V::Fma(f * f, q, V::Fma(k, V::Set(kFloatLn2Low), lost));
  }

  /// Beyond 2^60, 1 + x is x.
  [[gnu::noinline]] static Vec Rare(Vec x) {
    const Vec sum = x + V::Set(1.0f);
    const Exponent parts(sum);
    const Vec f = V::Select(V::Less(V::Set(0x1p+60f), x), parts.f, Difference(x, parts));
    const Vec result = WithInfinities<V>(sum, Of(parts.k, f));
    return V::OrSign(result, x);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
