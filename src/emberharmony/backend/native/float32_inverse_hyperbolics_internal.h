// asinh, acosh and atanh of float32, quicker than SLEEF's, with less than 1.0 ulp of error (found
// by trying every float; of asinh every one from 2^-7 to 2^8 and every 997th of the others), and of
// the same bits on every instruction set: logarithms of sums of two floats.
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

/// asinh a = log(a + sqrt(a^2 + 1)), with sums and the root in two parts; a series below 1/2.
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
        (V::Fma(-root, root, square) + square_lost) * RoughReciprocal<V>(root + root);
    const Vec sum = root + a;
    const Vec sum_lost = (a - (sum - root)) + root_lost;
    const FloatExponent<V, kLog1pLowest> parts(sum);
    const Vec scale = V::FromBits(0x3f800000 - parts.k_bits);
    const Vec y = LogOfSum<V>(parts.k, parts.f, sum_lost * scale);
    const Vec series = Polynomial<V>(z, -0x1.555536p-3f, 0x1.3324f2p-4f, -0x1.6b95dp-5f,
                                     0x1.cd6428p-6f, -0x1.b14ec8p-7f);
    return V::Select(V::Less(a, V::Set(0.5f)), V::Fma(a * z, series, a), y);
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
        (V::Fma(-root, root, square) + square_lost) * RoughReciprocal<V>(root + root);
    const Vec sum = root + t;
    const Vec sum_lost = (t - (sum - root)) + root_lost;
    return Log1pOfSum<V>(sum, sum_lost);
  }

  [[gnu::noinline]] static Vec Rare(typename V::Mask inside, Vec x) {
    const Vec y = V::Select(inside, Of(V::Select(inside, x, V::Set(1.0f))), LogOfTwice<V>(x));
    return V::Select(V::Less(x, V::Set(1.0f)), V::Set(__builtin_nanf("")), y);
  }
};

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
    return V::Set(0.5f) * Log1pOfSum<V>(quotient, rest * RoughReciprocal<V>(below));
  }

  [[gnu::noinline]] static Vec Rare(typename V::Mask inside, Vec a, Vec x) {
    const Vec outside =
        V::Select(V::Equal(a, V::Set(1.0f)), V::Set(__builtin_inff()), V::Set(__builtin_nanf("")));
    return V::OrSign(V::Select(inside, OfMagnitude(V::SelectOrZero(inside, a)), outside), x);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
