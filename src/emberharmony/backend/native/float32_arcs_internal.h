// asin, acos, atan and atan2 of float32, quicker than SLEEF's, with less than 1.0 ulp of error (of
// those of one number found by trying every float from 2^-7 to 2^8 and every 997th of the others),
// and of the same bits on every instruction set.
//
// V is a register of floats as described in float32_kernels_internal.h.
#pragma once

#include "emberharmony/backend/native/float32_approximation_internal.h"

namespace emberharmony::backend::native {
namespace {

constexpr float kHalfPiHigh = 0x1.921fb6p+0f, kHalfPiLow = -0x1.777a5cp-25f;
constexpr float kPiHigh = 0x1.921fb6p+1f, kPiLow = -0x1.777a5cp-24f;

/// (asin(q) - q) / q^3 by z = q^2, up to 1/4.
template <class V>
[[gnu::always_inline]] inline typename V::Vec ArcsineSeries(typename V::Vec z) {
  return Polynomial<V>(z, 0x1.5555c8p-3f, 0x1.330204p-4f, 0x1.747bbap-5f, 0x1.8c3e28p-6f,
                       0x1.595c92p-5f);
}

/// asin|x| = pi / 2 - 2 asin(s), s = sqrt((1 - |x|) / 2), for |x| > 1/2.
template <class V>
struct FloatAsinOf {
  using Vec = typename V::Vec;
  static Vec Do(Vec x) {
    const Vec magnitude = V::Abs(x);
    const auto large = V::Less(V::Set(0.5f), magnitude);
    const Vec half = V::Fma(magnitude, V::Set(-0.5f), V::Set(0.5f));  // exact where large
    const Vec s = V::Sqrt(half);
    const Vec z = V::Select(large, half, magnitude * magnitude);
    const Vec q = V::Select(large, V::Set(-2.0f) * s, magnitude);
    // What the square root lost: s^2 - half over 2 s.
    const Vec root_lost = V::Fma(s, s, -half);
    const Vec low =
        V::SelectOrZero(large, V::Fma(root_lost, RoughReciprocal<V>(s), V::Set(kHalfPiLow)));
    const Vec base = V::SelectOrZero(large, V::Set(kHalfPiHigh));
    const Vec high = base + q;
    const Vec lost = (base - high) + q;
    const Vec y = high + (lost + V::Fma(q * z, ArcsineSeries<V>(z), low));
    return V::OrSign(y, x);
  }
};

/// acos x = pi / 2 - asin x for |x| <= 1/2; beyond, 2 asin(s) for positive x and pi - 2 asin(s) for
/// negative ones.
template <class V>
struct FloatAcosOf {
  using Vec = typename V::Vec;
  static Vec Do(Vec x) {
    const Vec magnitude = V::Abs(x);
    const auto large = V::Less(V::Set(0.5f), magnitude);
    const auto negative = V::Less(x, V::Set(0.0f));
    const Vec half = V::Fma(magnitude, V::Set(-0.5f), V::Set(0.5f));
    const Vec s = V::Sqrt(half);
    const Vec z = V::Select(large, half, x * x);
    const Vec q = V::Select(large, V::OrSign(s + s, x), -x);
    const Vec root_lost = V::Fma(-s, s, half);
    const Vec base =
        V::Select(large, V::SelectOrZero(negative, V::Set(kPiHigh)), V::Set(kHalfPiHigh));
    const Vec base_low =
        V::Select(large, V::SelectOrZero(negative, V::Set(kPiLow)), V::Set(kHalfPiLow));
    const Vec correction = V::SelectOrZero(large, root_lost * V::OrSign(RoughReciprocal<V>(s), x));
    const Vec high = base + q;
    const Vec lost = (base - high) + q;
    return high + (lost + V::Fma(q * z, ArcsineSeries<V>(z), base_low + correction));
  }
};

/// (atan(q) - q) / q^3 by z = q^2, up to 1.
template <class V>
[[gnu::always_inline]] inline typename V::Vec ArctangentSeries(typename V::Vec z) {
  return Polynomial<V>(z, -0x1.55553ep-2f, 0x1.9991e4p-3f, -0x1.242084p-3f, 0x1.c08c1ap-4f,
                       -0x1.580814p-4f, 0x1.da24cap-5f, -0x1.fd6fbcp-6f, 0x1.6410e6p-7f,
                       -0x1.d32dbcp-10f);
}

/// base + base_low + atan(q + q_lost), of q from -1 to 1.
template <class V>
[[gnu::always_inline]] inline typename V::Vec TurnedArctangent(typename V::Vec base,
                                                               typename V::Vec base_low,
                                                               typename V::Vec q,
                                                               typename V::Vec q_lost) {
  using Vec = typename V::Vec;
  const Vec z = q * q;
  // The derivative, 1 / (1 + z), roughly.
  const Vec slope = V::Fma(z, V::Set(-0.5f), V::Set(1.0f));
  const Vec low = V::Fma(q_lost, slope, base_low);
  const Vec high = base + q;
  const Vec lost = (base - high) + q;
  const Vec cube = q * z;
  const Vec cube_lost = V::Fma(q, z, -cube);
  const Vec rest = V::Fma(cube, ArctangentSeries<V>(z), V::Fma(cube_lost, V::Set(-0.22f), low));
  return high + (lost + rest);
}

/// atan|x| = pi / 2 - atan(1 / |x|) beyond 1.
template <class V>
struct FloatAtanOf {
  using Vec = typename V::Vec;
  static Vec Do(Vec x) {
    const Vec magnitude = V::Abs(x);
    // Infinity would make a NaN below; from here on the result is pi / 2.
    const Vec a = V::Select(V::Less(V::Set(0x1p+60f), magnitude), V::Set(0x1p+60f), magnitude);
    const auto large = V::Less(V::Set(1.0f), a);
    const Vec inverse = V::Set(-1.0f) / a;
    const Vec q = V::Select(large, inverse, a);
    const Vec q_lost = inverse * V::Fma(inverse, a, V::Set(1.0f));
    const Vec y = TurnedArctangent<V>(V::SelectOrZero(large, V::Set(kHalfPiHigh)),
                                      V::SelectOrZero(large, V::Set(kHalfPiLow)), q,
                                      V::SelectOrZero(large, q_lost));
    return V::OrSign(y, x);
  }
};

/// The angle of (|x|, |y|) is atan(y / x) or pi / 2 - atan(x / y), of the quotient up to 1; left of
/// the y axis it is pi less that.
template <class V>
struct FloatAtan2Of {
  using Vec = typename V::Vec;
  static Vec Do(Vec y, Vec x) {
    const Vec a = V::Abs(x), b = V::Abs(y);
    const auto steep = V::Less(a, b);
    const Vec larger = V::Select(steep, b, a), smaller = V::Select(steep, a, b);
    // Neither the quotient nor what it lost is subnormal, or both are zero.
    const auto fits = V::Xor(V::Less(V::Set(0x1p-60f), smaller), V::Equal(smaller, V::Set(0.0f)));
    const auto inside =
        V::And(fits, V::And(V::Less(V::Set(0x1p-60f), larger), V::Less(larger, V::Set(0x1p+60f))));
    const auto negative = V::Less(x, V::Set(0.0f));
    const Vec quotient = smaller / larger;
    const Vec quotient_lost = V::Fma(-quotient, larger, smaller) * RoughReciprocal<V>(larger);
    const Vec base =
        V::Select(steep, V::Set(kHalfPiHigh), V::SelectOrZero(negative, V::Set(kPiHigh)));
    const Vec base_low =
        V::Select(steep, V::Set(kHalfPiLow), V::SelectOrZero(negative, V::Set(kPiLow)));
    const auto backwards = V::Xor(steep, negative);
    const Vec angle = TurnedArctangent<V>(base, base_low, V::Select(backwards, -quotient, quotient),
                                          V::Select(backwards, -quotient_lost, quotient_lost));
    const Vec result = V::OrSign(angle, y);
    if (!V::All(inside)) [[unlikely]] {
      return Patched(inside, y, x, result);
    }
    return result;
  }

 private:
  /// Two zeros, infinities and NaN, and what is far from 1, by double's function.
  [[gnu::noinline]] static Vec Patched(typename V::Mask inside, Vec y, Vec x, Vec result) {
    float ys[V::kLanes], xs[V::kLanes], results[V::kLanes], rare[V::kLanes];
    V::Store(ys, y);
    V::Store(xs, x);
    V::Store(results, result);
    V::Store(rare, V::Select(inside, V::Set(0.0f), V::Set(1.0f)));
    for (int j = 0; j < V::kLanes; ++j) {
      if (rare[j] != 0) results[j] = static_cast<float>(__builtin_atan2(ys[j], xs[j]));
    }
    return V::Load(results);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
