#include "emberharmony/feature/exact_quantiles.h"

#include <bit>
#include <random>

#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

struct Outcome {
  std::shared_ptr<const Statistic> statistic;
  int num_passes = 0;
  const QuantileStatistic& quantiles() const {
    return static_cast<const QuantileStatistic&>(*statistic);
  }
};

/// Passes over the values until nothing is left to refine, each time in another order and from
/// states of parts.
Outcome Refined(std::shared_ptr<const Analyzer> analyzer, std::vector<double> values) {
  Outcome outcome;
  std::mt19937 random(7);
  for (; analyzer != nullptr; ++outcome.num_passes) {
    std::shuffle(values.begin(), values.end(), random);
    std::unique_ptr<State> whole = *analyzer->MakeState(*arrow::float64(), {});
    for (size_t part = 0; part < 3; ++part) {
      const std::unique_ptr<State> state = *analyzer->MakeState(*arrow::float64(), {});
      const std::vector<double> some(values.begin() + part * values.size() / 3,
                                     values.begin() + (part + 1) * values.size() / 3);
      EXPECT_TRUE(analyzer->Update(state.get(), {*Doubles(some), nullptr, 1}).ok());
      EXPECT_TRUE(analyzer->Merge(whole.get(), *state).ok());
    }
    auto statistic = analyzer->Finalize(*whole);
    EXPECT_TRUE(statistic.ok()) << statistic.status().ToString();
    if (!statistic.ok()) break;
    outcome.statistic = *statistic;
    analyzer = *analyzer->Refine(*outcome.statistic);
  }
  return outcome;
}

/// numpy.quantile's "linear", by sorting.
double Linear(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(position);
  if (low + 1 >= sorted.size()) return sorted.back();
  const double t = position - static_cast<double>(low);
  const double difference = sorted[low + 1] - sorted[low];
  return t >= 0.5 ? sorted[low + 1] - difference * (1 - t) : sorted[low] + difference * t;
}

// After the first pass, which keeps one bit of 53, each tells at least 16 parts of a range apart.
constexpr int kPassesMax = 1 + 52 / 4;

void ExpectExact(const std::string& name, std::vector<double> values,
                 int num_passes_max = kPassesMax) {
  SCOPED_TRACE(name);
  const std::vector<double> asked = {0, 0.001, 0.25, 1.0 / 3, 0.5, 0.75, 0.999, 1};
  const auto found =
      Refined(MakeQuantileAnalyzer(1, true, {.median = true, .quantiles = asked}), values);
  ASSERT_NE(found.statistic, nullptr);
  EXPECT_LE(found.num_passes, num_passes_max);
  std::erase_if(values, [](double x) { return std::isnan(x); });
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  EXPECT_EQ(found.quantiles().count(), static_cast<int64_t>(n));
  for (const double q : asked) {
    EXPECT_EQ(found.quantiles().Quantile(q).value, Linear(values, q)) << q;
    EXPECT_EQ(found.quantiles().Quantile(q).error_bound, 0) << q;
  }
  EXPECT_EQ(found.quantiles().Median().value, (values[(n - 1) / 2] + values[n / 2]) / 2);
  EXPECT_EQ(found.quantiles().Median().error_bound, 0);
  EXPECT_EQ(found.quantiles().min(), values.front());
  EXPECT_EQ(found.quantiles().max(), values.back());
}

// One key of the histogram is all that is asked for, so that the first pass keeps one bit of each
// value: the worst start there is.
TEST(ExactQuantiles, AreExactForEveryDistribution) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  std::vector<double> values(5000);
  for (double& x : values) x = normal(random);
  ExpectExact("normal", values);
  values[3] = values[77] = std::nan("");
  values[5] = -0.0;
  values[6] = 0.0;
  ExpectExact("with missing values and zeros", values);
  for (double& x : values) x = 1e9 + normal(random) * 1e-3;
  ExpectExact("equal in their leading bits", values);
  for (size_t i = 0; i < values.size(); ++i) values[i] = -1 - static_cast<double>(i % 4) * 0x1p-52;
  ExpectExact("different in their last bits only", values);
  for (double& x : values) {
    x = std::bit_cast<double>(random() & 0xffefffffffffffffULL);  // any bits but NaN and infinity
  }
  std::erase_if(values, [](double x) { return !std::isfinite(x); });
  ExpectExact("of any size", values);
  for (double& x : values) x = std::bit_cast<double>(random() >> 40);
  ExpectExact("subnormal", values);
  ExpectExact("one value", {2.5}, 1);
  ExpectExact("two values", {2.5, 2.5000000000000004}, 2);
}

// Integers that are neighbours where doubles have one value for many of them.
TEST(ExactQuantiles, AreExactForIntegersBeyondDoubles) {
  std::mt19937_64 random(11);
  std::vector<int64_t> values(3000);
  for (int64_t& x : values) {
    x = (int64_t{1} << 62) + static_cast<int64_t>(random() % 100000);
    if (random() % 4 == 0) x = -x;
  }
  std::shared_ptr<const Analyzer> analyzer =
      MakeQuantileAnalyzer(1, true, {.median = true, .quantiles = {0.1, 0.9}});
  std::shared_ptr<const Statistic> statistic;
  for (int pass = 0; analyzer != nullptr && pass < 30; ++pass) {
    std::shuffle(values.begin(), values.end(), random);
    const std::unique_ptr<State> state = *analyzer->MakeState(*arrow::int64(), {});
    const arrow::Int64Array array(static_cast<int64_t>(values.size()), arrow::Buffer::Wrap(values));
    ASSERT_TRUE(analyzer->Update(state.get(), {array, nullptr, 0}).ok());
    auto finalized = analyzer->Finalize(*state);
    ASSERT_TRUE(finalized.ok()) << finalized.status().ToString();
    statistic = *finalized;
    analyzer = *analyzer->Refine(*statistic);
  }
  ASSERT_EQ(analyzer, nullptr);
  std::sort(values.begin(), values.end());
  const auto& found = static_cast<const QuantileStatistic&>(*statistic);
  const WholeNumber sum = static_cast<WholeNumber>(values[1499]) + values[1500];
  EXPECT_TRUE(found.Median().whole == sum >> 1);
  EXPECT_EQ(found.Median().error_bound, 0);
  for (const double q : {0.1, 0.9}) {
    const auto low = static_cast<size_t>(q * 2999);
    EXPECT_GE(static_cast<int64_t>(*found.Quantile(q).whole), values[low]) << q;
    EXPECT_LE(static_cast<int64_t>(*found.Quantile(q).whole), values[low + 1]) << q;
    EXPECT_EQ(found.Quantile(q).error_bound, 0);
  }
}

// A mean that fills nulls joins the integers of the first pass; later ones see doubles, of which
// some are not in the part in which the integer was.
TEST(ExactQuantiles, AFillJoinsIntegersThatBecomeDoubles) {
  std::mt19937_64 random(12);
  for (const int64_t far : {int64_t{1} << 60, int64_t{1} << 40}) {
    std::vector<int64_t> integers(2001);
    for (int64_t& x : integers) x = far + (static_cast<int64_t>(random() % 1000) << 20) - 1;
    std::vector<double> doubles(integers.begin(), integers.end());
    doubles.push_back(0.5);
    std::shared_ptr<const Analyzer> analyzer = MakeQuantileAnalyzer(1, true, {.median = true});
    std::shared_ptr<const Statistic> statistic;
    const int64_t weight = 1;
    for (int pass = 0; analyzer != nullptr && pass < 30; ++pass) {
      const bool first = pass == 0;
      const auto type = first ? arrow::int64() : arrow::float64();
      const std::unique_ptr<State> state = *analyzer->MakeState(*type, {});
      const arrow::Int64Array array(2001, arrow::Buffer::Wrap(integers));
      if (first) {
        ASSERT_TRUE(analyzer->Update(state.get(), {array, nullptr, 1}).ok());
        ASSERT_TRUE(analyzer->Update(state.get(), {*Doubles({0.5}), &weight, -1}).ok());
      } else {
        ASSERT_TRUE(analyzer->Update(state.get(), {*Doubles(doubles), nullptr, 0}).ok());
      }
      auto finalized = analyzer->Finalize(*state);
      ASSERT_TRUE(finalized.ok()) << finalized.status().ToString();
      statistic = *finalized;
      analyzer = *analyzer->Refine(*statistic);
    }
    ASSERT_EQ(analyzer, nullptr);
    std::sort(doubles.begin(), doubles.end());
    const QuantileEstimate median = static_cast<const QuantileStatistic&>(*statistic).Median();
    EXPECT_EQ(median.value, doubles[1000] / 2 + doubles[1001] / 2);
    EXPECT_EQ(median.error_bound, 0);
  }
}

TEST(ExactQuantiles, TakeOnePassWhereTheHistogramIsExact) {
  std::vector<double> values(9000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 8000);
  EXPECT_EQ(Refined(MakeQuantileAnalyzer(8192, true, {.median = true}), values).num_passes, 1);
  EXPECT_EQ(Refined(MakeQuantileAnalyzer(100, false, {.median = true}), values).num_passes, 1);
}

TEST(ExactQuantiles, ShareTheStateOfAHistogram) {
  EXPECT_EQ(MakeQuantileAnalyzer(8192, true, {.median = true})->state_key(),
            MakeValueHistogramAnalyzer(8192)->state_key());
}

TEST(ExactQuantiles, ManyQuantilesOfManyValues) {
  std::mt19937_64 random(9);
  std::vector<double> values(30000);
  for (double& x : values) x = std::exp(std::normal_distribution<double>(0, 3)(random));
  QuantilesWanted wanted;
  for (int i = 1; i < 500; ++i) wanted.quantiles.push_back(i / 500.0);
  const auto found = Refined(MakeQuantileAnalyzer(8192, true, wanted), values);
  EXPECT_LE(found.num_passes, 3);
  std::sort(values.begin(), values.end());
  for (const double q : wanted.quantiles) {
    EXPECT_EQ(found.quantiles().Quantile(q).value, Linear(values, q)) << q;
  }
}

TEST(ExactQuantiles, WeightsCountAndInfinitiesEndIt) {
  const auto analyzer = MakeQuantileAnalyzer(1, true, {.median = true});
  const std::vector<double> values = {1.25, 1.5, 1.75};
  const std::vector<int64_t> weights = {10, 0, 11};
  std::shared_ptr<const Analyzer> next = analyzer;
  std::shared_ptr<const Statistic> statistic;
  while (next != nullptr) {
    const std::unique_ptr<State> state = *next->MakeState(*arrow::float64(), {});
    ASSERT_TRUE(next->Update(state.get(), {*Doubles(values), weights.data(), 5}).ok());
    statistic = *next->Finalize(*state);
    next = *next->Refine(*statistic);
  }
  const auto& quantiles = static_cast<const QuantileStatistic&>(*statistic);
  EXPECT_EQ(quantiles.Median().value, 1.75);
  EXPECT_EQ(quantiles.count(), 21);
  EXPECT_EQ(quantiles.null_count(), 5);

  const std::unique_ptr<State> state = *analyzer->MakeState(*arrow::float64(), {});
  ASSERT_TRUE(analyzer->Update(state.get(), {*Doubles({1.25, 1.5, kInfinity}), nullptr, 0}).ok());
  EXPECT_EQ(*analyzer->Refine(**analyzer->Finalize(*state)), nullptr);
}

TEST(ExactQuantiles, ValuesThatChangeBetweenPassesAreAnError) {
  const auto analyzer = MakeQuantileAnalyzer(1, true, {.median = true});
  std::unique_ptr<State> state = *analyzer->MakeState(*arrow::float64(), {});
  ASSERT_TRUE(
      analyzer->Update(state.get(), {*Doubles({1.25, 1.5, 1.75, 1.875, 3.0}), nullptr, 0}).ok());
  const auto refining = *analyzer->Refine(**analyzer->Finalize(*state));
  ASSERT_NE(refining, nullptr);
  state = *refining->MakeState(*arrow::float64(), {});
  ASSERT_TRUE(refining->Update(state.get(), {*Doubles({1.25, 1.5, 1.75}), nullptr, 0}).ok());
  EXPECT_THAT(refining->Finalize(*state).status().message(),
              testing::HasSubstr("must not change during a run"));
}

}  // namespace
}  // namespace emberharmony::feature
