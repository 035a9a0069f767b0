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
  template <class V>
  using Parts = FloatExponent<V, 0x3f333333>;  // f from -0.3 to 0.4
  template <class V>
  [[gnu::always_inline]] static typename V::Vec Of(typename V::Vec k, Parts<V> parts) {
    using Vec = typename V::Vec;
    const Vec f = parts.f;
    const Vec q = Polynomial<V>(f, -0x1.fffff6p-2f, 0x1.55554ep-2f, -0x1.0004f8p-2f, 0x1.99a5a6p-3f,
                                -0x1.53fe6cp-3f, 0x1.223b24p-3f, -0x1.106c38p-3f, 0x1.0a2412p-3f,
                                -0x1.368986p-4f);
    const Vec whole = k * V::Set(kFloatLn2High);
    const Vec high = whole + f;
    const Vec lost = f - (high - whole);
    return high + V::Fma(f * f, q, V::Fma(k, V::Set(kFloatLn2Low), lost));
  }
};

/// A normal positive x is 2^k z, with z from 3/4 to 3/2.
template <class V>
struct FloatMantissa {
  typename V::Vec k, z;  // k in kExponentUnit

  [[gnu::always_inline]] explicit FloatMantissa(typename V::Vec x) : z(V::NearOne(x)) {
    k = V::ToFloat(__builtin_bit_cast(typename V::SignedInt, V::ToBits(x) - V::ToBits(z)));
  }
};

// [3/4, 3/2) is cut into 32 intervals by a mantissa's first five bits, those next to 1 the first
// and the last one. Of each there are an inverse near its middle's, and the logarithm of 1 /
// inverse: the inverse is chosen so that this is a multiple of 2^-16 (of the decimal one 2^-18) but
// for an eighth of the last bit of any result, and so the sum of it and of k's is exact.
alignas(64) constexpr float kBinaryLogInverses[32] = {
    0x1.0p+0f,      0x1.eb5b6ap-1f, 0x1.da61fep-1f, 0x1.cd2144p-1f, 0x1.c13ad4p-1f, 0x1.b5be44p-1f,
    0x1.aa94fap-1f, 0x1.9e356ap-1f, 0x1.94c47cp-1f, 0x1.8a615ap-1f, 0x1.819744p-1f, 0x1.789b58p-1f,
    0x1.708a72p-1f, 0x1.689b08p-1f, 0x1.608076p-1f, 0x1.574cb6p-1f, 0x1.51eaecp+0f, 0x1.4b0176p+0f,
    0x1.446c7ep+0f, 0x1.3d0852p+0f, 0x1.386ea4p+0f, 0x1.30dd96p+0f, 0x1.2cdbbep+0f, 0x1.274a8p+0f,
    0x1.21a49p+0f,  0x1.1cd638p+0f, 0x1.173496p+0f, 0x1.13f19cp+0f, 0x1.0f658ap+0f, 0x1.0929b8p+0f,
    0x1.047b62p+0f, 0x1.0p+0f};
alignas(64) constexpr float kBinaryLogs[32] = {
    0x0.0p+0f,    0x1.e66p-5f,   0x1.c2fp-4f,   0x1.353p-3f,   0x1.827p-3f,   0x1.cef8p-3f,
    0x1.0da4p-2f, 0x1.392p-2f,   0x1.5b3p-2f,   0x1.8198p-2f,  0x1.a2e4p-2f,  0x1.c5b8p-2f,
    0x1.e5b4p-2f, 0x1.02eep-1f,  0x1.13b8p-1f,  0x1.2742p-1f,  -0x1.9a24p-2f, -0x1.7b9cp-2f,
    -0x1.5dfp-2f, -0x1.3be4p-2f, -0x1.264cp-2f, -0x1.0214p-2f, -0x1.dd1p-3f,  -0x1.a5ep-3f,
    -0x1.6cdp-3f, -0x1.3b6p-3f,  -0x1.006p-3f,  -0x1.bb5p-4f,  -0x1.592p-4f,  -0x1.9fap-5f,
    -0x1.9a4p-6f, 0x0.0p+0f};
alignas(64) constexpr float kDecimalLogInverses[32] = {
    0x1.0p+0f,      0x1.ec334ep-1f, 0x1.ddf52ap-1f, 0x1.cd40f6p-1f, 0x1.c13e02p-1f, 0x1.b5454cp-1f,
    0x1.aa03cp-1f,  0x1.9f4464p-1f, 0x1.93ca14p-1f, 0x1.8ba878p-1f, 0x1.8328ep-1f,  0x1.773526p-1f,
    0x1.70f226p-1f, 0x1.672d5ep-1f, 0x1.60acb4p-1f, 0x1.5768bep-1f, 0x1.51ad7p+0f,  0x1.499d9ep+0f,
    0x1.43dd4ap+0f, 0x1.3ec978p+0f, 0x1.383e76p+0f, 0x1.31fa4ap+0f, 0x1.2cb3c6p+0f, 0x1.25b81ep+0f,
    0x1.21f764p+0f, 0x1.1c896ap+0f, 0x1.173ee2p+0f, 0x1.122bbep+0f, 0x1.0edb0ep+0f, 0x1.0871e8p+0f,
    0x1.046a6cp+0f, 0x1.0p+0f};
alignas(64) constexpr float kDecimalLogs[32] = {
    0x0.0p+0f,     0x1.18ap-6f,  0x1.e99p-6f,   0x1.7358p-5f,  0x1.d138p-5f,  0x1.18a8p-4f,
    0x1.470cp-4f,  0x1.748p-4f,  0x1.a65cp-4f,  0x1.ca8cp-4f,  0x1.f12cp-4f,  0x1.147ap-3f,
    0x1.2372p-3f,  0x1.3b5p-3f,  0x1.4b9p-3f,   0x1.633ep-3f,  -0x1.ec98p-4f, -0x1.c19cp-4f,
    -0x1.a24cp-4f, -0x1.863p-4f, -0x1.614cp-4f, -0x1.3d3cp-4f, -0x1.1e4cp-4f, -0x1.e9p-5f,
    -0x1.bb4p-5f,  -0x1.78p-5f,  -0x1.3538p-5f, -0x1.e7fp-6f,  -0x1.916p-6f,  -0x1.cdep-7f,
    -0x1.e6cp-8f,  0x0.0p+0f};

/// What comes before an interval's bits.
constexpr int kIntervalShift = 18;

/// log2 of 2^k z = k + log2(1 / inverse) + log2(1 + r), where 1 + r = z inverse.
struct FloatBinaryLog {
  template <class V>
  using Parts = FloatMantissa<V>;
  template <class V>
  [[gnu::always_inline]] static typename V::Vec Of(typename V::Vec k, Parts<V> parts) {
    using Vec = typename V::Vec;
    const auto index = V::ToBits(parts.z) >> kIntervalShift;
    const Vec r = V::Fma(parts.z, V::Look(kBinaryLogInverses, index), V::Set(-1.0f));
    const Vec factor = V::Set(0x1.715476p+0f);  // 1 / ln 2, of which q has the rest
    const Vec q =
        Polynomial<V>(r, 0x1.38d49p-27f, -0x1.7154b4p-1f, 0x1.ec948ep-2f, -0x1.6b115cp-2f);
    const Vec whole = V::Fma(k, V::Set(1.0f / kExponentUnit), V::Look(kBinaryLogs, index));
    return whole + V::Fma(r, factor, r * q);
  }
};

/// Likewise, with log10 2 in two parts, of which the first has so few bits that its products with k
/// are exact.
struct FloatDecimalLog {
  template <class V>
  using Parts = FloatMantissa<V>;
  template <class V>
  [[gnu::always_inline]] static typename V::Vec Of(typename V::Vec k, Parts<V> parts) {
    using Vec = typename V::Vec;
    constexpr float kTwoHigh = 0x1.3441p-2f / kExponentUnit;  // log10 2
    constexpr float kTwoLow = 0x1.a84fbcp-21f / kExponentUnit;
    const auto index = V::ToBits(parts.z) >> kIntervalShift;
    const Vec r = V::Fma(parts.z, V::Look(kDecimalLogInverses, index), V::Set(-1.0f));
    const Vec factor = V::Set(0x1.bcb7b2p-2f);  // 1 / ln 10
    const Vec q =
        Polynomial<V>(r, -0x1.c33d7ep-27f, -0x1.bcb7fcp-3f, 0x1.28900ep-3f, -0x1.b5277ep-4f);
    const Vec whole = V::Fma(k, V::Set(kTwoHigh), V::Look(kDecimalLogs, index));
    return whole + V::Fma(r, factor, V::Fma(r, q, k * V::Set(kTwoLow)));
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
  using Parts = typename Log::template Parts<V>;

  static Vec Do(Vec x) {
    if (!V::AllNormalPositive(x)) [[unlikely]] {
      return Rare(x);
    }
    const Parts parts(x);
    return Log::template Of<V>(parts.k, parts);
  }

 private:
  [[gnu::noinline]] static Vec Rare(Vec x) {
    const auto small = V::Less(x, V::Set(kSmallestNormalF32));
    const Parts parts(V::Select(small, x * V::Set(0x1p24f), x));
    const Vec k = V::Select(small, parts.k - V::Set(24.0f * kExponentUnit), parts.k);
    return WithInfinities<V>(x, Log::template Of<V>(k, parts));
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
