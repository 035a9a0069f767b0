#pragma once

namespace emberharmony::backend::native {
namespace {

/// A number as a sum of two in extended precision, of which the second is what the first lost:
/// about 128 bits on x86-64.
struct TwoParts {
  long double high, low;
};

inline TwoParts SumOfParts(TwoParts x, TwoParts y) {
  const long double high = x.high + y.high;
  const long double shifted = high - x.high;
  const long double lost = (x.high - (high - shifted)) + (y.high - shifted);
  const long double low = lost + (x.low + y.low);
  const long double sum = high + low;
  return {sum, low - (sum - high)};
}

inline TwoParts ProductOfParts(TwoParts x, TwoParts y) {
  const long double high = x.high * y.high;
  const long double lost = __builtin_fmal(x.high, y.high, -high);
  const long double low = lost + (x.high * y.low + x.low * y.high);
  const long double sum = high + low;
  return {sum, low - (sum - high)};
}

inline TwoParts QuotientOfParts(TwoParts x, long double y) {
  const long double high = x.high / y;
  const long double low = (__builtin_fmal(-high, y, x.high) + x.low) / y;
  const long double sum = high + low;
  return {sum, low - (sum - high)};
}

/// e^x - 1 of |x| <= 1, by its series.
inline TwoParts Expm1InParts(long double x) {
  TwoParts term{x, 0}, sum = term;
  for (int i = 2; i < 40; ++i) {
    term = QuotientOfParts(ProductOfParts(term, {x, 0}), i);
    sum = SumOfParts(sum, term);
  }
  return sum;
}

/// e^x of -11400 < x <= 0: that of its 2^k-th part, squared k times. Each square doubles the error,
/// so there are no more than the series needs.
inline TwoParts ExpInParts(long double x) {
  int squares = 0;
  for (; x < -1; x *= 0.5L) ++squares;
  TwoParts power = SumOfParts(Expm1InParts(x), {1, 0});
  for (; squares > 0; --squares) power = ProductOfParts(power, power);
  return power;
}

/// log(e^x + e^y) = larger + log1p(e^(smaller - larger)), in extended precision. The sum cancels
/// where it is near zero; there it is log1p(expm1(larger) + e^smaller), with more digits.
template <class T>
struct LogAddExpOf {
  static T Do(T x, T y) {
    if (x != x || y != y) return x + y;
    const long double larger = x > y ? x : y;
    const long double smaller = x > y ? y : x;
    // Of equal infinities there is no difference.
    const long double ratio = x == y ? 1.0L : __builtin_expl(smaller - larger);
    const long double result = larger + __builtin_log1pl(ratio);
    constexpr long double kNear = 0x1p-8L;
    if (result > kNear || result < -kNear || smaller < -11000) return static_cast<T>(result);
    const TwoParts excess = SumOfParts(Expm1InParts(larger), ExpInParts(smaller));
    return static_cast<T>(__builtin_log1pl(excess.high));
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
