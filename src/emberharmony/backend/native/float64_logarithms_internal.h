// log, log2 and log10 of float64.
//
// x is 2^k z with z in [45/64, 45/32), c near 1/z comes from a table of 16 by the upper bits of z,
// and log(x) = k log(2) - log(c) + log(1 + r) with r = z c - 1. The interval around 1 has c = 1,
// so that results near zero keep their accuracy; near it c has so few bits that r is exact.
#pragma once

#include "emberharmony/backend/native/float64_tables_internal.h"
#include "emberharmony/backend/native/float64_vectors_internal.h"

namespace emberharmony::backend::native {
namespace {

constexpr double kLargest = 0x1.fffffffffffffp+1023;

constexpr uint64_t kExponentBits = uint64_t{0xfff} << 52;

/// Which are the bits of normal positive numbers.
[[gnu::always_inline]] inline V::Mask NormalPositive(Bits bits) {
  return V::LessBits(bits - (uint64_t{1} << 52), uint64_t{0x7fe} << 52);
}

/// Positive numbers as a normal number's bits and a power of two; 1 for all that are not finite and
/// positive.
struct AnyMagnitude {
  V::Mask positive;
  Bits bits;
  Vec more;

  explicit AnyMagnitude(Bits x) {
    constexpr uint64_t kOne = uint64_t{1023} << 52;
    // With the exponent of 1, a number that is not normal is 1 + 2^1022 times itself: processors
    // are slow where one is multiplied.
    const V::Mask subnormal = V::LessBits(x - 1, (uint64_t{1} << 52) - 1);
    const Vec scaled = FromBits((x & ~kExponentBits) | kOne) - 1.0;
    const Vec number = V::Pick(subnormal, scaled, FromBits(x));
    positive = NormalPositive(BitsOf(number));
    bits = BitsOf(V::Pick(positive, number, V::Set(1)));
    more = V::Pick(subnormal, V::Set(-1022), V::Set(0));
  }
};

/// x = 2^k z of a normal positive x, z between the number with the bits `lowest` and its double.
/// The upper bits of the mantissa of `shifted` count the intervals of z from there.
struct SplitNumber {
  Bits shifted;
  Vec k, z;

  [[gnu::always_inline]] SplitNumber(Bits bits, uint64_t lowest) {
    shifted = bits - lowest;
    k = V::TopBitsAsNumber(shifted);
    z = FromBits(bits - (shifted & kExponentBits));
  }
};

/// (log(1 + r) - r) / r^2.
[[gnu::always_inline]] inline Vec LogSeries(Vec r, Vec r2) {
  const Vec r4 = r2 * r2;
  const Vec c2 = Fma(r, kLogSeries[1], kLogSeries[0]), c4 = Fma(r, kLogSeries[3], kLogSeries[2]);
  const Vec c6 = Fma(r, kLogSeries[5], kLogSeries[4]), c8 = Fma(r, kLogSeries[7], kLogSeries[6]);
  const Vec upper = Fma(Fma(r2, kLogSeries[8], c8), r2, c6);
  return Fma(upper, r4, Fma(c4, r2, c2));
}

/// log(x) + more log(2) to a base of float64_tables_internal.h, of bits of normal positive numbers.
/// If kRounded, log(x + x_low), where that is what x is rounded by.
template <class Base, bool kRounded = false>
[[gnu::always_inline]] inline Vec LogOfNormal(Bits bits, Vec more, Vec x_low = Vec()) {
  const SplitNumber split(bits, kLogLowest);
  const Bits index = split.shifted >> 48;
  const Vec k = split.k + more;
  const Vec inverse = V::Look16(kInverses, index);
  const Vec r = Fma(split.z, inverse, -1.0);
  // The first factor and part of the table have so few bits that the sum is exact.
  const Vec whole = Fma(k, Base::kTwoHigh, V::Look16(Base::kHigh, index));
  Vec low = Fma(k, Base::kTwoLow, V::Look16(Base::kLow, index));
  if constexpr (kRounded) {
    const Vec r_low = x_low * FromBits(BitsOf(inverse) - (split.shifted & kExponentBits));
    low = low + Fma(-r, r_low, r_low);
  }
  Vec part = r, r2 = r * r;
  const Vec series = LogSeries(r, r2);
  if constexpr (Base::kScaled) {
    part = r * Base::kFactor;
    low = low + Fma(r, Base::kFactorLow, Fma(r, Base::kFactor, -part));
    r2 = r2 * Base::kFactor;
  }
  // |part| is less than |whole|, or whole is 0.
  const Vec high = whole + part;
  return high + Fma(series, r2, (part - (high - whole)) + low);
}

template <class Base>
struct LogarithmOf {
  static Vec Do(Vec x) {
    const Bits bits = BitsOf(x);
    if (!V::All(NormalPositive(bits))) return Rare(x);
    return LogOfNormal<Base>(bits, V::Set(0));
  }

 private:
  /// With numbers among them that are not normal and positive.
  [[gnu::noinline]] static Vec Rare(Vec x) {
    const AnyMagnitude magnitude(BitsOf(x));
    const Vec log = LogOfNormal<Base>(magnitude.bits, magnitude.more);
    const Vec zero = V::Set(0);
    const Vec other = V::Pick(V::Less(x, zero), V::Set(__builtin_nan("")), x);  // x: infinity, NaN
    const Vec ends = V::Pick(V::Both(V::LessEqual(x, zero), V::LessEqual(zero, x)),
                             V::Set(-__builtin_inf()), other);
    return V::Pick(magnitude.positive, log, ends);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
