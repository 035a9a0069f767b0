// tan, asin, acos, atan and atan2 of float64.
#pragma once

#include "emberharmony/backend/native/float64_tables_internal.h"
#include "emberharmony/backend/native/float64_vectors_internal.h"

namespace emberharmony::backend::native {
namespace {

/// tan(x) = (s + c t) / (c - s t) with t = tan(r), x = n pi / 16 + r, and s and c the sine and the
/// cosine of n pi / 16. All are sums of two numbers, so that only the last step rounds noticeably.
struct TanOf {
  static Vec Do(Vec x) {
    if (!V::All(V::NotLess(V::Set(kOrdinary), Abs(x)))) return Rare(x);
    return Ordinary(x);
  }

 private:
  /// Up to this magnitude n has so few bits that r is exact to far below an ulp.
  static constexpr double kOrdinary = 8192.0;

  [[gnu::always_inline]] static Vec Ordinary(Vec x) {
    const Vec rounded = Fma(x, kSixteenthsPerPi, kRounder);
    const Vec n = rounded - kRounder;
    const Bits index = BitsOf(rounded);
    // Pi / 16 in three parts; the first two have 37 bits, so their products with n are exact.
    const Vec first = Fma(n, -kPiSixteenthHigh, x);
    const Vec r = Fma(n, -kPiSixteenthMiddle, first);
    // With these signs -0 stays what it is.
    const Vec r_low = Fma(n, -kPiSixteenthLow, -Fma(n, kPiSixteenthMiddle, r - first));
    const Vec r2 = r * r;
    const Vec series = Fma(Fma(r2, kTanSeries[4], kTanSeries[3]), r2 * r2 * r2,
                           Fma(Fma(r2, kTanSeries[2], kTanSeries[1]), r2, kTanSeries[0]));
    const Vec more = Fma(r * r2, series, r_low);
    const Vec t = r + more, t_low = more - (t - r);
    const Vec s = V::Look16(kSines, index), s_low = V::Look16(kSinesLow, index);
    const Vec c = V::Look16(kCosines, index), c_low = V::Look16(kCosinesLow, index);
    // Of the terms of a sum the first is larger, or 0.
    const Vec ct = c * t, ct_low = Fma(c, t, -ct);
    const Vec above = s + ct;
    const Vec above_low = Fma(c_low, t, Fma(c, t_low, ((ct - (above - s)) + ct_low) + s_low));
    const Vec st = s * t, st_low = Fma(s, t, -st);
    const Vec below = c - st;
    const Vec below_low = Fma(-s_low, t, Fma(-s, t_low, (((c - below) - st) - st_low) + c_low));
    const Vec inverse = 1.0 / below;
    const Vec quotient = above * inverse;
    const Vec remainder = Fma(-quotient, below, above) + Fma(-quotient, below_low, above_low);
    // So that the sign of zero is kept.
    return V::WithSign(Fma(remainder, inverse, quotient), quotient);
  }
  [[gnu::noinline]] static Vec Rare(Vec x) {
    const V::Mask ordinary = V::LessEqual(Abs(x), V::Set(kOrdinary));
    return V::Pick(ordinary, Ordinary(V::Pick(ordinary, x, V::Set(0))), SleefTan(x));
  }
};

/// What asin and acos are made of. Up to 1/2 asin(x) = x + x z p(z) with z = x^2. Above, with
/// z = (1 - x) / 2 and its root, asin(x) = pi / 2 - 2 asin(root).
struct ArcSine {
  V::Mask large;
  Vec magnitude, root, root_low, part;  // asin of the root or of the magnitude, less that

  [[gnu::always_inline]] explicit ArcSine(Vec x) {
    magnitude = Abs(x);
    large = V::Less(V::Set(0.5), magnitude);
    const Vec rest = Fma(magnitude, -0.5, 0.5);
    root = V::Sqrt(rest);
    // 1 / (2 root) within 6 percent, from the bits: enough for what the root is rounded by.
    const Vec inverse = FromBits(kInverseMagic - (uint64_t{1} << 52) - BitsOf(root));
    root_low = Fma(-root, root, rest) * inverse;
    const Vec z = V::Pick(large, rest, magnitude * magnitude);
    const Vec z2 = z * z, z4 = z2 * z2;
    const Vec upper = Fma(z4, kAsinSeries[12], Cubic(kAsinSeries + 8, z, z2));
    const Vec series =
        Fma(Fma(upper, z4, Cubic(kAsinSeries + 4, z, z2)), z4, Cubic(kAsinSeries, z, z2));
    part = V::Pick(large, root, magnitude) * z * series;
  }
};

struct AsinOf {
  static Vec Do(Vec x) {
    const ArcSine a(x);
    const Vec high = Fma(a.root, -2.0, kHalfPiHigh);
    const Vec high_low = Fma(a.root, -2.0, kHalfPiHigh - high) + kHalfPiLow;
    const Vec low = Fma(a.root_low + a.part, -2.0, high_low);
    return V::WithSign(V::Pick(a.large, high, a.magnitude) + V::Pick(a.large, low, a.part), x);
  }
};

struct AcosOf {
  static Vec Do(Vec x) {
    const ArcSine a(x);
    const Vec zero = V::Set(0);
    const V::Mask positive = V::Less(zero, x);
    // pi / 2 - asin(x); 2 asin(root); pi - 2 asin(root).
    const Vec end = V::Pick(positive, zero, V::Set(2 * kHalfPiHigh));
    const Vec end_low = V::Pick(positive, zero, V::Set(2 * kHalfPiLow));
    const Vec whole = V::Pick(a.large, end, V::Set(kHalfPiHigh));
    const Vec whole_low = V::Pick(a.large, end_low, V::Set(kHalfPiLow));
    const Vec twice = a.root * 2.0, twice_low = (a.root_low + a.part) * 2.0;
    const Vec sign = V::Pick(a.large, x, -x);
    const Vec part = V::WithSign(V::Pick(a.large, twice, a.magnitude), sign);
    const Vec part_low = V::WithSign(V::Pick(a.large, twice_low, a.part), sign);
    const Vec high = whole + part;
    return high + (((part - (high - whole)) + whole_low) + part_low);
  }
};

/// (atan(u) / u - 1) / u^2 for |u| <= 0.1.
[[gnu::always_inline]] inline Vec AtanSeries(Vec u2) {
  const Vec u4 = u2 * u2;
  return Fma(Cubic(kAtanSeries + 3, u2, u4), u2 * u4,
             Fma(Fma(u2, kAtanSeries[2], kAtanSeries[1]), u2, kAtanSeries[0]));
}

/// atan(x) = atan(c) + atan(u), u = (x - c) / (1 + x c), for x >= 0 and the c of 16 intervals of x,
/// two in an octave: 0 for the first, infinity for the last, where u = -1 / x.
struct AtanOf {
  static Vec Do(Vec x) {
    // The second operand is the result where it is NaN. Above 2^60 all is pi / 2.
    const Vec magnitude = V::Min(V::Set(0x1p60), Abs(x));
    const Vec place = V::Max(V::Set(0.0625), V::Min(V::Set(15.0), magnitude));
    const Bits index = (BitsOf(place) >> 51) - kAtanFirst;
    const Vec a = V::Look16(kAtanUnits, index), b = V::Look16(kAtanPoints, index);
    // (a x - b) / (a + b x)
    const Vec above = Fma(a, magnitude, -b);
    const Vec below = Fma(b, magnitude, a);
    const Vec below_low = Fma(b, magnitude, a - below);
    const Vec inverse = 1.0 / below;
    const Vec u = above * inverse;
    const Vec u_low = (Fma(-u, below, above) - u * below_low) * inverse;
    const Vec u2 = u * u;
    const Vec whole = V::Look16(kAtansHigh, index);
    const Vec high = whole + u;
    const Vec low = ((u - (high - whole)) + V::Look16(kAtansLow, index)) + u_low;
    return V::WithSign(high + Fma(u * u2, AtanSeries(u2), low), x);
  }
};

/// atan2(y, x): atan(t) of the smaller magnitude t over the larger, as AtanOf, but with the c of 16
/// intervals that the difference of their bits tells, and added to or subtracted from multiples of
/// pi / 2.
struct Atan2Of {
  static Vec Do(Vec y, Vec x) {
    const Vec run = Abs(x), rise = Abs(y);
    const V::Mask steep = V::Less(run, rise);
    const Vec large = V::Pick(steep, rise, run), small = V::Pick(steep, run, rise);
    // The larger is between 2^-400 and 2^400, the smaller is not below or is 0. NaN stays NaN.
    constexpr uint64_t kLow = uint64_t{1023 - 400} << 52, kHigh = uint64_t{1023 + 400} << 52;
    const V::Mask ordinary = V::Both(V::LessBits(BitsOf(large) - kLow, kHigh - kLow),
                                     V::LessBits(0 - BitsOf(small), 1 - kLow));
    if (!V::All(ordinary)) return Rare(y, x, ordinary);
    return Ordinary(y, x, large, small, steep);
  }

 private:
  [[gnu::always_inline]] static Vec Ordinary(Vec y, Vec x, Vec large, Vec small, V::Mask steep) {
    // Below about 1/16 all are of the last interval.
    const Bits index = (BitsOf(large) - BitsOf(V::Max(small, large * 0.0626))) >> 50;
    const Vec c = V::Look16(kSlopes, index);
    // (small - c large) / (large + c small); the first difference is exact.
    const Vec product = c * large, product_low = Fma(c, large, -product);
    const Vec above = small - product;
    const Vec part = c * small, part_low = Fma(c, small, -part);
    const Vec below = large + part, below_low = (part - (below - large)) + part_low;
    const Vec inverse = 1.0 / below;
    const Vec u = above * inverse;
    const Vec u_low = ((Fma(-u, below, above) - product_low) - u * below_low) * inverse;
    const Vec u2 = u * u;
    const Vec angle = V::Look16(kSlopeAnglesHigh, index);
    const Vec sum = angle + u;
    const Vec sum_low = Fma(u * u2, AtanSeries(u2),
                            ((u - (sum - angle)) + V::Look16(kSlopeAnglesLow, index)) + u_low);
    const V::Mask left = V::Less(x, V::Set(0));
    const Vec flat = V::Pick(left, V::Set(2 * kHalfPiHigh), V::Set(0));
    const Vec flat_low = V::Pick(left, V::Set(2 * kHalfPiLow), V::Set(0));
    const Vec whole = V::Pick(steep, V::Set(kHalfPiHigh), flat);
    const Vec whole_low = V::Pick(steep, V::Set(kHalfPiLow), flat_low);
    const Vec sign = V::Pick(steep, -x, x);
    const Vec turn = V::WithSign(sum, sign), turn_low = V::TimesSign(sum_low, sign);
    const Vec high = whole + turn;
    return V::WithSign(high + (((turn - (high - whole)) + whole_low) + turn_low), y);
  }
  [[gnu::noinline]] static Vec Rare(Vec y, Vec x, V::Mask ordinary) {
    const Vec one = V::Set(1);
    const Vec run = V::Pick(ordinary, Abs(x), one), rise = V::Pick(ordinary, Abs(y), one);
    const V::Mask steep = V::Less(run, rise);
    const Vec large = V::Pick(steep, rise, run), small = V::Pick(steep, run, rise);
    return V::Pick(ordinary, Ordinary(y, x, large, small, steep), SleefAtan2(y, x));
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
