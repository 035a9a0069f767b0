// sin, cos and tan of float32, quicker than SLEEF's, with less than 1.0 ulp of error (found by
// trying every float; of cos and tan every one from 2^-7 to 2^8 and every 997th of the others), and
// of the same bits on every instruction set.
//
// V is a register of floats and W one of floats computed with as doubles, as described in
// float32_kernels_internal.h.
#pragma once

#include "emberharmony/backend/native/float32_approximation_internal.h"

namespace emberharmony::backend::native {
namespace {

/// A function of double of those lanes where `mask` is not set, which are rare.
template <class W, double (*exact)(double)>
[[gnu::noinline]] typename W::Vec PatchedUnless(typename W::Mask mask, typename W::Vec x,
                                                typename W::Vec result) {
  double arguments[W::kLanes], results[W::kLanes], rare[W::kLanes];
  W::StoreNumbers(arguments, x);
  W::StoreNumbers(results, result);
  W::StoreNumbers(rare, W::Select(mask, W::Set(0.0), W::Set(1.0)));
  for (int j = 0; j < W::kLanes; ++j) {
    if (rare[j] != 0) results[j] = exact(arguments[j]);
  }
  return W::LoadNumbers(results);
}

/// sin and cos, in doubles: x is k pi + r, for the cosine (k - 1/2) pi + r, with |r| at most pi /
/// 2, and the result sin r with the sign of k's parity. Multiples of pi in two parts are exact
/// enough up to 2^40, while no float is so near to one that r would lose bits that count.
template <class W, bool kCosine>
struct FloatSine {
  using Vec = typename W::Vec;

  static constexpr double kUsualBelow = 0x1p+40;

  static Vec Do(Vec x) {
    const auto inside = W::Less(W::Abs(x), W::Set(kUsualBelow));
    if (!W::All(inside)) [[unlikely]] {
      return PatchedUnless<W, Exact>(inside, x, Usual(x));
    }
    return Usual(x);
  }

  [[gnu::always_inline]] static Vec Usual(Vec x) {
    constexpr double kRounder = 0x1.8p52;
    constexpr double kPiHigh = 0x1.921fb54442d18p+1, kPiLow = 0x1.1a62633145c07p-53;
    constexpr double kInversePi = 0x1.45f306dc9c883p-2;
    Vec shifted, turns, r;
    if constexpr (kCosine) {
      const Vec magnitude = W::Abs(x);
      shifted = W::Fma(magnitude, W::Set(kInversePi), W::Set(0.5)) + W::Set(kRounder);
      turns = (shifted - W::Set(kRounder)) - W::Set(0.5);
      r = W::Fma(turns, W::Set(-kPiHigh), magnitude);
    } else {
      shifted = W::Fma(x, W::Set(kInversePi), W::Set(kRounder));
      turns = shifted - W::Set(kRounder);
      r = W::Fma(turns, W::Set(-kPiHigh), x);
    }
    r = W::Fma(turns, W::Set(-kPiLow), r);
    const Vec z = r * r;
    const Vec y = r * Polynomial<W>(z, 1.0, -0x1.55554bc835f5bp-3, 0x1.110ed3803a571p-7,
                                    -0x1.9f6ffee6ae36dp-13, 0x1.5dbdf0aa7b224p-19);
    return W::FromBits(W::ToBits(y) ^ (W::ToBits(shifted) << 63));
  }

 private:
  static double Exact(double x) { return kCosine ? __builtin_cos(x) : __builtin_sin(x); }
};
template <class W>
struct FloatSinOf : FloatSine<W, false> {};
template <class W>
struct FloatCosOf : FloatSine<W, true> {};

/// tan x: x is k pi / 2 + r + rest, |r| at most pi / 4, and the result tan(r + rest) = t, or -1 / t
/// where k is odd.
template <class V>
struct FloatTanOf {
  using Vec = typename V::Vec;
  using Int = typename V::Int;

  static constexpr float kUsualBelow = 190.0f;  // k up to 121

  static Vec Do(Vec x) {
    if (!V::All(V::Less(V::Abs(x), V::Set(kUsualBelow)))) [[unlikely]] {
      return Rare(x);
    }
    return Usual(x);
  }

  [[gnu::always_inline]] static Vec Usual(Vec x) {
    constexpr float kRounder = 0x1.8p23f;
    // Of the second part all products are exact, of the first the difference from x: so r and
    // `rest` are, but for the third part.
    constexpr float kHigh = 0x1.921fb4p+0f, kMiddle = 0x1.4442p-24f, kLow = 0x1.a308d4p-41f;
    const Vec shifted = V::Fma(x, V::Set(0x1.45f306p-1f), V::Set(kRounder));
    const Vec k = shifted - V::Set(kRounder);
    const Vec first = V::Fma(k, V::Set(-kHigh), x);
    const Vec r = V::Fma(k, V::Set(-kMiddle), first);
    const Vec rest = V::Fma(k, V::Set(-kLow), V::Fma(k, V::Set(-kMiddle), first - r));
    return OfReduced(r, rest, V::ToBits(shifted));
  }

 private:
  [[gnu::always_inline]] static Vec OfReduced(Vec r, Vec rest, Int k) {
    const Vec z = r * r;
    const Vec q =
        Polynomial<V>(z, -0x1.55556p-2f, -0x1.110d9ep-3f, -0x1.bad9c2p-5f, -0x1.5cc0d4p-6f,
                      -0x1.62cb2ap-7f, -0x1.9c1a24p-14f, -0x1.1e9194p-8f);
    // The derivative is 1 + tan^2 r, about 1 + 1.6 r^2.
    const Vec slope = V::Fma(z, V::Set(-1.6f), V::Set(-1.0f));
    // What z lost, times about a derivative.
    const Vec z_lost = V::Fma(r, r, -z);
    // Taken away, not added, so that of -0 it leaves -0.
    const Vec below = V::Fma(r * z, q, V::Fma(z_lost, r * V::Set(-0.6f), rest * slope));
    const Vec t = r - below;
    const Vec lost = (r - t) - below;
    const Vec inverse = V::Set(-1.0f) / t;
    const Vec error = V::Fma(inverse, lost, V::Fma(inverse, t, V::Set(1.0f)));
    return V::Select(V::IsOdd(k), V::Fma(inverse, error, inverse), t);
  }

  [[gnu::noinline]] static Vec Rare(Vec x) {
    using W = typename V::Wide;
    float arguments[V::kLanes], results[V::kLanes];
    V::Store(arguments, x);
    for (int j = 0; j < V::kLanes; j += W::kLanes) {
      W::Store(results + j, WideTan<W>(W::Load(arguments + j)));
    }
    const auto near = V::Less(V::Abs(x), V::Set(kUsualBelow));
    return V::Select(near, Usual(V::SelectOrZero(near, x)), V::Load(results));
  }

  static double Exact(double x) { return __builtin_tan(x); }

  /// In doubles, of magnitudes up to 2^40, with the library's tangent beyond.
  template <class W>
  [[gnu::always_inline]] static typename W::Vec WideTan(typename W::Vec x) {
    using Wide = typename W::Vec;
    constexpr double kRounder = 0x1.8p52;
    constexpr double kHigh = 0x1.921fb54442d18p+0, kLow = 0x1.1a62633145c07p-54;
    const Wide shifted = W::Fma(x, W::Set(0x1.45f306dc9c883p-1), W::Set(kRounder));
    const Wide k = shifted - W::Set(kRounder);
    const Wide r = W::Fma(k, W::Set(-kLow), W::Fma(k, W::Set(-kHigh), x));
    const Wide z = r * r;
    const Wide t = r * Polynomial<W>(z, 1.0, 0x1.55556p-2, 0x1.110d9ep-3, 0x1.bad9c2p-5,
                                     0x1.5cc0d4p-6, 0x1.62cb2ap-7, 0x1.9c1a24p-14, 0x1.1e9194p-8);
    const auto odd = W::Less(W::FromBits((W::ToBits(shifted) << 63) | kOneBits), W::Set(0.0));
    const Wide y = W::Select(odd, W::Set(-1.0) / t, t);
    const auto inside = W::Less(W::Abs(x), W::Set(0x1p+40));
    if (W::All(inside)) return y;
    return PatchedUnless<W, Exact>(inside, x, y);
  }
  static constexpr uint64_t kOneBits = uint64_t{1023} << 52;
};

}  // namespace
}  // namespace emberharmony::backend::native
