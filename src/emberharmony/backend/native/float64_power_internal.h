// Powers of float64: x^y = e^(y log x), with log x to 65 bits.
#pragma once

#include "emberharmony/backend/native/float64_exponentials_internal.h"
#include "emberharmony/backend/native/float64_logarithms_internal.h"

namespace emberharmony::backend::native {
namespace {

/// log(x) + more log(2) = high + low, of bits of normal positive numbers. As LogOfNormal, but of
/// 32 intervals, in all of which r is exact.
struct WideLog {
  Vec high, low;

  [[gnu::always_inline]] WideLog(Bits bits, Vec more) {
    const SplitNumber split(bits, kWideLogLowest);
    const Bits index = split.shifted >> 47;
    const Vec k = split.k + more;
    const Vec r = Fma(split.z, V::Look32(kWideInverses, index), -1.0);
    const Vec whole = Fma(k, kLn2High, V::Look32(kWideLogsHigh, index));
    const Vec whole_low = Fma(k, kLn2Low, V::Look32(kWideLogsLow, index));
    // whole + r - r^2 / 2 with what the sums and the square are rounded by.
    const Vec r2 = r * r, r2_low = Fma(r, r, -r2);
    const Vec sum = whole + r, sum_low = r - (sum - whole);
    const Vec next = Fma(r2, -0.5, sum), next_low = Fma(r2, -0.5, sum - next);
    // (log(1 + r) - r + r^2 / 2) / r^3.
    const Vec c3 = Fma(r, kWideLogSeries[1], kWideLogSeries[0]);
    const Vec c5 = Fma(r, kWideLogSeries[3], kWideLogSeries[2]);
    const Vec c7 = Fma(r, kWideLogSeries[5], kWideLogSeries[4]);
    const Vec c9 = Fma(r, kWideLogSeries[7], kWideLogSeries[6]);
    const Vec series = Fma(Fma(c9, r2, c7), r2 * r2, Fma(c5, r2, c3));
    const Vec small = Fma(r * r2, series, Fma(r2_low, -0.5, whole_low)) + (sum_low + next_low);
    high = next + small;
    low = small - (high - next);
  }
};

/// What pow is beside e^(y log |x|), which is `ordinary`: the special cases of C's pow.
double PowerOfOne(double x, double y, double ordinary) {
  if (y == 0 || x == 1) return 1.0;
  if (x != x || y != y) return x + y;
  const double magnitude = __builtin_fabs(x);
  if (__builtin_isinf(y)) {
    if (magnitude == 1) return 1.0;
    return (magnitude > 1) == (y > 0) ? __builtin_inf() : 0.0;
  }
  // From 2^53 on all numbers are even.
  const bool small = __builtin_fabs(y) < 0x1p53;
  const bool integer = !small || static_cast<double>(static_cast<int64_t>(y)) == y;
  const bool odd = small && integer && (static_cast<int64_t>(y) & 1) != 0;
  const double sign = odd && __builtin_signbit(x) ? -1.0 : 1.0;
  if (x == 0 || magnitude > kLargest) {
    return sign * ((x == 0) == (y > 0) ? 0.0 : __builtin_inf());
  }
  if (x < 0 && !integer) return __builtin_nan("");
  return sign * ordinary;
}

struct PowerOf {
  static Vec Do(Vec x, Vec y) {
    const Bits bits = BitsOf(x);
    const WideLog log(bits, V::Set(0));
    const Vec product = y * log.high;
    const V::Mask good =
        V::Both(NormalPositive(bits), V::LessEqual(Abs(product), V::Set(kExpOrdinary)));
    if (!V::All(good)) return Rare(x, y);
    const ReducedExponent reduced(product);
    const Vec p = Rest(reduced, Fma(y, log.low, Fma(y, log.high, -product)));
    const Vec power = Power(kPowers, reduced.n);
    return Fma(power, p, power);
  }

 private:
  /// e^r - 1 where `product_low` belongs to r too.
  [[gnu::always_inline]] static Vec Rest(const ReducedExponent& reduced, Vec product_low) {
    const Vec r = reduced.high + (reduced.low + product_low), r2 = r * r;
    return Fma(ExpSeries(r, r2), r2, r + V::Look16(kPowersRest, reduced.n));
  }
  /// With numbers among them that are not normal and positive, or powers that are not normal.
  [[gnu::noinline]] static Vec Rare(Vec x, Vec y) {
    const AnyMagnitude magnitude(BitsOf(Abs(x)));
    const WideLog log(magnitude.bits, magnitude.more);
    const Vec product = y * log.high;
    const Vec product_low = Fma(y, log.low, Fma(y, log.high, -product));
    const V::Mask good = V::LessEqual(Abs(product), V::Set(750));
    const Vec capped = V::Max(V::Set(-750), V::Min(V::Set(750), product));
    double bases[V::kLanes], exponents[V::kLanes], results[V::kLanes];
    V::Store(bases, x);
    V::Store(exponents, y);
    V::Store(results, ExpOfSum(capped, V::Pick(good, product_low, V::Set(0)), 0));
    for (int j = 0; j < V::kLanes; ++j) {
      const bool plain = bases[j] > 0 && bases[j] <= kLargest && exponents[j] - exponents[j] == 0;
      if (!plain) results[j] = PowerOfOne(bases[j], exponents[j], results[j]);
    }
    return V::Load(results);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
