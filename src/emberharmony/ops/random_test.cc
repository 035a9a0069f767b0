#include "emberharmony/ops/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "emberharmony/backend/threads.h"
#include "emberharmony/ops.h"
#include "emberharmony/ops/range_error.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

bool SameBytes(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

// The distribution tests. Seeds are fixed, so they always pass or always fail; the false-alarm rate
// is the chance that a right generator would have failed when the seeds were chosen: below 10^-8 a
// test. What they would see (with a chance above 0.99) is a cumulative distribution that is off by
// 0.005 anywhere (Kolmogorov and Smirnov, a million numbers), or one class of probability q that is
// off by 8 sqrt(q / 10^6) (chi-square); the tests named Power show it.

constexpr int64_t kSeeds = 16;
constexpr int64_t kPerSeed = 62500;

using Source = std::function<Tensor(const Shape&, const random::Options&)>;

/// A million numbers from sixteen seeds.
std::vector<double> Sample(const Source& source, std::optional<DType> dtype = std::nullopt) {
  std::vector<double> all;
  for (int64_t seed = 0; seed < kSeeds; ++seed) {
    const Tensor part =
        source({kPerSeed}, {.dtype = dtype, .seed = static_cast<uint64_t>(1000 + 77 * seed)});
    const auto values = ListOf<double>(astype(part, DType::kFloat64));
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

/// The largest distance between the empirical and the stated distribution, times sqrt(n): above x
/// with a chance of 2 exp(-2 x^2), for 3.2 about 3e-9.
constexpr double kKolmogorovLimit = 3.2;
double Kolmogorov(std::vector<double> values, const std::function<double(double)>& cdf) {
  std::sort(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  double distance = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double p = cdf(values[i]);
    distance = std::max({distance, (i + 1) / n - p, p - i / n});
  }
  return distance * std::sqrt(n);
}

/// Chi-square over the classes 0, 1, ... whose expected counts are at least 20 (the others are put
/// together), as a standard normal deviate (Wilson and Hilferty).
constexpr double kChiSquareLimit = 6;  // 10^-9
double ChiSquare(const std::vector<double>& values, const std::vector<double>& probabilities) {
  const double n = static_cast<double>(values.size());
  std::vector<double> counts(probabilities.size() + 1);
  for (double value : values) {
    ++counts[std::min(static_cast<size_t>(value), probabilities.size())];
  }
  double sum = 0, rest_expected = n, rest_count = counts.back();
  int classes = 0;
  for (size_t k = 0; k < probabilities.size(); ++k) {
    const double expected = n * probabilities[k];
    if (expected < 20) {
      rest_count += counts[k];
      continue;
    }
    rest_expected -= expected;
    sum += (counts[k] - expected) * (counts[k] - expected) / expected;
    ++classes;
  }
  if (rest_expected > 5) {
    sum += (rest_count - rest_expected) * (rest_count - rest_expected) / rest_expected;
    ++classes;
  } else {
    EXPECT_LT(rest_count, 60);
  }
  const double freedom = classes - 1;
  const double spread = 2 / (9 * freedom);
  return (std::cbrt(sum / freedom) - (1 - spread)) / std::sqrt(spread);
}

double NormalCdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

/// The regularized lower incomplete gamma function, by its series.
double GammaCdf(double a, double x) {
  if (x <= 0) return 0;
  if (x > a + 60 * std::sqrt(a) + 60) return 1;
  long double term = std::exp(a * std::log(x) - x - std::lgamma(a + 1)), sum = term;
  for (int k = 1; k < 10000 && term > sum * 1e-18L; ++k) {
    term *= x / (a + k);
    sum += term;
  }
  return static_cast<double>(sum);
}

std::vector<double> PoissonPmf(double lam, int n) {
  std::vector<double> pmf;
  for (int k = 0; k < n; ++k) {
    pmf.push_back(std::exp(k * std::log(lam) - lam - std::lgamma(k + 1.0)));
  }
  return pmf;
}

std::vector<double> BinomialPmf(int n, double p) {
  std::vector<double> pmf;
  for (int k = 0; k <= n; ++k) {
    pmf.push_back(std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) +
                           k * std::log(p) + (n - k) * std::log1p(-p)));
  }
  return pmf;
}

TEST(RandomDistribution, Uniform) {
  const auto cdf = [](double x) { return (x + 2) / 5; };
  const Source source = [](const Shape& shape, const random::Options& options) {
    return random::uniform(shape, -2, 3, options);
  };
  EXPECT_LT(Kolmogorov(Sample(source), cdf), kKolmogorovLimit);
  EXPECT_LT(Kolmogorov(Sample(source, DType::kFloat32), cdf), kKolmogorovLimit);
}

TEST(RandomDistribution, Normal) {
  const auto cdf = [](double x) { return NormalCdf((x - 1) / 2); };
  const Source source = [](const Shape& shape, const random::Options& options) {
    return random::normal(shape, 1, 2, options);
  };
  EXPECT_LT(Kolmogorov(Sample(source), cdf), kKolmogorovLimit);
  EXPECT_LT(Kolmogorov(Sample(source, DType::kFloat32), cdf), kKolmogorovLimit);
}

// Neighbours come from one pair of random numbers; sums and products would show if they depended on
// each other.
TEST(RandomDistribution, NormalNeighboursAreIndependent) {
  const std::vector<double> values = Sample([](const Shape& shape, const random::Options& options) {
    return random::normal(shape, 0, 1, options);
  });
  std::vector<double> sums, angles;
  for (size_t i = 0; i + 1 < values.size(); i += 2) {
    sums.push_back((values[i] + values[i + 1]) / std::sqrt(2.0));
    angles.push_back(std::atan2(values[i], values[i + 1]));
  }
  EXPECT_LT(Kolmogorov(sums, &NormalCdf), kKolmogorovLimit);
  const double pi = std::acos(-1.0);
  EXPECT_LT(Kolmogorov(angles, [pi](double x) { return x / (2 * pi) + 0.5; }), kKolmogorovLimit);
  for (size_t lag : {1, 2, 3, 4, 31, 32}) {
    double products = 0;
    for (size_t i = 0; i + lag < values.size(); ++i) products += values[i] * values[i + lag];
    EXPECT_LT(std::fabs(products) / std::sqrt(static_cast<double>(values.size())), 6) << lag;
  }
}

TEST(RandomDistribution, Moments) {
  const std::vector<double> values = Sample([](const Shape& shape, const random::Options& options) {
    return random::normal(shape, 0, 1, options);
  });
  const double n = static_cast<double>(values.size());
  double sums[4] = {};
  for (double x : values) {
    for (int k = 0; k < 4; ++k) sums[k] += std::pow(x, k + 1);
  }
  // Six standard errors: the variances of x, x^2, x^3 and x^4 are 1, 2, 15 and 96.
  EXPECT_LT(std::fabs(sums[0] / n), 6 * std::sqrt(1 / n));
  EXPECT_LT(std::fabs(sums[1] / n - 1), 6 * std::sqrt(2 / n));
  EXPECT_LT(std::fabs(sums[2] / n), 6 * std::sqrt(15 / n));
  EXPECT_LT(std::fabs(sums[3] / n - 3), 6 * std::sqrt(96 / n));
}

TEST(RandomDistribution, ExponentialAndLaplace) {
  const Source exponential = [](const Shape& shape, const random::Options& options) {
    return random::exponential(shape, 3, options);
  };
  const auto cdf = [](double x) { return -std::expm1(-x / 3); };
  EXPECT_LT(Kolmogorov(Sample(exponential), cdf), kKolmogorovLimit);
  EXPECT_LT(Kolmogorov(Sample(exponential, DType::kFloat32), cdf), kKolmogorovLimit);
  const Source laplace = [](const Shape& shape, const random::Options& options) {
    return random::laplace(shape, 1, 2, options);
  };
  EXPECT_LT(Kolmogorov(Sample(laplace),
                       [](double x) {
                         const double half = 0.5 * std::exp(-std::fabs(x - 1) / 2);
                         return x < 1 ? half : 1 - half;
                       }),
            kKolmogorovLimit);
}

TEST(RandomDistribution, GammaAndBeta) {
  for (double alpha : {0.05, 0.5, 1.0, 2.5, 40.0}) {
    const Source source = [alpha](const Shape& shape, const random::Options& options) {
      return random::gamma(shape, alpha, 2, options);
    };
    EXPECT_LT(Kolmogorov(Sample(source), [alpha](double x) { return GammaCdf(alpha, x / 2); }),
              kKolmogorovLimit)
        << alpha;
  }
  // P(Beta(2, 3) < x) = P(Binomial(4, x) >= 2).
  const Source beta = [](const Shape& shape, const random::Options& options) {
    return random::beta(shape, 2, 3, options);
  };
  EXPECT_LT(
      Kolmogorov(Sample(beta),
                 [](double x) { return 1 - std::pow(1 - x, 4) - 4 * x * std::pow(1 - x, 3); }),
      kKolmogorovLimit);
  // Both gamma variates underflow; the arcsine-like law of a = b is symmetric.
  const auto tiny = ListOf<double>(random::beta({10000}, 1e-4, 1e-4, {.seed = 5}));
  const auto ones = std::count_if(tiny.begin(), tiny.end(), [](double x) { return x > 0.5; });
  EXPECT_NEAR(static_cast<double>(ones), 5000, 300);
}

TEST(RandomDistribution, Poisson) {
  for (double lam : {0.1, 1.0, 9.9, 10.0, 45.5, 1000.0}) {
    const Source source = [lam](const Shape& shape, const random::Options& options) {
      return random::poisson(shape, lam, options);
    };
    EXPECT_LT(ChiSquare(Sample(source), PoissonPmf(lam, 2000)), kChiSquareLimit) << lam;
  }
  // Far beyond where factorials can be subtracted: close to normal.
  const Source large = [](const Shape& shape, const random::Options& options) {
    return random::poisson(shape, 1e15, options);
  };
  EXPECT_LT(
      Kolmogorov(Sample(large), [](double x) { return NormalCdf((x - 1e15) / std::sqrt(1e15)); }),
      kKolmogorovLimit);
}

TEST(RandomDistribution, Binomial) {
  struct Case {
    int n;
    double p;
  };
  for (const Case& each : {Case{1, 0.3}, Case{7, 0.9}, Case{19, 0.5}, Case{20, 0.5},
                           Case{100, 0.02}, Case{100, 0.4}, Case{1000, 0.97}, Case{1500, 0.25}}) {
    const Source source = [&each](const Shape& shape, const random::Options& options) {
      return random::binomial(shape, each.n, each.p, options);
    };
    EXPECT_LT(ChiSquare(Sample(source), BinomialPmf(each.n, each.p)), kChiSquareLimit)
        << each.n << " " << each.p;
  }
  EXPECT_THAT(ListOf<int64_t>(random::binomial({3}, 12, 1.0)), ElementsAre(12, 12, 12));
  EXPECT_THAT(ListOf<int64_t>(random::binomial({2}, 12, 0)), ElementsAre(0, 0));
  EXPECT_THAT(ListOf<int64_t>(random::binomial({2}, 0, 0.3)), ElementsAre(0, 0));
}

TEST(RandomDistribution, IntegersAndBernoulli) {
  for (int64_t range : {1, 2, 3, 10, 1000}) {
    const Source source = [range](const Shape& shape, const random::Options& options) {
      return subtract(random::integers(shape, -7, range - 7, options), -7);
    };
    const std::vector<double> sample = Sample(source);
    if (range == 1) {
      EXPECT_EQ(std::count(sample.begin(), sample.end(), 0.0), kSeeds * kPerSeed);
      continue;
    }
    EXPECT_LT(ChiSquare(sample, std::vector<double>(range, 1.0 / range)), kChiSquareLimit);
  }
  // Two thirds of 2^64: taking the word modulo the range, or its product's high word without
  // rejection, would give one third twice as often.
  const uint64_t range = 0xAAAAAAAAAAAAAAAB;
  const Source thirds = [range](const Shape& shape, const random::Options& options) {
    return floor_divide(
        random::integers(shape, 0, range, {.dtype = DType::kUInt64, .seed = options.seed}),
        range / 3 + 1);
  };
  EXPECT_LT(ChiSquare(Sample(thirds), {1.0 / 3, 1.0 / 3, 1.0 / 3}), kChiSquareLimit);
  const Source bernoulli = [](const Shape& shape, const random::Options& options) {
    return random::bernoulli(shape, 0.3, {.dtype = DType::kInt8, .seed = options.seed});
  };
  EXPECT_LT(ChiSquare(Sample(bernoulli), {0.7, 0.3}), kChiSquareLimit);
}

TEST(RandomDistribution, CategoricalAndChoice) {
  const std::vector<double> p = {0.1, 0, 0.25, 0.6, 0.05};
  const Tensor logits =
      asarray<double>({std::log(0.1), -HUGE_VAL, std::log(0.25), std::log(0.6), std::log(0.05)});
  const Source categorical = [&](const Shape& shape, const random::Options& options) {
    return random::categorical(add(logits, 12.0), shape[0], options);
  };
  const std::vector<double> sample = Sample(categorical);
  EXPECT_EQ(std::count(sample.begin(), sample.end(), 1.0), 0);
  EXPECT_LT(ChiSquare(sample, p), kChiSquareLimit);
  const Source chosen = [&](const Shape& shape, const random::Options& options) {
    return random::choice(5, shape, true, asarray(p), options);
  };
  EXPECT_LT(ChiSquare(Sample(chosen), p), kChiSquareLimit);
}

/// The six orders of three elements, and the twenty-four ordered pairs of weighted drawing.
TEST(RandomDistribution, OrdersAreEquallyLikely) {
  std::map<std::vector<int64_t>, int> orders;
  for (uint64_t seed = 0; seed < 6000; ++seed) {
    ++orders[ListOf<int64_t>(random::permutation(3, {.seed = seed}))];
  }
  ASSERT_EQ(orders.size(), 6u);
  for (const auto& [order, count] : orders) EXPECT_NEAR(count, 1000, 180);  // six deviations

  const std::vector<double> p = {0.5, 0.3, 0.2};
  std::map<std::vector<int64_t>, int> pairs;
  constexpr int kDraws = 20000;
  for (uint64_t seed = 0; seed < kDraws; ++seed) {
    ++pairs[ListOf<int64_t>(random::choice(3, {2}, false, asarray(p), {.seed = seed}))];
  }
  ASSERT_EQ(pairs.size(), 6u);
  for (const auto& [pair, count] : pairs) {
    const double chance = p[pair[0]] * p[pair[1]] / (1 - p[pair[0]]);
    EXPECT_NEAR(count, kDraws * chance, 6 * std::sqrt(kDraws * chance));
  }
}

// The tests' power: generators that are slightly wrong fail.
TEST(RandomDistribution, Power) {
  const Source shifted = [](const Shape& shape, const random::Options& options) {
    return random::normal(shape, 0.015, 1, options);
  };
  EXPECT_GT(Kolmogorov(Sample(shifted), &NormalCdf), kKolmogorovLimit);
  const Source heavier = [](const Shape& shape, const random::Options& options) {
    return random::normal(shape, 0, 1.025, options);
  };
  EXPECT_GT(Kolmogorov(Sample(heavier), &NormalCdf), kKolmogorovLimit);
  const Source biased = [](const Shape& shape, const random::Options& options) {
    return floor(random::uniform(shape, 0, 9.9, options));
  };
  EXPECT_GT(ChiSquare(Sample(biased), std::vector<double>(10, 0.1)), kChiSquareLimit);
  const Source other_mean = [](const Shape& shape, const random::Options& options) {
    return random::poisson(shape, 45.6, options);
  };
  EXPECT_GT(ChiSquare(Sample(other_mean), PoissonPmf(45.5, 200)), kChiSquareLimit);
}

/// Every distribution, by a shape and options.
std::map<std::string, Source> AllSources() {
  using random::Options;
  return {
      {"bits", [](const Shape& s, const Options& o) { return random::bits(s, o); }},
      {"uniform", [](const Shape& s, const Options& o) { return random::uniform(s, 1, 2, o); }},
      {"normal", [](const Shape& s, const Options& o) { return random::normal(s, 1, 2, o); }},
      {"exponential",
       [](const Shape& s, const Options& o) { return random::exponential(s, 2, o); }},
      {"gamma", [](const Shape& s, const Options& o) { return random::gamma(s, 0.7, 2, o); }},
      {"beta", [](const Shape& s, const Options& o) { return random::beta(s, 0.7, 2, o); }},
      {"laplace", [](const Shape& s, const Options& o) { return random::laplace(s, 0.7, 2, o); }},
      {"integers", [](const Shape& s,
                      const Options& o) { return random::integers(s, 0, int64_t{3} << 61, o); }},
      {"bernoulli", [](const Shape& s, const Options& o) { return random::bernoulli(s, 0.4, o); }},
      {"binomial",
       [](const Shape& s, const Options& o) { return random::binomial(s, 90, 0.4, o); }},
      {"poisson", [](const Shape& s, const Options& o) { return random::poisson(s, 30, o); }},
      {"choice",
       [](const Shape& s, const Options& o) { return random::choice(1000000, s, false, {}, o); }},
      {"categorical",
       [](const Shape& s, const Options& o) { return random::categorical(arange(4.0), s[0], o); }},
  };
}

TEST(Random, SameBitsForAnyThreadsAndFirstNumbersStay) {
  for (const auto& [name, source] : AllSources()) {
    backend::SetNumThreads(1);
    const Tensor all = source({100001}, {.seed = 9, .stream = 3});
    for (int num_threads : {2, 5}) {
      backend::SetNumThreads(num_threads);
      EXPECT_TRUE(SameBytes(source({100001}, {.seed = 9, .stream = 3}), all)) << name;
    }
    for (int64_t n : {0, 1, 2, 3, 70, 5000}) {
      EXPECT_TRUE(SameBytes(source({n}, {.seed = 9, .stream = 3}), all.Slice(0, 0, n))) << name;
    }
    EXPECT_FALSE(SameBytes(source({100001}, {.seed = 10, .stream = 3}), all)) << name;
    EXPECT_FALSE(SameBytes(source({100001}, {.seed = 9, .stream = 4}), all)) << name;
  }
}

TEST(Random, CallsFollowTheProcessesSeed) {
  set_seed(123);
  EXPECT_EQ(get_seed(), 123u);
  const Tensor first = random::uniform({10});
  const Tensor second = random_uniform({10});
  EXPECT_FALSE(SameBytes(first, second));
  set_seed(123);
  EXPECT_TRUE(SameBytes(random_uniform({10}), first));
  EXPECT_TRUE(SameBytes(random::uniform({10}), second));
  EXPECT_TRUE(SameBytes(random::uniform({10}, 0, 1, {.seed = 123, .stream = 1}), second));
  set_seed(124);
  EXPECT_FALSE(SameBytes(random::uniform({10}), first));
}

// Literal results, so that no later version changes anybody's numbers unnoticed. The first two are
// Random123's known answer for the zero counter and key (6627e8d5 e169c58d bc57ac4c 9b00dbd8).
TEST(Random, NumbersStayTheSame) {
  const random::Options zero{.seed = 0};
  EXPECT_THAT(ListOf<uint64_t>(random::bits({2}, zero)),
              ElementsAre(0xe169c58d6627e8d5, 0x9b00dbd8bc57ac4c));
  EXPECT_EQ(random::uniform({1}, 0, 1, zero).item<double>(),
            static_cast<double>(0xe169c58d6627e8d5 >> 11) * 0x1p-53);
  EXPECT_EQ(random::uniform({1}, 0, 1, {.dtype = DType::kFloat32, .seed = 0}).item<float>(),
            static_cast<float>(0x6627e8) * 0x1p-24F);
  EXPECT_EQ(random::integers({1}, 0, 1000, zero).item<int64_t>(), 880);  // 0.8805 of 1000
}

TEST(Random, ParametersBroadcast) {
  const Tensor low = reshape(asarray<double>({0, 100}), {2, 1});
  const Tensor high = asarray<double>({1, 2, 3});
  const Tensor result = random::uniform({2, 3}, low, add(low, high), {.seed = 1});
  const Tensor units = random::uniform({2, 3}, 0, 1, {.seed = 1});
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(ListOf<double>(result)[i],
              (i < 3 ? 0 : 100) + ListOf<double>(units)[i] * (i % 3 + 1));
  }
  // The same numbers by a tensor of equal parameters as by a number.
  const Tensor threes = full({50}, 3.0);
  for (DType dtype : {DType::kFloat32, DType::kFloat64}) {
    const random::Options options{.dtype = dtype, .seed = 4};
    EXPECT_TRUE(SameBytes(random::normal({50}, threes, threes, options),
                          random::normal({50}, 3, 3, options)));
    EXPECT_TRUE(SameBytes(random::uniform({50}, negative(threes), threes, options),
                          random::uniform({50}, -3, 3, options)));
    EXPECT_TRUE(SameBytes(random::exponential({50}, threes, options),
                          random::exponential({50}, 3, options)));
    EXPECT_TRUE(SameBytes(random::gamma({50}, threes, threes, options),
                          random::gamma({50}, 3, 3, options)));
  }
  const random::Options options{.seed = 4};
  EXPECT_TRUE(SameBytes(random::poisson({50}, threes, options), random::poisson({50}, 3, options)));
  EXPECT_TRUE(SameBytes(random::integers({50}, full({50}, -3), full({50}, 9), options),
                        random::integers({50}, -3, 9, options)));
  // Of many numbers of one distribution tables are made.
  for (const double mean : {0.0, 1e-9, 0.3, 4.0, 9.99, 10.0, 77.5}) {
    EXPECT_TRUE(SameBytes(random::poisson({3000}, full({3000}, mean), options),
                          random::poisson({3000}, mean, options)))
        << mean;
  }
  for (const double p : {0.0, 1e-12, 0.01, 0.3, 0.5, 0.6, 0.999, 1.0}) {
    for (const int64_t n : {0, 1, 15, 40, 100000}) {
      EXPECT_TRUE(SameBytes(random::binomial({3000}, full({3000}, n), p, options),
                            random::binomial({3000}, n, p, options)))
          << n << " " << p;
    }
  }
  for (const double alpha : {0.1, 0.999, 1.0, 2.5, 1000.0}) {
    EXPECT_TRUE(SameBytes(random::gamma({3000}, full({3000}, alpha), 2, options),
                          random::gamma({3000}, alpha, 2, options)))
        << alpha;
  }
  const Tensor rates = asarray<double>({0, 1000000});
  EXPECT_EQ(ListOf<int64_t>(random::poisson({2}, rates))[0], 0);
  EXPECT_GT(ListOf<int64_t>(random::poisson({2}, rates))[1], 990000);
}

TEST(Random, IntegersReachAllOfTheirDType) {
  const auto bytes = ListOf<uint8_t>(
      random::integers({5000}, 0, 255, {.dtype = DType::kUInt8, .seed = 2}, /*endpoint=*/true));
  EXPECT_EQ(std::set<uint8_t>(bytes.begin(), bytes.end()).size(), 256u);
  const auto wide =
      ListOf<int64_t>(random::integers({1000}, INT64_MIN, INT64_MAX, {.seed = 2}, true));
  EXPECT_LT(*std::min_element(wide.begin(), wide.end()), INT64_MIN / 2);
  EXPECT_GT(*std::max_element(wide.begin(), wide.end()), INT64_MAX / 2);
  const auto top = ListOf<uint64_t>(random::integers({100}, UINT64_MAX - 1, UINT64_MAX,
                                                     {.dtype = DType::kUInt64, .seed = 2}, true));
  EXPECT_EQ(std::set<uint64_t>(top.begin(), top.end()).size(), 2u);
  EXPECT_GE(*std::min_element(top.begin(), top.end()), UINT64_MAX - 1);
}

TEST(Random, PermutationsHoldEachElementOnce) {
  for (int64_t n : {0, 1, 2, 1000, 3001}) {
    auto order = ListOf<int64_t>(random::permutation(n, {.seed = 8}));
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, ListOf<int64_t>(arange(n)));
  }
  const Tensor x = reshape(arange(60), {4, 5, 3});
  for (int axis : {0, 1, -1}) {
    const Tensor mixed = shuffle(x, axis, {.seed = 8});
    const int64_t n = x.shape()[axis < 0 ? 2 : axis];
    const auto order = ListOf<int64_t>(random::permutation(n, {.seed = 8}));
    ASSERT_TRUE(mixed.shape() == x.shape());
    for (int64_t i = 0; i < n; ++i) {
      EXPECT_TRUE(SameBytes(mixed.Slice(axis, i, i + 1).Copy(),
                            x.Slice(axis, order[i], order[i] + 1).Copy()));
    }
  }
  // Drawing few out of many keeps a map of what was swapped; drawing many, a list.
  const auto few = ListOf<int64_t>(random::choice(1000, {50}, false, {}, {.seed = 8}));
  const auto many = ListOf<int64_t>(random::choice(1000, {900}, false, {}, {.seed = 8}));
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  EXPECT_EQ(std::set<int64_t>(many.begin(), many.end()).size(), 900u);
  EXPECT_EQ(random::choice(int64_t{1} << 62, {3}, false).size(), 3);
}

TEST(Random, ChoiceTakesRows) {
  const Tensor x = reshape(arange(10), {5, 2});
  const Tensor rows = random::choice(x, {2, 2}, true, {}, {.seed = 3});
  EXPECT_EQ(rows.shape().ToString(), "(2, 2, 2)");
  const auto places = ListOf<int64_t>(random::choice(5, {2, 2}, true, {}, {.seed = 3}));
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(ListOf<int64_t>(rows)[2 * i], 2 * places[i]);
    EXPECT_EQ(ListOf<int64_t>(rows)[2 * i + 1], 2 * places[i] + 1);
  }
  EXPECT_EQ(random::choice(x).shape().ToString(), "(2,)");
}

TEST(Random, DTypesAndShapes) {
  EXPECT_EQ(random::uniform({}).rank(), 0);
  EXPECT_EQ(random::normal({2, 0, 3}).size(), 0);
  EXPECT_EQ(random::gamma({3}, 1, 1, {.dtype = DType::kFloat32}).dtype(), DType::kFloat32);
  EXPECT_EQ(random::bernoulli({3}).dtype(), DType::kBool);
  EXPECT_EQ(random::poisson({3}, 1, {.dtype = DType::kInt32}).dtype(), DType::kInt32);
  EXPECT_EQ(random::poisson({3}, 1, {.dtype = DType::kFloat64}).dtype(), DType::kFloat64);
  EXPECT_EQ(random::categorical(zeros({2, 3}), 7).shape().ToString(), "(2, 7)");
  EXPECT_EQ(random_categorical(zeros({2, 3}), 0).shape().ToString(), "(2, 0)");
  EXPECT_EQ(random_permutation(4, {.dtype = DType::kInt32}).dtype(), DType::kInt32);
  EXPECT_THROW(random::uniform({2}, 0, 1, {.dtype = DType::kInt32}), DTypeError);
  EXPECT_THROW(random::integers({2}, 0, 9, {.dtype = DType::kFloat32}), DTypeError);
  EXPECT_THROW(random::integers({2}, 0.5, 9), DTypeError);
  EXPECT_THROW(random::poisson({2}, 1, {.dtype = DType::kComplex64}), DTypeError);
  EXPECT_THROW(random::bits({2}, {.dtype = DType::kInt64}), DTypeError);
  EXPECT_THROW(random::uniform({-1}), ShapeError);
  EXPECT_THROW(random::normal({int64_t{1} << 62}), ShapeError);
}

/// The message of what f throws as std::invalid_argument.
template <class F>
std::string Refusal(const F& f) {
  try {
    f();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Random, NumbersThatTheDTypeDoesNotHoldAreRefused) {
  const random::Options bytes = {.dtype = DType::kUInt8, .seed = 1};
  EXPECT_THAT(Refusal([&] { random::binomial({4}, 300, 0.99, bytes); }),
              HasSubstr("binomial: expected numbers of at most 255, the largest uint8, but 300"));
  EXPECT_THAT(Refusal([&] { random::binomial({2}, asarray<double>({255, 256}), 0, bytes); }),
              HasSubstr("256 may be drawn"));
  EXPECT_EQ(ListOf<uint8_t>(random::binomial({300}, 255, 1.0, bytes)),
            std::vector<uint8_t>(300, 255));
  EXPECT_THROW(random::poisson({300}, 1000, bytes), RangeError);
  EXPECT_THROW(random::poisson({2}, 1000, bytes), RangeError);
  EXPECT_THROW(random::poisson({2}, full({2}, 1000.0), bytes), RangeError);
  EXPECT_LT(ListOf<uint8_t>(random::poisson({1}, 100, bytes))[0], 200);
  EXPECT_EQ(random::poisson({0}, 1000, bytes).size(), 0);
  EXPECT_THAT(Refusal([&] { random::permutation(257, bytes); }), HasSubstr("but 256 may be drawn"));
  EXPECT_EQ(random::permutation(256, bytes).size(), 256);
  EXPECT_THAT(Refusal([&] { random::choice(257, {1}, true, {}, bytes); }), HasSubstr("choice"));
  EXPECT_THAT(Refusal([&] { random::categorical(zeros({257}), 1, bytes); }),
              HasSubstr("categorical"));
  // Floats round, as they do everywhere.
  EXPECT_EQ(ListOf<float>(random::binomial({1}, 300, 1.0, {.dtype = DType::kFloat32}))[0], 300);
}

TEST(Random, ParametersOutOfRangeAreRefused) {
  const double nan = std::nan("");
  EXPECT_THAT(Refusal([] { random::uniform({2}, 1, 0); }), HasSubstr("low 1 and high 0"));
  EXPECT_THAT(Refusal([] { random::uniform({2}, -1.5e308, 1.5e308); }), HasSubstr("high"));
  EXPECT_THAT(Refusal([] { random::uniform({2}, -3e38, 3e38, {.dtype = DType::kFloat32}); }),
              HasSubstr("high"));
  EXPECT_THAT(Refusal([] { random::normal({2}, 0, -1); }),
              HasSubstr("normal: expected std to be finite and at least 0, found -1"));
  EXPECT_THAT(Refusal([&] { random::normal({2}, nan); }), HasSubstr("found nan"));
  EXPECT_THAT(Refusal([] { random::gamma({2}, 0); }), HasSubstr("alpha"));
  EXPECT_THAT(Refusal([] { random::exponential({2}, asarray<double>({1, -2})); }),
              HasSubstr("found -2"));
  EXPECT_THAT(Refusal([] { random::bernoulli({2}, 1.5); }), HasSubstr("p to be from 0 to 1"));
  EXPECT_THAT(Refusal([] { random::binomial({2}, -1, 0.5); }), HasSubstr("n to be"));
  EXPECT_THAT(Refusal([] { random::binomial({2}, 1.5, 0.5); }), HasSubstr("n to be"));
  EXPECT_THAT(Refusal([&] { random::poisson({2}, nan); }), HasSubstr("lam"));
  EXPECT_THAT(Refusal([] { random::integers({2}, 3, 3); }), HasSubstr("low 3 and high 3"));
  EXPECT_THAT(Refusal([] { random::integers({2}, 0, 300, {.dtype = DType::kInt8}); }),
              HasSubstr("int8's [-128, 127]"));
  EXPECT_THAT(Refusal([] { random::normal({2}, zeros({3})); }), HasSubstr("broadcasts"));
  EXPECT_THAT(Refusal([] { random::categorical(zeros({2, 0}), 1); }), HasSubstr("one class"));
  EXPECT_THAT(Refusal([] { random::categorical(full({3}, -HUGE_VAL), 1); }), HasSubstr("-inf"));
  EXPECT_THAT(Refusal([&] { random::categorical(full({3}, nan), 1); }), HasSubstr("nan"));
  EXPECT_THAT(Refusal([] { random::permutation(-1); }), HasSubstr("-1"));
  EXPECT_THAT(Refusal([] { random::permutation(zeros({})); }), HasSubstr("axis"));
  EXPECT_THAT(Refusal([] { random::choice(3, {4}, false); }), HasSubstr("without replacement"));
  EXPECT_THAT(Refusal([] { random::choice(0, {1}); }), HasSubstr("found none"));
  EXPECT_THAT(Refusal([] { random::choice(2, {1}, true, asarray<double>({0.5, 0.4})); }),
              HasSubstr("add up to 1"));
  EXPECT_THAT(Refusal([] { random::choice(2, {2}, false, asarray<double>({1, 0})); }),
              HasSubstr("positive probability"));
  EXPECT_THAT(Refusal([] { random::uniform({1}, 0, 1, {.seed = 1, .stream = uint64_t{1} << 48}); }),
              HasSubstr("2^48"));
}

}  // namespace
}  // namespace emberharmony::ops
