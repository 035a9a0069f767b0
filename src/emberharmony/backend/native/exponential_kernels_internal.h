// exp, log and tanh of float64, quicker than SLEEF's, with at most 1.0 ulp of error, and of the
// same bits on every instruction set: each step is an IEEE operation or a fused multiply-add that
// is written down as such.
//
// V is a register of doubles (math_kernels_internal.h) that also has Set, Fma, AllWithin (low <= x
// <= high), PowerOfTwo of an integer that was added to kRounder, a Bits type of 64-bit integers
// with a few operations, and Look, which picks from a table of 16.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Added to a number of small magnitude it leaves the nearest integer in the low bits.
constexpr double kRounder = 0x1.8p52;
/// ln 2 in two parts; the first has few enough bits that products with exponents are exact.
constexpr double kLn2High = 0x1.62e42fefa3800p-1;
constexpr double kLn2Low = 0x1.ef35793c76730p-45;
constexpr double kLargestF64 = 0x1.fffffffffffffp+1023;
constexpr double kSmallestNormalF64 = 0x1p-1022;

/// e^x = 2^k (1 + p + rest), for |x| <= 746.
template <class V>
struct ReducedExp {
  using Vec = typename V::Vec;
  Vec k, p, rest;

  [[gnu::always_inline]] explicit ReducedExp(Vec x) {
    const Vec rounder = V::Set(kRounder);
    k = V::Fma(x, V::Set(0x1.71547652b82fep+0), rounder) - rounder;
    const Vec high = V::Fma(k, V::Set(-kLn2High), x);
    const Vec low = k * V::Set(-kLn2Low);
    const Vec r = high + low;
    const Vec lost = (high - r) + low;
    // The exponential series, r^14 / 14! being below a fiftieth of an ulp.
    const Vec r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    const Vec c2 = Pair(r, 2.0, 6.0), c4 = Pair(r, 24.0, 120.0), c6 = Pair(r, 720.0, 5040.0);
    const Vec c8 = Pair(r, 40320.0, 362880.0), c10 = Pair(r, 3628800.0, 39916800.0);
    const Vec c12 = Pair(r, 479001600.0, 6227020800.0);
    const Vec q =
        V::Fma(V::Fma(c12, r2, c10), r8, V::Fma(V::Fma(c8, r2, c6), r4, V::Fma(c4, r2, c2)));
    const Vec t = V::Fma(q, r2, lost);
    p = r + t;
    rest = t - (p - r);
  }

 private:
  /// 1 / a + r / b.
  [[gnu::always_inline]] static Vec Pair(Vec r, double a, double b) {
    return V::Fma(r, V::Set(1.0 / b), V::Set(1.0 / a));
  }
};

template <class V>
struct QuickExpOf {
  using Vec = typename V::Vec;
  static Vec Do(Vec x) {
    const Vec low = V::SelectAbove(-x, 746.0, V::Set(-746.0), x);
    const ReducedExp<V> reduced(V::SelectAbove(x, 710.0, V::Set(710.0), low));
    const Vec y = V::Set(1.0) + reduced.p;
    // In two steps, so that neither factor overflows, and small results are rounded once.
    const Vec first = V::Fma(reduced.k, V::Set(0.5), V::Set(kRounder));
    const Vec second = (reduced.k - (first - V::Set(kRounder))) + V::Set(kRounder);
    return y * V::PowerOfTwo(first) * V::PowerOfTwo(second);
  }
};

// [45/64, 45/32) is cut into 16 intervals, of which one has 1 inside. By interval: about 1 / its
// middle, and minus the logarithm of that in two parts, the first a multiple of 2^-42.
alignas(64) constexpr double kInverses[16] = {
    0x1.642c800000000p+0, 0x1.5555500000000p+0, 0x1.47ae100000000p+0, 0x1.3b13b00000000p+0,
    0x1.2f68500000000p+0, 0x1.2492500000000p+0, 0x1.1a7b900000000p+0, 0x1.1111100000000p+0,
    0x1.0842100000000p+0, 0x1.0000000000000p+0, 0x1.e1e1e00000000p-1, 0x1.c71c800000000p-1,
    0x1.af28600000000p-1, 0x1.9999a00000000p-1, 0x1.8618600000000p-1, 0x1.745d200000000p-1};
alignas(64) constexpr double kLogsHigh[16] = {-0x1.522ad0738a000p-2, -0x1.269611134e000p-2,
                                              -0x1.f991aacb3c000p-3, -0x1.a93ecbc8ae000p-3,
                                              -0x1.5bf422b544000p-3, -0x1.117918227e000p-3,
                                              -0x1.93358dd594000p-4, -0x1.08597b59e4000p-4,
                                              -0x1.0415c89e78000p-5, 0x0.0p+0,
                                              0x1.f0a32c0118000p-5,  0x1.e26ff6e2b0000p-4,
                                              0x1.5ff33f0a7a000p-3,  0x1.c8ff5c79aa000p-3,
                                              0x1.1675cebaba000p-2,  0x1.4618a421c6000p-2};
alignas(64) constexpr double kLogsLow[16] = {-0x1.d7ce0ad74385dp-46, 0x1.9b61f25a77bbap-44,
                                             0x1.f2d04dbc77304p-44,  0x1.972435100cc14p-45,
                                             0x1.57811d91ef704p-45,  0x1.21086a1d2fa96p-45,
                                             0x1.65d48685ac935p-46,  0x1.9e5dd715ee582p-46,
                                             0x1.dfdc7f46c6fc0p-44,  0x0.0p+0,
                                             -0x1.c599e828be3e6p-45, 0x1.2e5e93fdd5937p-44,
                                             0x1.3c8ad0cb5ddecp-51,  -0x1.de53e4d28b97bp-47,
                                             0x1.8b80e7374ab1ap-44,  0x1.a13e7cbd9c022p-45};

/// log(x) + more ln 2 of normal positive numbers: x = 2^k z with z in one of the intervals, r = z
/// inverse - 1 exactly, log x = k ln 2 - log(inverse) + log(1 + r).
template <class V>
[[gnu::always_inline]] inline typename V::Vec LogOfNormal(typename V::Vec x, typename V::Vec more) {
  using Vec = typename V::Vec;
  using Bits = typename V::Bits;
  constexpr uint64_t kLowest = 0x3fe6800000000000;  // the bits of 45/64
  constexpr uint64_t kOne = uint64_t{1023} << 52;
  const Bits bits = V::ToBits(x);
  const Bits shifted = V::Add(bits, kOne - kLowest);
  const Bits index = V::And(V::template ShiftRight<48>(shifted), 15);
  const Bits biased = V::template ShiftRight<52>(shifted);
  const Vec k = (V::FromBits(V::Or(biased, uint64_t{0x433} << 52)) - V::Set(0x1p52 + 1023)) + more;
  const Vec z = V::FromBits(V::Add(V::Sub(bits, V::And(shifted, uint64_t{0xfff} << 52)), kOne));
  const Vec inverse = V::Look(kInverses, index);
  const Vec product = z * inverse;
  const Vec product_lost = V::Fma(z, inverse, -product);
  const Vec r = product - V::Set(1.0);
  // high + lost = k ln 2 - log(inverse) + r.
  const Vec w = V::Fma(k, V::Set(kLn2High), V::Look(kLogsHigh, index));
  const Vec high = w + r;
  const Vec back = high - w;
  const Vec lost = (w - (high - back)) + (r - back);
  const Vec small = V::Fma(k, V::Set(kLn2Low), V::Look(kLogsLow, index));
  const Vec tail = (lost + V::Fma(-r, product_lost, product_lost)) + small;
  const auto pair = [&](double a, double b) [[gnu::always_inline]] {
    return V::Fma(r, V::Set(1.0 / b), V::Set(1.0 / a));
  };
  const Vec r2 = r * r, r4 = r2 * r2;
  const Vec c2 = pair(-2.0, 3.0), c4 = pair(-4.0, 5.0), c6 = pair(-6.0, 7.0);
  const Vec c8 = pair(-8.0, 9.0), c10 = pair(-10.0, 11.0);
  const Vec q = V::Fma(V::Fma(c10, r4, V::Fma(c8, r2, c6)), r4, V::Fma(c4, r2, c2));
  return high + V::Fma(q, r2, tail);
}

template <class V>
struct QuickLogOf {
  using Vec = typename V::Vec;
  static Vec Do(Vec x) {
    if (!V::AllWithin(x, kSmallestNormalF64, kLargestF64)) return Rare(x);
    return LogOfNormal<V>(x, V::Set(0.0));
  }

 private:
  /// With numbers among them that are not normal and positive.
  [[gnu::noinline]] static Vec Rare(Vec x) {
    double in[V::kLanes], normal[V::kLanes], more[V::kLanes], out[V::kLanes];
    V::Store(in, x);
    for (int j = 0; j < V::kLanes; ++j) {
      const bool subnormal = in[j] > 0 && in[j] < kSmallestNormalF64;
      const bool good = in[j] >= kSmallestNormalF64 && in[j] <= kLargestF64;
      normal[j] = subnormal ? in[j] * 0x1p54 : (good ? in[j] : 1.0);
      more[j] = subnormal ? -54.0 : 0.0;
    }
    V::Store(out, LogOfNormal<V>(V::Load(normal), V::Load(more)));
    for (int j = 0; j < V::kLanes; ++j) {
      if (in[j] == 0) {
        out[j] = -__builtin_inf();
      } else if (in[j] < 0) {
        out[j] = __builtin_nan("");
      } else if (!(in[j] <= kLargestF64)) {
        out[j] = in[j];  // infinity and NaN
      }
    }
    return V::Load(out);
  }
};

/// tanh|x| = e / (e + 2) with e = e^(2|x|) - 1, all in sums of two numbers, so that only the last
/// step rounds noticeably; from 22 on it is 1.
template <class V>
struct QuickTanhOf {
  using Vec = typename V::Vec;
  static Vec Do(Vec x) {
    const Vec magnitude = V::Abs(x);
    const Vec capped = V::SelectAbove(magnitude, 22.0, V::Set(22.0), magnitude);
    const ReducedExp<V> reduced(capped + capped);
    const Vec scale = V::PowerOfTwo(reduced.k + V::Set(kRounder));
    const Vec one = V::Set(1.0), two = V::Set(2.0);
    // e + e_lost = (scale - 1) + scale (p + rest).
    const Vec big = scale - one, part = scale * reduced.p;
    const Vec e = big + part;
    const Vec e_back = e - big;
    const Vec e_lost = V::Fma(scale, reduced.rest, (big - (e - e_back)) + (part - e_back));
    const Vec sum = e + two;
    const Vec sum_back = sum - e;
    const Vec sum_lost = ((e - (sum - sum_back)) + (two - sum_back)) + e_lost;
    const Vec inverse = one / sum;
    const Vec quotient = e * inverse;
    const Vec remainder = V::Fma(-quotient, sum, e) + V::Fma(-quotient, sum_lost, e_lost);
    const Vec y = V::Fma(remainder, inverse, quotient);
    const Vec below = V::SelectAbove(magnitude, V::kTanhTiny, y, magnitude);
    const Vec result = V::SelectAbove(magnitude, 22.0, one, below);
    // NaN and the zeros are neither above nor below zero, and their own results.
    return V::SelectAbove(x, 0.0, result, V::SelectAbove(-x, 0.0, -result, x));
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
