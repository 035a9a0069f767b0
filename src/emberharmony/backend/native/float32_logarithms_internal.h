// log, log2, log10, log1p and pow of float32, quicker than SLEEF's, with at most 1.0 ulp of error
// (of the functions of one number found by trying every float), and of the same bits on every
// instruction set.
//
// V is a register of floats and W one of floats computed with as doubles, as described in
// float32_kernels_internal.h.
#pragma once

#include "emberharmony/backend/native/float32_approximation_internal.h"

namespace emberharmony::backend::native {
namespace {

constexpr float kSmallestNormalF32 = 0x1p-126f;
constexpr float kLargestF32 = 0x1.fffffep+127f;
/// ln 2 in two parts; the first has few enough bits that products with exponents are exact.
constexpr float kFloatLn2High = 0x1.62e4p-1f;
constexpr float kFloatLn2Low = 0x1.7f7d1cp-20f;

/// A normal positive x is 2^k (1 + f), with 1 + f from `kLowest` (bits of a number in [1/2, 1)) to
/// twice that.
template <class V, uint32_t kLowest>
struct FloatExponent {
  typename V::Int k_bits;  // k in the exponent's place
  typename V::Vec k, f;

  [[gnu::always_inline]] explicit FloatExponent(typename V::Vec x) {
    using Signed = typename V::SignedInt;
    const auto bits = V::ToBits(x);
    const auto above = bits - kLowest;
    k = V::ToFloat(__builtin_bit_cast(Signed, above) >> 23);
    k_bits = above & 0xff800000u;
    f = V::FromBits(bits - k_bits) - V::Set(1.0f);
  }
};

/// log of normal positive numbers, + more ln 2.
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
    const Vec high = V::Fma(f, factor, k);
    const Vec lost = V::Fma(f, factor, k - high);
    return high + V::Fma(f, q, lost);
  }
};

/// Likewise, with k log10 2 in two parts, of which the first is exact.
struct FloatDecimalLog {
  static constexpr uint32_t kLowest = 0x3f333333;
  template <class V>
  [[gnu::always_inline]] static typename V::Vec Of(typename V::Vec k, typename V::Vec f) {
    using Vec = typename V::Vec;
    constexpr float kTwoHigh = 0x1.344p-2f, kTwoLow = 0x1.3509f8p-18f;  // log10 2
    const Vec factor = V::Set(0x1.bcb7b2p-2f);                          // 1 / ln 10
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
    if (!V::AllNormalPositive(x)) [[unlikely]]
      return Rare(x);
    const Exponent parts(x);
    return Log::template Of<V>(parts.k, parts.f);
  }

 private:
  [[gnu::noinline]] static Vec Rare(Vec x) {
    const auto small = V::Less(x, V::Set(kSmallestNormalF32));
    const Exponent parts(V::Select(small, x * V::Set(0x1p24f), x));
    const Vec k = V::Select(small, parts.k - V::Set(24.0f), parts.k);
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
    if (!V::All(inside)) [[unlikely]]
      return Rare(x);
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

// [45/64, 45/32) is cut into 16 intervals, of which one has 1 inside. By interval: about 1 / its
// middle, in so few bits that products with floats are exact, and minus the binary logarithm of
// that.
alignas(64) constexpr double kPowInverses[16] = {
    0x1.64p+0,  0x1.554p+0, 0x1.478p+0, 0x1.3bp+0, 0x1.2f4p+0, 0x1.248p+0, 0x1.1a4p+0, 0x1.11p+0,
    0x1.084p+0, 0x1.0p+0,   0x1.e1cp-1, 0x1.c7p-1, 0x1.afp-1,  0x1.998p-1, 0x1.86p-1,  0x1.744p-1};
alignas(64) constexpr double kPowLogs[16] = {-0x1.e726aa1e754d2p-2, -0x1.a8a33f17b442bp-2,
                                             -0x1.6be12866f820dp-2, -0x1.32639636b2836p-2,
                                             -0x1.f47506c15781bp-3, -0x1.89d0d0ab430cdp-3,
                                             -0x1.206b5bde2f8b8p-3, -0x1.7beee96b8a281p-4,
                                             -0x1.76dcf723ab46ap-5, 0x0.0p+0,
                                             0x1.67defd4dd4c18p-4,  0x1.5cba53a0762edp-3,
                                             0x1.fcd677e5ac81dp-3,  0x1.4a03dcbd2e1bep-2,
                                             0x1.921800924dd3bp-2,  0x1.d6e8acea8c8c8p-2};
/// 2^(i / 16), less i in the bits from the 48th on: an integer with i in its last four bits, moved
/// there and added, gives 2 to the sixteenth part of that integer.
alignas(64) constexpr double kPowersOfTwo[16] = {
    0x1.0000000000000p+0, 0x1.fb5586cf9890fp-1, 0x1.f72b83c7d517bp-1, 0x1.f387a6e756238p-1,
    0x1.f06fe0a31b715p-1, 0x1.edea64c123422p-1, 0x1.ebfdad5362a27p-1, 0x1.eab07dd485429p-1,
    0x1.ea09e667f3bcdp-1, 0x1.ea11473eb0187p-1, 0x1.eace5422aa0dbp-1, 0x1.ec49182a3f090p-1,
    0x1.ee89f995ad3adp-1, 0x1.f199bdd85529cp-1, 0x1.f5818dcfba487p-1, 0x1.fa4afa2a490dap-1};

/// x^y = 2^(y log2 x), in doubles.
template <class W>
struct FloatPowOf {
  using Vec = typename W::Vec;
  using Mask = typename W::Mask;

  static Vec Do(Vec x, Vec y) {
    const Vec power = y * Log2(x);
    if (!W::All(Ordinary(x, power))) [[unlikely]]
      return Rare(x, y);
    return Exp2(power);
  }

 private:
  /// Positive finite numbers whose power does not leave the range of doubles.
  [[gnu::always_inline]] static Mask Ordinary(Vec x, Vec power) {
    return W::And(W::And(W::Less(W::Set(0.0), x), W::Less(x, W::Set(0x1p+128))),
                  W::Less(W::Abs(power), W::Set(1000.0)));
  }

  /// x is 2^k z, with z in one of the intervals. Floats are normal as doubles.
  [[gnu::always_inline]] static Vec Log2(Vec x) {
    constexpr uint64_t kLowest = 0x3fe6800000000000;  // the bits of 45/64
    const auto bits = W::ToBits(x);
    const auto above = bits - kLowest;
    const auto index = above >> 48;
    const auto k_bits = above & (uint64_t{0xfff} << 52);
    const Vec z = W::FromBits(bits - k_bits);
    const Vec r = W::Fma(z, W::Look(kPowInverses, index), W::Set(-1.0));
    const Vec q =
        Polynomial<W>(r, 0x1.71547652beca8p+0, -0x1.71547652fd8d9p-1, 0x1.ec709655f8339p-2,
                      -0x1.71546898d2a3bp-2, 0x1.27c5fb684b07fp-2, -0x1.ed297d1d4b7dfp-3);
    const Vec whole =
        W::Fma(W::ExponentToNumber(k_bits), W::Set(0x1p-52), W::Look(kPowLogs, index));
    return W::Fma(r, q, whole);
  }

  [[gnu::always_inline]] static Vec Exp2(Vec power) {
    constexpr double kRounder = 0x1.8p48;  // leaves the nearest sixteenth
    const Vec shifted = power + W::Set(kRounder);
    const Vec r = power - (shifted - W::Set(kRounder));
    const auto bits = W::ToBits(shifted);
    const Vec scale = W::FromBits(W::ToBits(W::Look(kPowersOfTwo, bits)) + (bits << 48));
    const Vec q =
        Polynomial<W>(r, 0x1.62e42feb1f4cbp-1, 0x1.ebfff4157c8b4p-3, 0x1.c6b46996ba814p-5);
    return W::Fma(scale, r * q, scale);
  }

  /// Negative bases have powers of their magnitude, or none; what is zero or infinite, or a NaN, is
  /// left to the library's pow, which knows its many cases.
  [[gnu::noinline]] static Vec Rare(Vec x, Vec y) {
    const Vec magnitude = W::Abs(x);
    const Vec power = y * Log2(magnitude);
    const Mask ordinary = Ordinary(magnitude, power);
    double bases[W::kLanes], exponents[W::kLanes], powers[W::kLanes], results[W::kLanes];
    W::StoreNumbers(bases, x);
    W::StoreNumbers(exponents, y);
    W::StoreNumbers(powers, W::Select(ordinary, power, W::Set(2000.0)));
    W::StoreNumbers(results, Exp2(W::Select(ordinary, power, W::Set(0.0))));
    for (int j = 0; j < W::kLanes; ++j) {
      if (powers[j] == 2000.0) {
        results[j] = __builtin_pow(bases[j], exponents[j]);
      } else if (bases[j] < 0) {
        const double half = 0.5 * exponents[j];
        const bool whole = __builtin_trunc(exponents[j]) == exponents[j];
        const bool odd = __builtin_trunc(half) != half;
        results[j] = whole ? (odd ? -results[j] : results[j]) : __builtin_nan("");
      }
    }
    return W::LoadNumbers(results);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
