// asinh, acosh and atanh of float32, quicker than SLEEF's, with less than 1.0 ulp of error (found
// by trying every float), and of the same bits on every instruction set: logarithms of sums of two
// floats.
//
// V is a register of floats as described in float32_kernels_internal.h.
#pragma once

#include "emberharmony/backend/native/float32_logarithms_internal.h"

namespace emberharmony::backend::native {
namespace {

/// k ln 2 + log(1 + f + low), f from -1/4 to 1/2 and low below its last bit.
template <class V>
[[gnu::always_inline]] inline typename V::Vec LogOfSum(typename V::Vec k, typename V::Vec f,
                                                       typename V::Vec low) {
  using Vec = typename V::Vec;
  const Vec whole = k * V::Set(kFloatLn2High);
  const Vec high = whole + f;
  const Vec lost = f - (high - whole);
  // low / (1 + f), roughly.
  const Vec change = V::Fma(low * V::Set(-0.8f), f, low);
  return high + V::Fma(f * f, Log1pSeries<V>(f), V::Fma(k, V::Set(kFloatLn2Low), lost + change));
}

/// log1p(x + low) of x from 0 to 2^100.
template <class V>
[[gnu::always_inline]] inline typename V::Vec Log1pOfSum(typename V::Vec x, typename V::Vec low) {
  const FloatExponent<V, kLog1pLowest> parts(x + V::Set(1.0f));
  const auto scale = V::FromBits(0x3f800000 - parts.k_bits);
  return LogOfSum<V>(parts.k, V::Fma(x, scale, scale - V::Set(1.0f)), low * scale);
}

/// From here on squares are not computed, but 1 is nothing beside them.
constexpr float kSquareTooLarge = 0x1p+60f;

/// log(2 x) of numbers from there on, and of infinity and NaN.
template <class V>
[[gnu::always_inline]] inline typename V::Vec LogOfTwice(typename V::Vec x) {
  const FloatExponent<V, kLog1pLowest> parts(x);
  const auto y = LogOfSum<V>(parts.k + V::Set(kExponentUnit), parts.f, V::Set(0.0f));
  return V::Select(V::Less(x, V::Set(__builtin_inff())), y, x);
}

// As kBinaryLogInverses, but also next to 1, with natural logarithms, which but for a thirtieth of
// a result's last bit are multiples of 2^-17.
alignas(64) constexpr float kLogInverses[32] = {
    0x1.f73394p-1f, 0x1.e9da48p-1f, 0x1.dc87d8p-1f, 0x1.cd6956p-1f, 0x1.c23516p-1f, 0x1.b5254ap-1f,
    0x1.aa0102p-1f, 0x1.9fce36p-1f, 0x1.937edcp-1f, 0x1.8a223p-1f,  0x1.8091a8p-1f, 0x1.788a96p-1f,
    0x1.6f4d84p-1f, 0x1.68b94ap-1f, 0x1.5fb658p-1f, 0x1.5960d6p-1f, 0x1.526732p+0f, 0x1.4ba1eep+0f,
    0x1.446868p+0f, 0x1.3e23f8p+0f, 0x1.37d5b6p+0f, 0x1.32037p+0f,  0x1.2d4c8cp+0f, 0x1.2726c4p+0f,
    0x1.21a79ep+0f, 0x1.1d3496p+0f, 0x1.1823cp+0f,  0x1.13ad34p+0f, 0x1.0e8d04p+0f, 0x1.0ac5f4p+0f,
    0x1.06238cp+0f, 0x1.025cc6p+0f};
alignas(64) constexpr float kLogs[32] = {
    0x1.1cp-6f,    0x1.6a4p-5f,  0x1.261p-4f,   0x1.aa2p-4f,   0x1.0768p-3f,  0x1.43b4p-3f,
    0x1.7894p-3f,  0x1.aa34p-3f, 0x1.e7cp-3f,   0x1.0beap-2f,  0x1.2512p-2f,  0x1.3aacp-2f,
    0x1.541cp-2f,  0x1.669ep-2f, 0x1.8086p-2f,  0x1.9322p-2f,  -0x1.1dc2p-2f, -0x1.091p-2f,
    -0x1.e504p-3f, -0x1.bd1p-3f, -0x1.941p-3f,  -0x1.6d78p-3f, -0x1.4dacp-3f, -0x1.2374p-3f,
    -0x1.f9e8p-4f, -0x1.ba8p-4f, -0x1.7118p-4f, -0x1.2f5p-4f,  -0x1.c4ep-5f,  -0x1.51bp-5f,
    -0x1.844p-6f,  -0x1.2dp-7f};

/// asinh a = log(a + sqrt(a^2 + 1)), with sums and the root in two parts; a series below 1/4.
template <class V>
struct FloatAsinhOf {
  using Vec = typename V::Vec;
  static Vec Do(Vec x) {
    const Vec a = V::Abs(x);
    const auto inside = V::Less(a, V::Set(kSquareTooLarge));
    if (!V::All(inside)) [[unlikely]] {
      return Rare(inside, a, x);
    }
    return V::OrSign(OfMagnitude(a), x);
  }

 private:
  [[gnu::always_inline]] static Vec OfMagnitude(Vec a) {
    const Vec one = V::Set(1.0f);
    const Vec z = a * a;
    const Vec square = V::Fma(a, a, one);
    // Where a is large, what is lost beside a^2 does not matter.
    const Vec square_lost = V::Fma(a, a, one - square);
    const Vec root = V::Sqrt(square);
    const Vec root_lost =
        (V::Fma(-root, root, square) + square_lost) * RoughHalfReciprocal<V>(root);
    const Vec sum = root + a;
    const Vec sum_lost = (a - (sum - root)) + root_lost;
    const Vec series = Polynomial<V>(z, -0x1.5554bp-3f, 0x1.32b408p-4f, -0x1.51a7e8p-5f);
    return V::Select(V::Less(a, V::Set(0.25f)), V::Fma(a * z, series, a), Log(sum, sum_lost));
  }

  /// log(x + low) of x = 2^k z from 5/4 to 2^100, where 1 + r = (z + low / 2^k) inverse.
  [[gnu::always_inline]] static Vec Log(Vec x, Vec low) {
    const FloatMantissa<V> parts(x);
    const auto index = V::ToBits(parts.z) >> kIntervalShift;
    const Vec scale = V::FromBits(0x3f800000 - (V::ToBits(x) - V::ToBits(parts.z)));
    const Vec inverse = V::Look(kLogInverses, index);
    const Vec r = V::Fma(low * scale, inverse, V::Fma(parts.z, inverse, V::Set(-1.0f)));
    const Vec q = Polynomial<V>(r, -0x1.000002p-1f, 0x1.556366p-2f, -0x1.ff4c9ap-3f);
    const Vec whole = V::Fma(parts.k, V::Set(kFloatLn2High), V::Look(kLogs, index));
    return whole + V::Fma(r * r, q, V::Fma(parts.k, V::Set(kFloatLn2Low), r));
  }

  [[gnu::noinline]] static Vec Rare(typename V::Mask inside, Vec a, Vec x) {
    const Vec y = OfMagnitude(V::SelectOrZero(inside, a));
    return V::OrSign(V::Select(inside, y, LogOfTwice<V>(a)), x);
  }
};

/// acosh(1 + t) = log1p(t + sqrt(t^2 + 2 t)).
template <class V>
struct FloatAcoshOf {
  using Vec = typename V::Vec;
  static Vec Do(Vec x) {
    constexpr float kBelowOne = 0x1.fffffep-1f;
    const auto inside = V::And(V::Less(V::Set(kBelowOne), x), V::Less(x, V::Set(kSquareTooLarge)));
    if (!V::All(inside)) [[unlikely]] {
      return Rare(inside, x);
    }
    return Of(x);
  }

 private:
  [[gnu::always_inline]] static Vec Of(Vec x) {
    const Vec t = x - V::Set(1.0f);
    const Vec twice = t + t;
    const Vec square = V::Fma(t, t, twice);
    // Where t is large, what is lost beside t^2 does not matter.
    const Vec square_lost = V::Fma(t, t, twice - square);
    const Vec root = V::Sqrt(square);
    const Vec root_lost =
        (V::Fma(-root, root, square) + square_lost) * RoughHalfReciprocal<V>(root);
    const Vec sum = root + t;
    const Vec sum_lost = (t - (sum - root)) + root_lost;
    return Log1pOfSum<V>(sum, sum_lost);
  }

  [[gnu::noinline]] static Vec Rare(typename V::Mask inside, Vec x) {
    const Vec y = V::Select(inside, Of(V::Select(inside, x, V::Set(1.0f))), LogOfTwice<V>(x));
    return V::Select(V::Less(x, V::Set(1.0f)), V::Set(__builtin_nanf("")), y);
  }
};

// As kBinaryLogInverses, with halves of natural logarithms, which but for a fiftieth of a result's
// last bit are multiples of 2^-20.
alignas(64) constexpr float kHalfLogInverses[32] = {
    0x1.0p+0f,      0x1.0p+0f,      0x1.dbcbcp-1f,  0x1.cc6df2p-1f, 0x1.c1e82cp-1f, 0x1.b5254ap-1f,
    0x1.aa0102p-1f, 0x1.9e0426p-1f, 0x1.937edcp-1f, 0x1.8bd2p-1f,   0x1.82e412p-1f, 0x1.783a46p-1f,
    0x1.6f0b8ap-1f, 0x1.678f66p-1f, 0x1.6090b6p-1f, 0x1.5a1c3ap-1f, 0x1.53818cp+0f, 0x1.4c95fcp+0f,
    0x1.446868p+0f, 0x1.3e23f8p+0f, 0x1.39973cp+0f, 0x1.3051fap+0f, 0x1.2df6a8p+0f, 0x1.28f4ap+0f,
    0x1.1ff1ap+0f,  0x1.1be12ap+0f, 0x1.19ac4ep+0f, 0x1.126834p+0f, 0x1.0d4084p+0f, 0x1.0b56b2p+0f,
    0x1.0471e4p+0f, 0x1.0p+0f};
alignas(64) constexpr float kHalfLogs[32] = {
    0x0.0p+0f,     0x0.0p+0f,     0x1.2c62p-5f,  0x1.b2dap-5f,  0x1.08c6p-4f,  0x1.43b4p-4f,
    0x1.7894p-4f,  0x1.b309p-4f,  0x1.e7cp-4f,   0x1.078a8p-3f, 0x1.1ee8p-3f,  0x1.3b868p-3f,
    0x1.54d4p-3f,  0x1.69edp-3f,  0x1.7e0bp-3f,  0x1.90f7p-3f,  -0x1.2117p-3f, -0x1.0c008p-3f,
    -0x1.e504p-4f, -0x1.bd1p-4f,  -0x1.9f9p-4f,  -0x1.621bp-4f, -0x1.522fp-4f, -0x1.2fefp-4f,
    -0x1.e1a4p-5f, -0x1.a76ap-5f, -0x1.8774p-5f, -0x1.1c68p-5f, -0x1.9d74p-6f, -0x1.6308p-6f,
    -0x1.1a08p-7f, 0x0.0p+0f};

/// atanh a = log1p(2 a / (1 - a)) / 2, with difference and quotient in two parts.
template <class V>
struct FloatAtanhOf {
  using Vec = typename V::Vec;
  static Vec Do(Vec x) {
    const Vec a = V::Abs(x);
    const auto inside = V::Less(a, V::Set(1.0f));
    if (!V::All(inside)) [[unlikely]] {
      return Rare(inside, a, x);
    }
    return V::OrSign(OfMagnitude(a), x);
  }

 private:
  [[gnu::always_inline]] static Vec OfMagnitude(Vec a) {
    const Vec one = V::Set(1.0f);
    const Vec below = one - a;
    const Vec below_lost = (one - below) - a;
    const Vec twice = a + a;
    const Vec quotient = twice / below;
    const Vec rest = V::Fma(-quotient, below_lost, V::Fma(-quotient, below, twice));
    return HalfLog1p(quotient, rest * V::Fma(a, V::Set(-0.235f), V::Set(0.485f)));
  }

  /// log1p(x) / 2 and `low`, the half of what it changes if x is not exact: here rest / (1 + a) /
  /// 2, roughly. 1 + x = 2^k (1 + f), f is exact, and 1 + r = (1 + f) inverse.
  [[gnu::always_inline]] static Vec HalfLog1p(Vec x, Vec low) {
    constexpr float kHalfLn2High = 0x1.62e44p-2f / kExponentUnit;
    constexpr float kHalfLn2Low = -0x1.0105c6p-22f / kExponentUnit;
    const Vec sum = x + V::Set(1.0f);
    const FloatMantissa<V> parts(sum);
    const auto scale = V::FromBits(0x3f800000 - (V::ToBits(sum) - V::ToBits(parts.z)));
    const Vec f = V::Fma(x, scale, scale - V::Set(1.0f));
    const auto index = V::ToBits(parts.z) >> kIntervalShift;
    const Vec inverse = V::Look(kHalfLogInverses, index);
    const Vec r = V::Fma(f, inverse, inverse - V::Set(1.0f));
    const Vec q = Polynomial<V>(r, -0x1.000004p-2f, 0x1.5555f2p-3f, -0x1.ff0d14p-4f, 0x1.7613p-4f);
    const Vec whole = V::Fma(parts.k, V::Set(kHalfLn2High), V::Look(kHalfLogs, index));
    const Vec rest = V::Fma(r * r, q, V::Fma(parts.k, V::Set(kHalfLn2Low), low));
    return whole + V::Fma(r, V::Set(0.5f), rest);
  }

  [[gnu::noinline]] static Vec Rare(typename V::Mask inside, Vec a, Vec x) {
    const Vec outside =
        V::Select(V::Equal(a, V::Set(1.0f)), V::Set(__builtin_inff()), V::Set(__builtin_nanf("")));
    return V::OrSign(V::Select(inside, OfMagnitude(V::SelectOrZero(inside, a)), outside), x);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
