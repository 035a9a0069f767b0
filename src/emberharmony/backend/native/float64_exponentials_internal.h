// exp, expm1, sinh, cosh and tanh of float64.
//
// All write x as k ln(2) / 16 + r, so |r| <= 0.0217, take 2^(k/16) from a table of 16, which is
// two registers of AVX-512, and what depends on r from short polynomials. Where a result is small
// beside its terms, sums and products carry what their rounding lost. Arguments of which the last
// step would overflow are few: a vector with one of them is computed once more, apart.
#pragma once

#include "emberharmony/backend/native/float64_tables_internal.h"
#include "emberharmony/backend/native/float64_vectors_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Up to this magnitude e^x is a normal number.
constexpr double kExpOrdinary = 708.0;
/// Up to this magnitude so are the products with what e^x and e^-x are rounded by.
constexpr double kHyperbolicOrdinary = 600.0;

/// Whether a magnitude is up to a bound. NaN is: it stays what it is all the way.
[[gnu::always_inline]] inline bool AllUpTo(double bound, Vec magnitude) {
  return V::All(V::NotLess(V::Set(bound), magnitude));
}

/// x = k ln(2) / 16 + high + low, where high is exact and r its sum with low; |x| <= 750.
struct ReducedExponent {
  Bits n;  // whose lower 51 bits are the integer k
  Vec high, low, r;

  [[gnu::always_inline]] explicit ReducedExponent(Vec x) {
    const Vec rounded = Fma(x, kSixteenthsPerOne, kRounder);
    const Vec k = rounded - kRounder;
    n = BitsOf(rounded);
    high = Fma(k, -kLn2SixteenthHigh, x);
    low = k * -kLn2SixteenthLow;
    r = high + low;
  }
};

/// (e^r - 1 - r) / r^2.
[[gnu::always_inline]] inline Vec ExpSeries(Vec r, Vec r2) {
  const Vec c2 = Fma(r, kExpSeries[1], kExpSeries[0]);
  const Vec c4 = Fma(r, kExpSeries[3], kExpSeries[2]);
  const Vec c6 = Fma(r, kExpSeries[5], kExpSeries[4]);
  return Fma(Fma(c6, r2, c4), r2, c2);
}

/// The table's 2^(k/16) or half of it, where that is a normal number. What it is rounded by is in
/// kPowersRest.
[[gnu::always_inline]] inline Vec Power(const double* table, Bits n) {
  // The table holds bits less (k mod 16) << 48, which the shift adds again.
  return FromBits(BitsOf(V::Look16(table, n)) + (n << 48));
}

/// e^(x + x_low) / 2^halvings, |x| <= 750: in two steps, so that neither factor overflows and small
/// results are rounded once more only.
[[gnu::always_inline]] inline Vec ExpOfSum(Vec x, Vec x_low, uint64_t halvings) {
  const ReducedExponent reduced(x);
  const Vec r = reduced.high + (reduced.low + x_low), r2 = r * r;
  const Vec p = Fma(ExpSeries(r, r2), r2, r + V::Look16(kPowersRest, reduced.n));
  const Vec power = Power(kPowers, reduced.n & 15);
  const Vec y = Fma(power, p, power);
  // floor(k / 16) - halvings, plus 4096 so that it is positive, and its half.
  const Bits whole = (((reduced.n + (4096 << 4)) >> 4) & 0x3fff) - halvings;
  const Bits half = whole >> 1;
  return y * FromBits((half - (2048 - 1023)) << 52) *
         FromBits((whole - half - (2048 - 1023)) << 52);
}

/// e^x / 2^halvings of any x.
[[gnu::noinline]] Vec ExpOfAny(Vec x, uint64_t halvings) {
  // The second operand is the result where it is NaN.
  const Vec capped = V::Max(V::Set(-750), V::Min(V::Set(750), x));
  return ExpOfSum(capped, V::Set(0), halvings);
}

struct ExpOf {
  static Vec Do(Vec x) {
    if (!AllUpTo(kExpOrdinary, Abs(x))) return ExpOfAny(x, 0);
    const ReducedExponent reduced(x);
    const Vec r = reduced.r, r2 = r * r;
    const Vec p = Fma(ExpSeries(r, r2), r2, r + V::Look16(kPowersRest, reduced.n));
    const Vec power = Power(kPowers, reduced.n);
    return Fma(power, p, power);
  }
};

/// e^x - 1 = high + low, |x| <= kHyperbolicOrdinary; if kNegative, x is at most 0.
template <bool kNegative>
struct ExpLessOne {
  Vec high, low;

  [[gnu::always_inline]] explicit ExpLessOne(Vec x) {
    const ReducedExponent reduced(x);
    const Vec r2 = reduced.r * reduced.r;
    const Vec rest = V::Look16(kPowersRest, reduced.n);
    const Vec power = Power(kPowers, reduced.n);
    const Vec small =
        Fma(ExpSeries(reduced.r, r2), r2, Fma(rest, reduced.high, rest) + reduced.low);
    const Vec whole = power - 1.0;
    const Vec whole_low = LostOfWhole(power, whole);
    // |part| is less than |whole|, or whole is 0.
    const Vec part = power * reduced.high, part_low = Fma(power, reduced.high, -part);
    high = whole + part;
    low = Fma(power, small, ((part - (high - whole)) + whole_low) + part_low);
  }

 private:
  /// What power - 1 is rounded by.
  [[gnu::always_inline]] static Vec LostOfWhole(Vec power, Vec whole) {
    if constexpr (kNegative) return power - (whole + 1.0);
    const Vec back = whole - power;
    return (power - (whole - back)) - (back + 1.0);
  }
};

struct Expm1Of {
  static Vec Do(Vec x) {
    if (!AllUpTo(kHyperbolicOrdinary, Abs(x))) return Rare(x);
    return Ordinary(x);
  }

 private:
  [[gnu::always_inline]] static Vec Ordinary(Vec x) {
    const ExpLessOne<false> e(x);
    return V::WithSign(e.high + e.low, x);
  }
  [[gnu::noinline]] static Vec Rare(Vec x) {
    const Vec bound = V::Set(kHyperbolicOrdinary);
    // The second operand is the result where one is NaN.
    const Vec capped = V::Max(-bound, V::Min(bound, x));
    // Not of negative numbers: the processor is slow at results that are not normal.
    const Vec large = ExpOfAny(V::Max(V::Set(0), x), 0);
    return V::Pick(V::Less(bound, x), large, Ordinary(capped));
  }
};

/// Half of e^x and half of e^-x for x >= 0, in what sinh and cosh are made of.
struct Hyperbolic {
  Vec sinh_k, sinh_k_low, cosh_k, cosh_k_low;  // of k ln(2) / 16
  Vec cosh_r_less_one;                         // of the rest, r
  Vec high, sinh_r_less_high, sinh_r;

  [[gnu::always_inline]] explicit Hyperbolic(Vec x) {
    const ReducedExponent reduced(x);
    const Bits n = reduced.n, minus_n = 0 - n;
    const Vec r = reduced.r, r2 = r * r;
    high = reduced.high;
    cosh_r_less_one = r2 * Fma(Fma(r2, kCoshSeries[2], kCoshSeries[1]), r2, kCoshSeries[0]);
    const Vec sinh_series = Fma(Fma(r2, kSinhSeries[2], kSinhSeries[1]), r2, kSinhSeries[0]);
    const Vec cube = r * r2;
    sinh_r_less_high = Fma(cube, sinh_series, reduced.low);
    sinh_r = Fma(cube, sinh_series, r);
    const Vec up = Power(kHalfPowers, n), down = Power(kHalfPowers, minus_n);
    const Vec up_rest = V::Look16(kPowersRest, n), down_rest = V::Look16(kPowersRest, minus_n);
    sinh_k = up - down;
    sinh_k_low = Fma(up, up_rest, Fma(-down, down_rest, (up - sinh_k) - down));
    cosh_k = up + down;
    cosh_k_low = Fma(up, up_rest, Fma(down, down_rest, down - (cosh_k - up)));
  }
};

struct SinhOf {
  static Vec Do(Vec x) {
    const Vec magnitude = Abs(x);
    if (!AllUpTo(kHyperbolicOrdinary, magnitude)) return Rare(x);
    return Ordinary(x, magnitude);
  }

 private:
  [[gnu::always_inline]] static Vec Ordinary(Vec x, Vec magnitude) {
    const Hyperbolic h(magnitude);
    const Vec part = h.cosh_k * h.high, part_low = Fma(h.cosh_k, h.high, -part);
    // |part| is less than sinh_k, or sinh_k is 0.
    const Vec sum = h.sinh_k + part;
    Vec low = ((part - (sum - h.sinh_k)) + part_low) + h.sinh_k_low;
    low = Fma(h.cosh_k_low, h.high, low);
    low = Fma(h.sinh_k, h.cosh_r_less_one, low);
    low = Fma(h.cosh_k, h.sinh_r_less_high, low);
    return V::WithSign(sum + low, x);
  }
  [[gnu::noinline]] static Vec Rare(Vec x) {
    const Vec bound = V::Set(kHyperbolicOrdinary), magnitude = Abs(x);
    const Vec ordinary = Ordinary(x, V::Min(bound, magnitude));
    return V::Pick(V::Less(bound, magnitude), V::WithSign(ExpOfAny(magnitude, 1), x), ordinary);
  }
};

struct CoshOf {
  static Vec Do(Vec x) {
    const Vec magnitude = Abs(x);
    if (!AllUpTo(kHyperbolicOrdinary, magnitude)) return Rare(magnitude);
    return Ordinary(magnitude);
  }

 private:
  [[gnu::always_inline]] static Vec Ordinary(Vec magnitude) {
    const Hyperbolic h(magnitude);
    Vec low = Fma(h.cosh_k, h.cosh_r_less_one, h.cosh_k_low);
    low = Fma(h.sinh_k, h.sinh_r, low);
    return h.cosh_k + low;
  }
  [[gnu::noinline]] static Vec Rare(Vec magnitude) {
    const Vec bound = V::Set(kHyperbolicOrdinary);
    const Vec ordinary = Ordinary(V::Min(bound, magnitude));
    return V::Pick(V::Less(bound, magnitude), ExpOfAny(magnitude, 1), ordinary);
  }
};

/// tanh |x| = -e / (2 + e) with e = e^(-2 |x|) - 1; from 22 on it is 1.
struct TanhOf {
  static Vec Do(Vec x) {
    // The second operand is the result where it is NaN.
    const Vec magnitude = V::Min(V::Set(22), Abs(x));
    const ExpLessOne<true> e(magnitude * -2.0);
    const Vec high = e.high + e.low, low = e.low - (high - e.high);
    const Vec sum = high + 2.0, sum_low = (high - (sum - 2.0)) + low;
    const Vec inverse = 1.0 / sum;
    const Vec quotient = high * inverse;
    const Vec remainder = Fma(-quotient, sum, high) + Fma(-quotient, sum_low, low);
    return V::WithSign(Fma(remainder, inverse, quotient), x);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
