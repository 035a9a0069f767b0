#include "emberharmony/backend/roots_of_unity.h"

#include <cmath>

namespace emberharmony::backend {
namespace {

/// Coefficients of the Taylor series of (sin(x) - x) / x^3 and (cos(x) - 1 + x^2 / 2) / x^4 in x^2,
/// highest first. On [0, pi / 4] what is cut off is below 2^-60 of the result.
constexpr double kSinSeries[] = {
    1.0 / 355687428096000.0, -1.0 / 1307674368000.0, 1.0 / 6227020800.0, -1.0 / 39916800.0,
    1.0 / 362880.0,          -1.0 / 5040.0,          1.0 / 120.0,        -1.0 / 6.0};
constexpr double kCosSeries[] = {
    -1.0 / 6402373705728000.0, 1.0 / 20922789888000.0, -1.0 / 87178291200.0, 1.0 / 479001600.0,
    -1.0 / 3628800.0,          1.0 / 40320.0,          -1.0 / 720.0,         1.0 / 24.0};

template <int kTerms>
double Polynomial(const double (&coefficients)[kTerms], double x) {
  double value = coefficients[0];
  for (int i = 1; i < kTerms; ++i) value = value * x + coefficients[i];
  return value;
}

/// cos and sin of (pi / 4) * k / n, k <= n. The angle is kept as a sum of two numbers, since an
/// error of half an ulp in it would already be one of half an ulp in the sine.
Root RootInFirstOctant(int64_t k, int64_t n) {
  constexpr double kQuarterPi = 0x1.921fb54442d18p-1;
  constexpr double kQuarterPiRest = 0x1.1a62633145c07p-55;
  const double share = static_cast<double>(k) / static_cast<double>(n);
  const double share_rest =
      std::fma(-share, static_cast<double>(n), static_cast<double>(k)) / static_cast<double>(n);
  const double x = share * kQuarterPi;
  const double rest =
      std::fma(share, kQuarterPi, -x) + (share * kQuarterPiRest + share_rest * kQuarterPi);

  const double square = x * x;
  const double half_square = 0.5 * square;
  const double sin_rest = square * x * Polynomial(kSinSeries, square);
  const double sin = x + (sin_rest + rest * (1.0 - half_square));
  // What the roundings of x^2 and of 1 - x^2 / 2 lost is given back.
  const double high = 1.0 - half_square;
  const double lost = ((1.0 - high) - half_square) - 0.5 * std::fma(x, x, -square);
  const double cos = high + (lost + (square * square * Polynomial(kCosSeries, square) - x * rest));
  return {cos, sin};
}

}  // namespace

Root RootOfUnity(int64_t k, int64_t n) {
  // Eighths of a turn are counted exactly, so that the signs and the symmetry of the circle are.
  const auto scaled = static_cast<unsigned __int128>(k) * 8;
  const auto octant = static_cast<int>(scaled / static_cast<unsigned __int128>(n));
  const auto rest = static_cast<int64_t>(scaled - static_cast<unsigned __int128>(n) * octant);
  const Root root = RootInFirstOctant(octant % 2 == 0 ? rest : n - rest, n);
  switch (octant) {
    case 0:
      return root;
    case 1:
      return {root.sin, root.cos};
    case 2:
      return {-root.sin, root.cos};
    case 3:
      return {-root.cos, root.sin};
    case 4:
      return {-root.cos, -root.sin};
    case 5:
      return {-root.sin, -root.cos};
    case 6:
      return {root.sin, -root.cos};
    default:
      return {root.cos, -root.sin};
  }
}

}  // namespace emberharmony::backend
