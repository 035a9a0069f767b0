// expm1, sinh, cosh and tanh of float32, quicker than SLEEF's, with at most 1.0 ulp of error (found
// by trying every float), and of the same bits on every instruction set.
//
// V is a register of floats as described in float32_kernels_internal.h.
#pragma once

#include "emberharmony/backend/native/float32_approximation_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Added to a number of small magnitude it leaves the nearest integer in the low bits.
constexpr float kFloatRounder = 0x1.8p23f;

/// x = k ln 2 + r + tail with |r| about half of ln 2: r is exact, and tail what r lacks.
template <class V, int kBias>
struct FloatReducedExp {
  using Vec = typename V::Vec;
  typename V::Int scale_bits;  // k + kBias in the exponent's place
  Vec r, sum, tail;            // sum = r + tail, rounded

  [[gnu::always_inline]] explicit FloatReducedExp(Vec x) {
    constexpr float kLn2High = 0x1.62e43p-1f, kLn2Low = -0x1.05c61p-29f;
    constexpr float kRounder = kFloatRounder + kBias;
    const Vec shifted = V::Fma(x, V::Set(0x1.715476p+0f), V::Set(kRounder));
    const Vec k = shifted - V::Set(kRounder);
    scale_bits = V::ToBits(shifted) << 23;
    r = V::Fma(k, V::Set(-kLn2High), x);
    tail = k * V::Set(-kLn2Low);
    sum = V::Fma(k, V::Set(-kLn2Low), r);
  }
};

/// e^x - 1 = (2^k - 1) + 2^k (e^r - 1), where the largest two terms are added without loss.
template <class V>
struct FloatExpm1Of {
  using Vec = typename V::Vec;
  using Int = typename V::Int;

  static constexpr float kUsualBelow = 16.9f;  // where 2^k - 1 is exact

  static Vec Do(Vec x) {
    if (!V::All(V::Less(V::Abs(x), V::Set(kUsualBelow)))) [[unlikely]] {
      return Rare(x);
    }
    return Usual(x);
  }

  [[gnu::always_inline]] static Vec Usual(Vec x) {
    const Reduced reduced(x);
    const Vec scale = V::FromBits(reduced.scale_bits);
    return V::OrSign(Sum(reduced, reduced.r, scale, scale - V::Set(1.0f), V::Set(0.0f)), x);
  }

 private:
  using Reduced = FloatReducedExp<V, 127>;

  /// With 2^k - 1 = below + below_lost, and r or what it stands for.
  [[gnu::always_inline]] static Vec Sum(const Reduced& reduced, Vec r, Vec scale, Vec below,
                                        Vec below_lost) {
    // e^r - 1 - r, its first term apart, which rounds once less so.
    const Vec r2 = r * r;
    const Vec q = Polynomial<V>(r, 0x1.555488p-3f, 0x1.555528p-5f, 0x1.12402cp-7f, 0x1.6cf924p-10f);
    const Vec rest = V::Fma(r2, V::Set(0.5f), V::Fma(r2 * r, q, reduced.tail));
    const Vec high = V::Fma(scale, reduced.r, below);
    const Vec lost = V::Fma(scale, reduced.r, below - high) + below_lost;
    return high + V::Fma(scale, rest, lost);
  }

  /// With large numbers, infinities or NaN among them. Of the large ones half is computed, which
  /// does not overflow early.
  [[gnu::noinline]] static Vec Rare(Vec x) {
    const auto large = V::Less(V::Set(40.0f), x);
    const Vec low = V::Select(V::Less(x, V::Set(-40.0f)), V::Set(-40.0f), x);
    const Reduced reduced(V::Select(V::Less(V::Set(89.0f), x), V::Set(89.0f), low));
    const Vec unit = V::Select(large, V::Set(0.5f), V::Set(1.0f));
    constexpr uint32_t kOneBits = 0x3f800000;
    const Vec scale = V::FromBits(reduced.scale_bits + (V::ToBits(unit) - kOneBits));
    const Vec below = scale - unit;
    // Of many k the tail is large enough to count in the polynomial.
    const auto usual = V::Less(V::Abs(x), V::Set(kUsualBelow));
    const Vec r = V::Select(usual, reduced.r, reduced.sum);
    const Vec y = Sum(reduced, r, scale, below, (scale - below) - unit);
    return V::OrSign(y * V::Select(large, V::Set(2.0f), V::Set(1.0f)), x);
  }
};

/// With g = (2^k + 2^-k) / 2 and h = (2^k - 2^-k) / 2,
///   sinh x = h cosh r + g sinh r,  cosh x = g cosh r + h sinh r,
/// where again the largest two terms are added without loss.
template <class V, bool kCosh>
struct FloatHyperbolic {
  using Vec = typename V::Vec;
  using Int = typename V::Int;

  static constexpr float kUsualBelow = 87.0f;

  static Vec Do(Vec x) {
    const Vec magnitude = V::Abs(x);
    if (!V::All(V::Less(magnitude, V::Set(kUsualBelow)))) [[unlikely]] {
      return Rare(magnitude, x);
    }
    return Usual(x);
  }

  [[gnu::always_inline]] static Vec Usual(Vec x) {
    const Reduced reduced(kCosh ? V::Abs(x) : x);
    const Vec scale = V::FromBits(reduced.scale_bits);
    const Vec inverse = V::FromBits(kInverseBits - reduced.scale_bits);
    return kCosh ? Cosh(reduced, scale, inverse) : V::OrSign(Sinh(reduced, scale, inverse), x);
  }

 private:
  using Reduced = FloatReducedExp<V, 126>;  // half of 2^k
  static constexpr uint32_t kInverseBits = 2u * 126 << 23;

  /// cosh r - 1.
  [[gnu::always_inline]] static Vec Even(Vec z) {
    return z * Polynomial<V>(z, 0x1.0p-1f, 0x1.5554e4p-5f, 0x1.6d51dap-10f);
  }
  /// sinh r - r, and what r lacks.
  [[gnu::always_inline]] static Vec Odd(const Reduced& reduced, Vec z) {
    return V::Fma(reduced.sum * z, Polynomial<V>(z, 0x1.555556p-3f, 0x1.110fcp-7f, 0x1.a2dd48p-13f),
                  reduced.tail);
  }

  /// `scale` and `inverse` are half of 2^k and of 2^-k.
  [[gnu::always_inline]] static Vec Sinh(const Reduced& reduced, Vec scale, Vec inverse) {
    const Vec z = reduced.sum * reduced.sum;
    const Vec g = scale + inverse, h = scale - inverse;
    const Vec high = V::Fma(g, reduced.r, h);
    const Vec lost = V::Fma(g, reduced.r, h - high);
    return high + V::Fma(h, Even(z), V::Fma(g, Odd(reduced, z), lost));
  }

  /// Of x >= 0, where `inverse` is the smaller one, and added late.
  [[gnu::always_inline]] static Vec Cosh(const Reduced& reduced, Vec scale, Vec inverse) {
    const Vec z = reduced.sum * reduced.sum;
    const Vec g = scale + inverse, h = scale - inverse;
    const Vec high = V::Fma(h, reduced.r, scale);
    const Vec lost = V::Fma(h, reduced.r, scale - high);
    return high + (inverse + V::Fma(g, Even(z), V::Fma(h, Odd(reduced, z), lost)));
  }

  /// With large numbers, infinities or NaN among them. Large ones are computed divided by 16, so
  /// that nothing overflows early; 2^-k is nothing beside 2^k then.
  [[gnu::noinline]] static Vec Rare(Vec magnitude, Vec x) {
    const auto large = V::Less(V::Set(60.0f), magnitude);
    const Vec capped = V::Select(V::Less(V::Set(90.0f), magnitude), V::Set(90.0f), magnitude);
    const Reduced reduced(capped);
    const Vec scale = V::Select(large, V::FromBits(reduced.scale_bits - (4u << 23)),
                                V::FromBits(reduced.scale_bits));
    const Vec inverse =
        V::Select(large, V::Set(0.0f), V::FromBits(kInverseBits - reduced.scale_bits));
    const Vec y = kCosh ? Cosh(reduced, scale, inverse) : Sinh(reduced, scale, inverse);
    const Vec result = y * V::Select(large, V::Set(16.0f), V::Set(1.0f));
    return kCosh ? result : V::OrSign(result, x);
  }
};
template <class V>
struct FloatSinhOf : FloatHyperbolic<V, false> {};
template <class V>
struct FloatCoshOf : FloatHyperbolic<V, true> {};

// [1/8, 10) is cut into 25 intervals, four for each power of two; the first entry is for what lies
// below. Each interval has a point near its middle where tanh is a float but for less than 2^-12
// ulp (in the last: a fifth), and a polynomial for the difference from there.
alignas(64) constexpr float kTanhPoints[32] = {
    0x0.0p+0f,      0x1.209d0cp-3f, 0x1.5f7ce6p-3f, 0x1.9eb4cap-3f, 0x1.e2fb9ap-3f, 0x1.201c7cp-2f,
    0x1.5e71e2p-2f, 0x1.a26f84p-2f, 0x1.de2218p-2f, 0x1.1e4fcp-1f,  0x1.5dd25ap-1f, 0x1.9cfaf4p-1f,
    0x1.e329b2p-1f, 0x1.22a0fep+0f, 0x1.61b4e4p+0f, 0x1.a2c668p+0f, 0x1.de0746p+0f, 0x1.227974p+1f,
    0x1.63295ep+1f, 0x1.a1511cp+1f, 0x1.e0081cp+1f, 0x1.1e821ap+2f, 0x1.602342p+2f, 0x1.9de532p+2f,
    0x1.ddc8f6p+2f, 0x1.233334p+3f, 0x1.233334p+3f, 0x1.233334p+3f, 0x1.233334p+3f, 0x1.233334p+3f,
    0x1.233334p+3f, 0x1.233334p+3f};
alignas(64) constexpr float kTanhAtPoints[32] = {
    0x0.0p+0f,      0x1.1eb7cap-3f, 0x1.5c13b8p-3f, 0x1.992128p-3f, 0x1.da3944p-3f, 0x1.18bdf2p-2f,
    0x1.51600cp-2f, 0x1.8c9a5ap-2f, 0x1.be2b8cp-2f, 0x1.03c8p-1f,   0x1.2fefa6p-1f, 0x1.55de4ap-1f,
    0x1.794beap-1f, 0x1.a02946p-1f, 0x1.c33ce2p-1f, 0x1.da912ap-1f, 0x1.e81d4ep-1f, 0x1.f52beap-1f,
    0x1.fc0844p-1f, 0x1.fe7e7ap-1f, 0x1.ff6f2ap-1f, 0x1.ffde1cp-1f, 0x1.fffba4p-1f, 0x1.ffff5ep-1f,
    0x1.ffffeap-1f, 0x1.0p+0f,      0x1.0p+0f,      0x1.0p+0f,      0x1.0p+0f,      0x1.0p+0f,
    0x1.0p+0f,      0x1.0p+0f};
alignas(64) constexpr float kTanhTerm1[32] = {
    0x0.0p+0f,       0x1.f5f706p-1f,  0x1.f135d4p-1f,  0x1.eb9128p-1f,  0x1.e48c4p-1f,
    0x1.d983fep-1f,  0x1.c86c4p-1f,   0x1.b33244p-1f,  0x1.9ecc88p-1f,  0x1.7c30dap-1f,
    0x1.4b936ap-1f,  0x1.1bbb06p-1f,  0x1.d3ef52p-2f,  0x1.5b79d6p-2f,  0x1.c940dap-3f,
    0x1.20843cp-3f,  0x1.75410cp-4f,  0x1.56d8b2p-5f,  0x1.f9e646p-7f,  0x1.80f4e4p-8f,
    0x1.21830ep-9f,  0x1.0f18cep-11f, 0x1.17009ep-14f, 0x1.440234p-17f, 0x1.6002dep-20f,
    0x1.ae0132p-25f, 0x1.ae0132p-25f, 0x1.ae0132p-25f, 0x1.ae0132p-25f, 0x1.ae0132p-25f,
    0x1.ae0132p-25f, 0x1.ae0132p-25f};
alignas(64) constexpr float kTanhTerm2[32] = {
    0x0.0p+0f,        -0x1.191942p-3f,  -0x1.5205aap-3f,  -0x1.88cd4cp-3f,  -0x1.c0cbe8p-3f,
    -0x1.03a3dcp-2f,  -0x1.2cc0dep-2f,  -0x1.511c1p-2f,   -0x1.697772p-2f,  -0x1.81ce72p-2f,
    -0x1.89a9ep-2f,   -0x1.7ae67ep-2f,  -0x1.58d31ap-2f,  -0x1.1a6fp-2f,    -0x1.92fdp-3f,
    -0x1.0b6c38p-3f,  -0x1.63d75ep-4f,  -0x1.4f9874p-5f,  -0x1.f5fa9ap-7f,  -0x1.7fd2fep-8f,
    -0x1.213122p-9f,  -0x1.0f0524p-11f, -0x1.16fc8p-14f,  -0x1.43ff7cp-17f, -0x1.60003cp-20f,
    -0x1.ac7686p-25f, -0x1.ac7686p-25f, -0x1.ac7686p-25f, -0x1.ac7686p-25f, -0x1.ac7686p-25f,
    -0x1.ac7686p-25f, -0x1.ac7686p-25f};
alignas(64) constexpr float kTanhTerm3[32] = {
    -0x1.55554p-2f,  -0x1.3aa434p-2f, -0x1.2f3666p-2f, -0x1.2052a2p-2f, -0x1.0f8d24p-2f,
    -0x1.e8effp-3f,  -0x1.9a7ff6p-3f, -0x1.3f3c1cp-3f, -0x1.dc5996p-4f, -0x1.cdb13ep-5f,
    0x1.94c156p-7f,  0x1.fef728p-5f,  0x1.888506p-4f,  0x1.c6f674p-4f,  0x1.957f1ap-4f,
    0x1.2f669ap-4f,  0x1.ada764p-5f,  0x1.ac706cp-6f,  0x1.49705cp-7f,  0x1.fcb854p-9f,
    0x1.80b644p-10f, 0x1.68c0aap-12f, 0x1.73869ep-15f, 0x1.af71b6p-18f, 0x1.d4bab2p-21f,
    0x1.13f328p-25f, 0x1.13f328p-25f, 0x1.13f328p-25f, 0x1.13f328p-25f, 0x1.13f328p-25f,
    0x1.13f328p-25f, 0x1.13f328p-25f};
alignas(64) constexpr float kTanhTerm4[32] = {
    -0x1.c0fe46p-15f, 0x1.79e49ap-4f,   0x1.a9f97ap-4f,   0x1.e98868p-4f,   0x1.01050cp-3f,
    0x1.3381bap-3f,   0x1.5003f8p-3f,   0x1.5bc77cp-3f,   0x1.593094p-3f,   0x1.3bbc7ep-3f,
    0x1.eeb194p-4f,   0x1.4e6c38p-4f,   0x1.553248p-5f,   0x1.b0d0aep-10f,  -0x1.62d486p-6f,
    -0x1.9bcd28p-6f,  -0x1.58bb1p-6f,   -0x1.874adcp-7f,  -0x1.3f2654p-8f,  -0x1.f6be32p-10f,
    -0x1.7f057ep-11f, -0x1.68b64cp-13f, -0x1.73d0c8p-16f, -0x1.afde16p-19f, -0x1.d5340cp-22f,
    -0x1.1cb89p-26f,  -0x1.1cb89p-26f,  -0x1.1cb89p-26f,  -0x1.1cb89p-26f,  -0x1.1cb89p-26f,
    -0x1.1cb89p-26f,  -0x1.1cb89p-26f};
alignas(64) constexpr float kTanhTerm5[32] = {
    0x1.143c94p-3f,  -0x1.de98acp-1f, 0x1.95adep+0f,   -0x1.996464p-2f, 0x1.c0b15cp+0f,
    0x1.47f32p-5f,   0x1.408d06p-4f,  0x1.690ab8p-5f,  0x1.92ca62p-6f,  -0x1.59db84p-5f,
    -0x1.03ea1cp-4f, -0x1.18f77ap-4f, -0x1.b4f368p-5f, -0x1.f9a0e2p-6f, -0x1.2a3466p-7f,
    0x1.b2a658p-10f, 0x1.294e48p-8f,  0x1.fdf49ep-9f,  0x1.e1ab1ep-10f, 0x1.8c7adep-11f,
    0x1.32c85p-12f,  0x1.2cbc58p-14f, 0x1.3694a6p-17f, 0x1.699056p-20f, 0x1.88f4ecp-23f,
    0x1.1e5912p-27f, 0x1.1e5912p-27f, 0x1.1e5912p-27f, 0x1.1e5912p-27f, 0x1.1e5912p-27f,
    0x1.1e5912p-27f, 0x1.1e5912p-27f};
alignas(64) constexpr float kTanhTerm6[32] = {
    -0x1.03118p-6f,   -0x1.c2035cp+3f,  0x1.34e55ep+0f,   0x1.50b7bcp+2f,   0x1.75ca44p+5f,
    -0x1.004e82p-2f,  -0x1.6b9052p-2f,  0x1.d77218p-3f,   -0x1.b49cdp-2f,   -0x1.1b8656p-5f,
    0x1.cbfaf2p-9f,   0x1.ff7f56p-6f,   0x1.861c92p-7f,   0x1.30857ap-6f,   0x1.5eebep-7f,
    0x1.0fec0ap-8f,   0x1.48ccb8p-11f,  -0x1.80ff14p-11f, -0x1.1505d8p-11f, -0x1.f43b4ep-13f,
    -0x1.91073ap-14f, -0x1.874fccp-16f, -0x1.95b42cp-19f, -0x1.d8183ap-22f, -0x1.0087c2p-24f,
    -0x1.48d276p-29f, -0x1.48d276p-29f, -0x1.48d276p-29f, -0x1.48d276p-29f, -0x1.48d276p-29f,
    -0x1.48d276p-29f, -0x1.48d276p-29f};

template <class V>
struct FloatTanhOf {
  using Vec = typename V::Vec;
  static Vec Do(Vec x) {
    // From 9.02 on tanh x rounds to 1. NaN stays.
    const Vec magnitude = V::Abs(x);
    const Vec capped = V::Select(V::Less(V::Set(9.9f), magnitude), V::Set(9.9f), magnitude);
    const auto index = V::MaxWithZero((V::ToBits(capped) >> 21) - 495);
    const Vec d = capped - V::Look(kTanhPoints, index);
    Vec sum = V::Look(kTanhTerm6, index);
    sum = V::Fma(sum, d, V::Look(kTanhTerm5, index));
    sum = V::Fma(sum, d, V::Look(kTanhTerm4, index));
    sum = V::Fma(sum, d, V::Look(kTanhTerm3, index));
    sum = V::Fma(sum, d, V::Look(kTanhTerm2, index));
    sum = V::Fma(sum, d, V::Look(kTanhTerm1, index));
    const Vec base =
        V::Select(V::Less(capped, V::Set(0.125f)), capped, V::Look(kTanhAtPoints, index));
    return V::OrSign(V::Fma(sum, d, base), x);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
