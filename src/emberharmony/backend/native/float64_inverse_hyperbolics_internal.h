// asinh, acosh and atanh of float64.
#pragma once

#include "emberharmony/backend/native/float64_exponentials_internal.h"
#include "emberharmony/backend/native/float64_logarithms_internal.h"

namespace emberharmony::backend::native {
namespace {

/// asinh(t) = t + t^3 p(t^2) of small t, else log(y) with y = a + sqrt(a^2 + 1). What the square
/// and the sums are rounded by is carried.
struct AreaOfRoot {
  /// sqrt(value + value_low).
  Vec root, root_low;

  [[gnu::always_inline]] AreaOfRoot(Vec value, Vec value_low) {
    root = V::Sqrt(value);
    // 1 / (2 root) within 6 percent, from the bits, and a step of Newton's method.
    const Vec near = FromBits(kInverseMagic - (uint64_t{1} << 52) - BitsOf(root));
    const Vec inverse = near * Fma(root * near, -2.0, 2.0);
    root_low = (Fma(-root, root, value) + value_low) * inverse;
  }

  /// log(large + small + low) where that is at least 1 and the terms fall.
  [[gnu::always_inline]] static Vec Log(Vec large, Vec small, Vec low) {
    const Vec y = large + small;
    return LogOfNormal<NaturalBase, true>(BitsOf(y), V::Set(0), (small - (y - large)) + low);
  }
  /// asinh(t + t_low), t up to kSmall.
  [[gnu::always_inline]] static Vec OfSmall(Vec t, Vec t_low) {
    const Vec z = t * t, z2 = z * z;
    const Vec upper = Fma(z2 * z2, kAsinhSeries[8], Cubic(kAsinhSeries + 4, z, z2));
    const Vec series = Fma(upper, z2 * z2, Cubic(kAsinhSeries, z, z2));
    return t + Fma(t * z, series, t_low);
  }
  /// log(2 a) of large a, infinity and NaN.
  [[gnu::always_inline]] static Vec OfLarge(Vec a) {
    const V::Mask finite = V::LessEqual(a, V::Set(kLargest));
    const Vec log = LogOfNormal<NaturalBase>(BitsOf(V::Max(V::Set(1), a)), V::Set(1));
    return V::Pick(finite, log, a);
  }

  static constexpr double kSmall = 0.25;
  /// From here on squares may overflow, and log(2 a) is the result.
  static constexpr double kLarge = 0x1p500;
};

struct AsinhOf {
  static Vec Do(Vec x) {
    const Vec a = Abs(x), large = V::Set(AreaOfRoot::kLarge);
    if (!V::All(V::NotLess(large, a))) return Rare(x, a);
    return V::WithSign(Ordinary(a), x);
  }

 private:
  [[gnu::always_inline]] static Vec Ordinary(Vec a) {
    const Vec square = a * a, square_low = Fma(a, a, -square);
    const Vec sum = square + 1.0, back = sum - square;
    const Vec sum_low = (square - (sum - back)) - (back - 1.0);
    const AreaOfRoot area(sum, sum_low + square_low);
    const Vec log = AreaOfRoot::Log(area.root, a, area.root_low);
    const V::Mask small = V::Less(a, V::Set(AreaOfRoot::kSmall));
    return V::Pick(small, AreaOfRoot::OfSmall(a, V::Set(0)), log);
  }
  [[gnu::noinline]] static Vec Rare(Vec x, Vec a) {
    const Vec large = V::Set(AreaOfRoot::kLarge);
    const V::Mask ordinary = V::LessEqual(a, large);
    const Vec capped = V::Pick(ordinary, a, V::Set(1));
    return V::WithSign(V::Pick(ordinary, Ordinary(capped), AreaOfRoot::OfLarge(a)), x);
  }
};

/// acosh(x) = asinh(sqrt(x^2 - 1)).
struct AcoshOf {
  static Vec Do(Vec x) {
    if (!V::All(InRange(x))) return Rare(x);
    return Ordinary(x);
  }

 private:
  [[gnu::always_inline]] static V::Mask InRange(Vec x) {
    return V::Both(V::LessEqual(V::Set(1), x), V::LessEqual(x, V::Set(AreaOfRoot::kLarge)));
  }
  [[gnu::always_inline]] static Vec Ordinary(Vec x) {
    // x^2 - 1 = 2 d + d^2 with d = x - 1, which is exact.
    const Vec d = x - 1.0, twice = d * 2.0;
    const Vec square = d * d, square_low = Fma(d, d, -square);
    const Vec larger = V::Max(twice, square), sum = twice + square;
    const Vec sum_low = V::Min(twice, square) - (sum - larger);
    const AreaOfRoot area(sum, sum_low + square_low);
    const Vec log = AreaOfRoot::Log(x, area.root, area.root_low);
    const V::Mask small = V::Less(area.root, V::Set(AreaOfRoot::kSmall));
    return V::Pick(small, AreaOfRoot::OfSmall(area.root, area.root_low), log);
  }
  [[gnu::noinline]] static Vec Rare(Vec x) {
    const V::Mask ordinary = InRange(x);
    const Vec other =
        V::Pick(V::Less(x, V::Set(1)), V::Set(__builtin_nan("")), AreaOfRoot::OfLarge(x));
    return V::Pick(ordinary, Ordinary(V::Pick(ordinary, x, V::Set(1))), other);
  }
};

/// atanh(x) = log(c) / 2 + atanh(w), w = (1 + x - c (1 - x)) / (1 + x + c (1 - x)), for x >= 0 and
/// c near (1 + x) / (1 - x): a power of two times one of 16, by the difference of the bits of 1 + x
/// and 1 - x. It is 1 where x is near 0.
struct AtanhOf {
  static Vec Do(Vec x) {
    const Vec a = Abs(x);
    if (!V::All(V::NotLess(V::Set(kOrdinary), a))) return Rare(x, a);
    return V::WithSign(Ordinary(a), x);
  }

 private:
  static constexpr double kOrdinary = 0x1.fffffffffffffp-1;  // the last number before 1

  [[gnu::always_inline]] static Vec Ordinary(Vec a) {
    const Vec rise = a + 1.0, rise_low = a - (rise - 1.0);
    const Vec fall = 1.0 - a, fall_low = (1.0 - fall) - a;
    const Bits place = BitsOf(rise) - BitsOf(fall) + (uint64_t{1} << 47);
    const Bits index = place >> 48;
    const Vec c = Power(kRatios, index);
    // The products are of about the same size as the sum, so their difference is exact.
    const Vec scaled = c * fall;
    const Vec scaled_low = Fma(c, fall_low, Fma(c, fall, -scaled));
    const Vec above = rise - scaled, above_low = rise_low - scaled_low;
    const Vec below = rise + scaled;
    const Vec below_low = ((rise - below) + scaled) + (rise_low + scaled_low);
    const Vec inverse = 1.0 / below;
    const Vec w = above * inverse;
    const Vec w_low = ((Fma(-w, below, above) + above_low) - w * below_low) * inverse;
    const Vec k = V::TopBitsAsNumber(place);
    const Vec whole = Fma(k, kLn2High / 2, V::Look16(kRatioLogsHigh, index));
    const Vec whole_low = Fma(k, kLn2Low / 2, V::Look16(kRatioLogsLow, index));
    const Vec w2 = w * w;
    const Vec series = Fma(Fma(w2, kAtanhSeries[5], kAtanhSeries[4]), w2 * w2 * (w2 * w2),
                           Cubic(kAtanhSeries, w2, w2 * w2));
    const Vec high = whole + w;
    return high + Fma(w * w2, series, ((w - (high - whole)) + w_low) + whole_low);
  }
  [[gnu::noinline]] static Vec Rare(Vec x, Vec a) {
    const Vec one = V::Set(1), infinity = V::Set(__builtin_inf());
    const Vec other = V::Pick(V::LessEqual(a, one), infinity, V::Set(__builtin_nan("")));
    const V::Mask ordinary = V::LessEqual(a, V::Set(kOrdinary));
    const Vec small = V::Pick(ordinary, a, V::Set(0));
    return V::WithSign(V::Pick(ordinary, Ordinary(small), other), x);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
