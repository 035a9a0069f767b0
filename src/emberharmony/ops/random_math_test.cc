#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "emberharmony/ops/random_math_internal.h"

namespace emberharmony::ops::random {
namespace {

constexpr double kUlp = std::numeric_limits<double>::epsilon();

TEST(RandomMath, LogExpAndLog1pAreWithinTwoUlp) {
  std::mt19937_64 generator(7);
  for (int i = 0; i < 200000; ++i) {
    const double u = static_cast<double>(generator() >> 11) * 0x1p-53;
    for (double x : {u + 0x1p-60, 1 - u * 0x1p-30, std::exp2(1400 * (u - 0.5))}) {
      const long double exact = std::log(static_cast<long double>(x));
      ASSERT_NEAR(Log(x), static_cast<double>(exact), 2 * kUlp * std::fabs(exact)) << x;
    }
    const double y = 1400 * (u - 0.5);
    const long double exact = std::exp(static_cast<long double>(y));
    ASSERT_NEAR(static_cast<double>(Exp(y) / exact), 1, 2 * kUlp) << y;
    for (double x : {u, -u * 0.999, u * 0x1p-30}) {
      const long double log1p = std::log1p(static_cast<long double>(x));
      ASSERT_NEAR(Log1p(x), static_cast<double>(log1p), 4 * kUlp * std::fabs(log1p)) << x;
    }
  }
  EXPECT_EQ(Log(1), 0);
  EXPECT_EQ(Exp(0), 1);
  EXPECT_EQ(Exp(-746), 0);
  EXPECT_EQ(Exp(-HUGE_VAL), 0);
  EXPECT_EQ(Exp(710), HUGE_VAL);
  EXPECT_GT(Exp(-745), 0);
}

TEST(RandomMath, ProbabilitiesAreThoseOfTheirFormulas) {
  for (double lam : {0.5, 3.0, 12.0, 345.6}) {
    for (double k = 0; k < 500; k += 1) {
      const long double exact =
          k * std::log(static_cast<long double>(lam)) - lam - std::lgamma(k + 1.0L);
      ASSERT_NEAR(LogPoisson(k, lam), static_cast<double>(exact),
                  1e-12 * (1 + std::fabs(static_cast<double>(exact))))
          << lam << " " << k;
    }
  }
  for (double n : {1.0, 20.0, 777.0}) {
    for (double p : {0.01, 0.3, 0.5}) {
      for (double k = 0; k <= n; k += 1) {
        const long double exact = std::lgamma(n + 1.0L) - std::lgamma(k + 1.0L) -
                                  std::lgamma(n - k + 1.0L) +
                                  k * std::log(static_cast<long double>(p)) +
                                  (n - k) * std::log1p(-static_cast<long double>(p));
        ASSERT_NEAR(LogBinomial(k, n, p), static_cast<double>(exact),
                    1e-12 * (1 + std::fabs(static_cast<double>(exact))))
            << n << " " << p << " " << k;
      }
    }
  }
  // At the mode of a mean of 10^15 the density is 1 / sqrt(2 pi 10^15).
  EXPECT_NEAR(LogPoisson(1e15, 1e15), -0.5 * std::log(2 * std::acos(-1.0) * 1e15), 1e-12);
}

}  // namespace
}  // namespace emberharmony::ops::random
