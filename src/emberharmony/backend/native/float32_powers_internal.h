// pow and logaddexp of float32, with less than 1.0 ulp of error, and of the same bits on every
// instruction set: with sums of two floats, and with doubles.
//
// V is a register of floats and W one of floats computed with as doubles, as described in
// float32_kernels_internal.h.
#pragma once

#include "emberharmony/backend/native/extended_logaddexp_internal.h"
#include "emberharmony/backend/native/float32_logarithms_internal.h"

namespace emberharmony::backend::native {
namespace {

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

/// 2^power of |power| <= 1000, by a polynomial (2^r - 1) / r with these coefficients, |r| <= 1/32.
template <class W, class... Coefficients>
[[gnu::always_inline]] inline typename W::Vec WideExp2(typename W::Vec power,
                                                       Coefficients... coefficients) {
  using Vec = typename W::Vec;
  constexpr double kRounder = 0x1.8p48;  // leaves the nearest sixteenth
  const Vec shifted = power + W::Set(kRounder);
  const Vec r = power - (shifted - W::Set(kRounder));
  const auto bits = W::ToBits(shifted);
  const Vec scale = W::FromBits(W::ToBits(W::Look(kPowersOfTwo, bits)) + (bits << 48));
  return W::Fma(scale, r * Polynomial<W>(r, coefficients...), scale);
}

/// x^y = 2^(y log2 x), in doubles: for what FloatPowOf leaves.
template <class W>
struct WidePowOf {
  using Vec = typename W::Vec;
  using Mask = typename W::Mask;

  static Vec Do(Vec x, Vec y) {
    const Vec power = Power(x, y);
    if (!W::All(Ordinary(x, power))) [[unlikely]] {
      return Rare(x, y);
    }
    return Exp2(power);
  }

  /// y log2 x of positive finite numbers.
  [[gnu::always_inline]] static Vec Power(Vec x, Vec y) { return y * Log2(x); }

  /// 2^power of a magnitude up to 1000.
  [[gnu::always_inline]] static Vec Exp2(Vec power) {
    return WideExp2<W>(power, 0x1.62e42feb1f4cbp-1, 0x1.ebfff4157c8b4p-3, 0x1.c6b46996ba814p-5);
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

  /// Negative bases have powers of their magnitude, or none; what is zero or infinite, or a NaN, is
  /// left to the library's pow, which knows its many cases.
  [[gnu::noinline]] static Vec Rare(Vec x, Vec y) {
    const Vec magnitude = W::Abs(x);
    const Vec power = Power(magnitude, y);
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

// The intervals of FloatMantissa. Of each there are an inverse near its middle's, in so few bits
// that its product with a mantissa less 1 is exact, and the logarithm of 1 / inverse in two parts,
// of which the first is a multiple of 2^-16.
alignas(64) constexpr float kPowLogInverses[32] = {
    0x1.0p+0f,  0x1.e8p-1f, 0x1.d8p-1f, 0x1.dp-1f,  0x1.cp-1f,  0x1.b8p-1f, 0x1.a8p-1f, 0x1.ap-1f,
    0x1.98p-1f, 0x1.88p-1f, 0x1.8p-1f,  0x1.78p-1f, 0x1.7p-1f,  0x1.68p-1f, 0x1.6p-1f,  0x1.58p-1f,
    0x1.5p+0f,  0x1.48p+0f, 0x1.48p+0f, 0x1.4p+0f,  0x1.38p+0f, 0x1.3p+0f,  0x1.3p+0f,  0x1.28p+0f,
    0x1.2p+0f,  0x1.2p+0f,  0x1.18p+0f, 0x1.1p+0f,  0x1.1p+0f,  0x1.08p+0f, 0x1.08p+0f, 0x1.0p+0f};
alignas(64) constexpr float kPowLogsHigh[32] = {
    0x0.0p+0f,    0x1.894p-5f,  0x1.4d3p-4f,   0x1.933p-4f,  0x1.1178p-3f,  0x1.366p-3f,
    0x1.824p-3f,  0x1.a94p-3f,  0x1.d1p-3f,    0x1.1178p-2f, 0x1.2698p-2f,  0x1.3c24p-2f,
    0x1.522cp-2f, 0x1.68acp-2f, 0x1.7fbp-2f,   0x1.973cp-2f, -0x1.1674p-2f, -0x1.fb9p-3f,
    -0x1.fb9p-3f, -0x1.c9p-3f,  -0x1.9528p-3f, -0x1.5ffp-3f, -0x1.5ffp-3f,  -0x1.2958p-3f,
    -0x1.e27p-4f, -0x1.e27p-4f, -0x1.6f1p-4f,  -0x1.f0ap-5f, -0x1.f0ap-5f,  -0x1.f84p-6f,
    -0x1.f84p-6f, 0x0.0p+0f};
alignas(64) constexpr float kPowLogsLow[32] = {
    0x0.0p+0f,        0x1.54294p-18f,   0x1.15d208p-20f,  0x1.797566p-18f,  0x1.d044fcp-20f,
    -0x1.a7f538p-22f, -0x1.f4d572p-18f, -0x1.2c3752p-19f, 0x1.bf932ap-18f,  0x1.d044fcp-19f,
    -0x1.deecb2p-18f, 0x1.277334p-18f,  -0x1.1f8c76p-18f, 0x1.07d38ep-19f,  -0x1.7109fap-20f,
    -0x1.cbcecap-18f, -0x1.cababap-18f, -0x1.86d5e4p-19f, -0x1.86d5e4p-19f, 0x1.070cacp-20f,
    0x1.2b185ep-18f,  -0x1.83853cp-18f, -0x1.83853cp-18f, 0x1.683fp-18f,    -0x1.db8abcp-22f,
    -0x1.db8abcp-22f, 0x1.6ba8d4p-19f,  -0x1.86008cp-20f, -0x1.86008cp-20f, 0x1.64f188p-18f,
    0x1.64f188p-18f,  0x0.0p+0f};

/// x^y = e^(y log x), the logarithm and the power as sums of two floats.
template <class V>
struct FloatPowOf {
  using Vec = typename V::Vec;
  using Mask = typename V::Mask;

  static Vec Do(Vec x, Vec y) {
    const Power power = PowerOf(x, y);
    if (!V::AllNormalPositive(x) || !V::All(HasNormalResult(power))) [[unlikely]] {
      return Rare(x, y);
    }
    return Exp(power);
  }

 private:
  struct Power {
    Vec high, low;
  };

  /// y log x of normal positive x = 2^k z: k log 2 + log(1 / inverse) + log(1 + r), with 1 + r = z
  /// inverse exactly. Beside 2^-33 of itself, log x lacks nothing.
  [[gnu::always_inline]] static Power PowerOf(Vec x, Vec y) {
    const FloatMantissa<V> parts(x);
    const auto index = V::ToBits(parts.z) >> kIntervalShift;
    const Vec r = V::Fma(parts.z, V::Look(kPowLogInverses, index), V::Set(-1.0f));
    // r - r^2 / 2 in two parts; of the rest of the series one is enough.
    const Vec square = r * r;
    const Vec square_lost = V::Fma(r, r, -square);
    const Vec near = V::Fma(square, V::Set(-0.5f), r);
    const Vec near_lost =
        V::Fma(square_lost, V::Set(-0.5f), V::Fma(square, V::Set(-0.5f), r - near));
    const Vec q =
        Polynomial<V>(r, 0x1.555554p-2f, -0x1.000084p-2f, 0x1.99d268p-3f, -0x1.4dcf18p-3f);
    const Vec rest = V::Fma(square * r, q, near_lost);
    const Vec whole = V::Fma(parts.k, V::Set(kFloatLn2High), V::Look(kPowLogsHigh, index));
    const Vec whole_low = V::Fma(parts.k, V::Set(kFloatLn2Low), V::Look(kPowLogsLow, index));
    const Vec log = whole + near;
    const Vec log_low = (near - (log - whole)) + (rest + whole_low);
    const Vec high = y * log;
    return {high, V::Fma(y, log_low, V::Fma(y, log, -high))};
  }

  /// Not of NaN.
  [[gnu::always_inline]] static Mask HasNormalResult(Power power) {
    return V::Less(V::Abs(power.high), V::Set(86.5f));
  }

  /// e^power = 2^n e^f, where f's first part is exact.
  [[gnu::always_inline]] static Vec Exp(Power power) {
    constexpr float kRounder = 0x1.8p23f;
    const Vec shifted = V::Fma(power.high, V::Set(0x1.715476p+0f), V::Set(kRounder));
    const Vec n = shifted - V::Set(kRounder);
    const Vec f_high = V::Fma(n, V::Set(-kFloatLn2High * kExponentUnit), power.high);
    const Vec f_low = V::Fma(n, V::Set(-kFloatLn2Low * kExponentUnit), power.low);
    const Vec f = f_high + f_low;
    const Vec q = Polynomial<V>(f, 0x1.fffffcp-2f, 0x1.55548cp-3f, 0x1.555858p-5f, 0x1.123da6p-7f,
                                0x1.6ac14cp-10f);
    const Vec near = V::Set(1.0f) + f_high;
    const Vec near_lost = f_high - (near - V::Set(1.0f));
    const Vec y = near + (near_lost + V::Fma(f * f, q, f_low));
    return V::FromBits(V::ToBits(y) + (V::ToBits(shifted) << 23));
  }

  /// Negative bases have powers of their magnitude, or none. What is subnormal, infinite or zero,
  /// and NaN, is left to doubles.
  [[gnu::noinline]] static Vec Rare(Vec x, Vec y) {
    using W = typename V::Wide;
    const Vec magnitude = V::Abs(x);
    const Power power = PowerOf(magnitude, y);
    constexpr float kLargestSubnormal = 0x1.fffffcp-127f;
    const Mask normal = V::And(V::Less(V::Set(kLargestSubnormal), magnitude),
                               V::Less(magnitude, V::Set(__builtin_inff())));
    const Mask inside = V::And(normal, HasNormalResult(power));
    float xs[V::kLanes], ys[V::kLanes], results[V::kLanes], wide[V::kLanes], left[V::kLanes];
    V::Store(xs, x);
    V::Store(ys, y);
    V::Store(results, Exp(power));
    V::Store(left, V::Select(inside, V::Set(0.0f), V::Set(1.0f)));
    for (int j = 0; j < V::kLanes; j += W::kLanes) {
      W::Store(wide + j, WidePowOf<W>::Do(W::Load(xs + j), W::Load(ys + j)));
    }
    for (int j = 0; j < V::kLanes; ++j) {
      if (left[j] != 0) {
        results[j] = wide[j];
      } else if (xs[j] < 0) {
        const float half = 0.5f * ys[j];
        const bool whole = __builtin_truncf(ys[j]) == ys[j];
        const bool odd = __builtin_truncf(half) != half;
        results[j] = whole ? (odd ? -results[j] : results[j]) : __builtin_nanf("");
      }
    }
    return V::Load(results);
  }
};

// i / 15 of i up to 15: 1 / (1 + i / 15), and minus the logarithm of that.
alignas(64) constexpr double kFifteenthInverses[16] = {
    0x1.0000000000000p+0, 0x1.e000000000000p-1, 0x1.c3c3c3c3c3c3cp-1, 0x1.aaaaaaaaaaaabp-1,
    0x1.9435e50d79436p-1, 0x1.8000000000000p-1, 0x1.6db6db6db6db7p-1, 0x1.5d1745d1745d1p-1,
    0x1.4de9bd37a6f4ep-1, 0x1.4000000000000p-1, 0x1.3333333333333p-1, 0x1.2762762762762p-1,
    0x1.1c71c71c71c72p-1, 0x1.1249249249249p-1, 0x1.08d3dcb08d3ddp-1, 0x1.0000000000000p-1};
alignas(64) constexpr double kFifteenthLogs[16] = {0x0.0p+0,
                                                   0x1.08598b59e3a07p-4,
                                                   0x1.005588ad375aep-3,
                                                   0x1.7565011e49675p-3,
                                                   0x1.e41fccb76b0d7p-3,
                                                   0x1.269621134db92p-2,
                                                   0x1.588c2d913348fp-2,
                                                   0x1.882f1ef83ed45p-2,
                                                   0x1.b5b3e24235e88p-2,
                                                   0x1.e148a1a2726cep-2,
                                                   0x1.058aefa811452p-1,
                                                   0x1.199fac68b4ab8p-1,
                                                   0x1.2cf25fad8f1c3p-1,
                                                   0x1.3f91275240811p-1,
                                                   0x1.5188a4a02d7fep-1,
                                                   0x1.62e42fefa39efp-1};

/// log(e^x + e^y) = larger + log(1 + e^-|x - y|), in doubles with 2^-40 of relative error, which
/// sums near zero would raise.
template <class W>
struct FloatLogAddExpOf {
  using Vec = typename W::Vec;
  using Mask = typename W::Mask;

  static Vec Do(Vec x, Vec y) {
    const Vec larger = W::Select(W::Less(x, y), y, x);
    const Vec distance = W::Abs(x - y);
    const Vec power = distance * W::Set(-0x1.71547652b82fep+0);
    const Vec limited = W::Select(W::Less(power, W::Set(-900.0)), W::Set(-900.0), power);
    const Vec added =
        WideExp2<W>(limited, 0x1.62e42fefa3a01p-1, 0x1.ebfbdff6005d0p-3, 0x1.c6b08d6e264aep-5,
                    0x1.3b2c789007a5dp-7, 0x1.5d89ebad3820fp-10);
    const Vec result = larger + Log1p(added);
    // Infinities and NaN have no distance, or none that is finite.
    const Mask inside =
        W::And(W::Less(distance, W::Set(0x1p+200)), W::Less(W::Set(0x1p-12), W::Abs(result)));
    if (!W::All(inside)) [[unlikely]] {
      return Patched(inside, x, y, result);
    }
    return result;
  }

 private:
  /// log(1 + t), t from 0 to 1: 1 + t is about 1 + i / 15.
  [[gnu::always_inline]] static Vec Log1p(Vec t) {
    const auto index = W::ToBits(W::Fma(t, W::Set(15.0), W::Set(0x1.8p52)));
    const Vec inverse = W::Look(kFifteenthInverses, index);
    const Vec r = W::Fma(t, inverse, inverse - W::Set(1.0));
    const Vec q =
        Polynomial<W>(r, -0x1.0000000028cf0p-1, 0x1.55555556287d6p-2, -0x1.ffffedef58fcap-3,
                      0x1.99997db07dbd6p-3, -0x1.55d4b27a8e82cp-3, 0x1.2520ce3469630p-3);
    return W::Fma(r * r, q, r) + W::Look(kFifteenthLogs, index);
  }

  /// In extended precision.
  [[gnu::noinline]] static Vec Patched(Mask inside, Vec x, Vec y, Vec result) {
    double xs[W::kLanes], ys[W::kLanes], results[W::kLanes], rare[W::kLanes];
    W::StoreNumbers(xs, x);
    W::StoreNumbers(ys, y);
    W::StoreNumbers(results, result);
    W::StoreNumbers(rare, W::Select(inside, W::Set(0.0), W::Set(1.0)));
    for (int j = 0; j < W::kLanes; ++j) {
      if (rare[j] != 0) {
        results[j] = LogAddExpOf<float>::Do(static_cast<float>(xs[j]), static_cast<float>(ys[j]));
      }
    }
    return W::LoadNumbers(results);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
