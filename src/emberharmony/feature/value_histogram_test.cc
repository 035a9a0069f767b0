#include "emberharmony/feature/value_histogram.h"

#include <arrow/api.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/feature/analyzer_harness_test_internal.h"

namespace emberharmony::feature {
namespace {

constexpr double kMax = std::numeric_limits<double>::max();
constexpr double kHistogramInfinity = std::numeric_limits<double>::infinity();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();

using HistogramDoubles = std::vector<std::optional<double>>;

const QuantileStatistic& QuantilesOf(const Statistic& statistic) {
  return static_cast<const QuantileStatistic&>(statistic);
}

std::shared_ptr<arrow::Array> DoubleArray(const HistogramDoubles& values) {
  return ArrayOf<arrow::DoubleBuilder>(values, arrow::float64());
}

std::shared_ptr<const Statistic> Analyzed(const arrow::Array& values, int64_t max_keys = 65536) {
  const auto analyzer = MakeValueHistogramAnalyzer(max_keys);
  auto state = *analyzer->MakeState(*values.type(), {});
  EXPECT_TRUE(analyzer->Update(state.get(), {values, nullptr, 0}).ok());
  return *analyzer->Finalize(*state);
}

double MedianOf(const HistogramDoubles& values) {
  const auto statistic = Analyzed(*DoubleArray(values));
  const QuantileEstimate median = QuantilesOf(*statistic).Median();
  EXPECT_EQ(median.error_bound, 0);
  return median.value;
}

// What numpy.quantile 2.4.6 gives for numpy.repeat(values, weights).
TEST(ValueHistogramTest, QuantilesAreThoseOfNumPy) {
  const HistogramDoubles values = {3.7,  -1.25, 0.1,  0.1,    2.5e10, -7e-3,
                                   12.0, 12.0,  12.0, 1e-300, 5.5};
  const std::vector<int64_t> weights = {1, 2, 3, 1, 1, 4, 1, 1, 2, 1, 1};
  const std::vector<std::pair<double, double>> expected = {
      {0.0, -0x1.4000000000000p+0},
      {0.05, -0x1.4000000000000p+0},
      {0.1, -0x1.8504816f0068ap-2},
      {0.25, -0x1.cac083126e979p-8},
      {0.3333333333333333, -0x1.31d5acb6f465ap-9},
      {0.5, 0x1.999999999999ap-4},
      {0.61, 0x1.6e978d4fdf3aap+0},
      {0.75, 0x1.4c00000000000p+3},
      {0.9, 0x1.8000000000000p+3},
      {0.95, 0x1.bf08eb146661cp+31},
      {0.99, 0x1.3532f7e0828ebp+34},
      {1.0, 0x1.74876e8000000p+34},
  };
  AnalyzerHarness harness(
      MakeValueHistogramAnalyzer(), arrow::float64(), [&](const Statistic& statistic) {
        const QuantileStatistic& found = QuantilesOf(statistic);
        for (const auto& [q, value] : expected) {
          EXPECT_EQ(found.Quantile(q).value, value) << q;
          EXPECT_EQ(found.Quantile(q).error_bound, 0);
        }
        EXPECT_EQ(found.Median().value, 0.1);
        EXPECT_EQ(found.MostFrequent(), -7e-3);  // before 0.1 and 12, as frequent
        EXPECT_EQ(found.min(), -1.25);
        EXPECT_EQ(found.max(), 2.5e10);
        EXPECT_EQ(found.count(), 18);
        EXPECT_EQ(found.null_count(), 6);
        EXPECT_EQ(found.bits(), 53);
        EXPECT_EQ(found.num_keys(), 8);
      });
  harness.Run(DoubleArray(values), weights, 6);

  const auto plain = Analyzed(*DoubleArray({8.9, 0.1, 0.7, 4.7, 1.3, 2.9, 3.1}));
  for (const auto& [q, value] : std::vector<std::pair<double, double>>{
           {0.03, 0x1.a9fbe76c8b43ap-3},
           {0.17, 0x1.6c8b439581062p-1},
           {0.29, 0x1.24dd2f1a9fbe7p+0},
           {0.41, 0x1.049ba5e353f7dp+1},
           {0.53, 0x1.77ced916872b0p+1},
           {0.67, 0x1.90e5604189377p+1},
           {0.83, 0x1.2ac083126e978p+2},
           {0.97, 0x1.049ba5e353f7ep+3},
       }) {
    EXPECT_EQ(QuantilesOf(*plain).Quantile(q).value, value) << q;
  }
}

TEST(ValueHistogramTest, MediansAreRoundedOnce) {
  EXPECT_EQ(MedianOf({1.0, 2.0, 10.0}), 2.0);
  EXPECT_EQ(MedianOf({1.0, 2.0, 4.0, 10.0}), 3.0);
  EXPECT_EQ(MedianOf({kMax, kMax}), kMax);
  EXPECT_EQ(MedianOf({kMax, -kMax}), 0.0);
  EXPECT_EQ(MedianOf({kMax, std::nextafter(kMax, 0)}), std::nextafter(kMax, 0));  // the even one
  EXPECT_EQ(MedianOf({0.0, kTiny}), 0.0);
  EXPECT_EQ(MedianOf({kTiny, 2 * kTiny}), 2 * kTiny);
  EXPECT_EQ(MedianOf({3 * kTiny, 5 * kTiny}), 4 * kTiny);
  EXPECT_EQ(MedianOf({1.0, 1.0 + 0x1p-52}), 1.0);
  EXPECT_EQ(MedianOf({-0.0}), 0.0);
  EXPECT_FALSE(std::signbit(MedianOf({-0.0})));
  EXPECT_EQ(MedianOf({-0.0, 0.0, -0.0, 7.0}), 0.0);
}

// The definition, bit by bit: the num_bits leading significant bits of a value.
double ShortenedByDefinition(double value, int num_bits) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);  // in [0.5, 1), subnormals too
  return std::ldexp(std::trunc(std::ldexp(fraction, num_bits)), exponent - num_bits);
}

int BitsByDefinition(const std::vector<double>& values, int64_t max_keys) {
  for (int num_bits = 53; num_bits > 1; --num_bits) {
    std::set<double> keys;
    for (const double value : values) keys.insert(ShortenedByDefinition(value, num_bits));
    if (static_cast<int64_t>(keys.size()) <= max_keys) return num_bits;
  }
  return 1;
}

// Checks everything that the statistic says against the sorted values.
void ExpectWithinBounds(const QuantileStatistic& found, std::vector<double> values,
                        int64_t max_keys) {
  std::sort(values.begin(), values.end());
  const int num_bits = BitsByDefinition(values, max_keys);
  ASSERT_EQ(found.bits(), num_bits);
  EXPECT_EQ(found.min(), values.front());
  EXPECT_EQ(found.max(), values.back());
  const auto last = static_cast<double>(values.size() - 1);
  for (size_t i = 0; i < values.size(); ++i) {
    const double q = static_cast<double>(i) / last;
    const QuantileEstimate estimate = found.Quantile(q);
    const auto index = static_cast<size_t>(q * last);
    const double a = values[index];
    const double b = values[std::min(index + 1, values.size() - 1)];
    const double t = q * last - static_cast<double>(index);
    const double exact = t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
    const double largest = std::max(std::fabs(a), std::fabs(b));
    const double rounding = num_bits == 53 ? 0 : largest * 0x1p-51;
    ASSERT_LE(std::fabs(estimate.value - exact), estimate.error_bound + rounding) << i;
    ASSERT_LE(estimate.error_bound, largest * (std::ldexp(1.0, -num_bits) + 0x1p-50) + kTiny);
  }
  const QuantileEstimate median = found.Median();
  const double exact = values[(values.size() - 1) / 2] / 2 + values[values.size() / 2] / 2;
  EXPECT_LE(std::fabs(median.value - exact), median.error_bound + kTiny);
}

TEST(ValueHistogramTest, FewKeysEveryWay) {
  std::mt19937_64 random(19);
  std::normal_distribution<double> normal;
  for (const int64_t max_keys : {40, 1000}) {
    HistogramDoubles values;
    std::vector<double> finite;
    for (int i = 0; i < 400; ++i) {
      double value = normal(random) * std::ldexp(1.0, static_cast<int>(random() % 6));
      if (i % 50 == 7) value = std::round(value);
      if (i % 97 == 3) value = kTiny * static_cast<double>(random() % 1000);
      values.push_back(value);
      finite.push_back(value + 0.0);
    }
    for (const double other :
         {kHistogramInfinity, -kHistogramInfinity, kHistogramInfinity, std::nan("")}) {
      values.push_back(other);
    }
    values.push_back(std::nullopt);
    AnalyzerHarness harness(MakeValueHistogramAnalyzer(max_keys), arrow::float64(),
                            [&](const Statistic& statistic) {
                              const QuantileStatistic& found = QuantilesOf(statistic);
                              ExpectWithinBounds(found, finite, max_keys);
                              EXPECT_LE(found.num_keys(), max_keys);
                              EXPECT_EQ(found.count(), 403);
                              EXPECT_EQ(found.infinity_count(), 3);
                              EXPECT_EQ(found.null_count(), 2);
                            });
    harness.Run(DoubleArray(values));
  }
}

TEST(ValueHistogramTest, OneBitIsAlwaysKept) {
  const std::vector<double> values = {-6.0, -5.0, -1.0, 1.0, 1.5, 2.0, 3.0, 8.0, 9.0, kTiny};
  HistogramDoubles input(values.begin(), values.end());
  AnalyzerHarness harness(MakeValueHistogramAnalyzer(2), arrow::float64(),
                          [&](const Statistic& statistic) {
                            EXPECT_EQ(QuantilesOf(statistic).num_keys(), 6);
                            ExpectWithinBounds(QuantilesOf(statistic), values, 2);
                          });
  harness.Run(DoubleArray(input));
}

TEST(ValueHistogramTest, ManyDistinctValuesInAnyOrder) {
  std::mt19937_64 random(23);
  std::vector<double> values;
  for (int i = 0; i < 300000; ++i)
    values.push_back(std::exp(static_cast<double>(random() >> 11) * 0x1p-50));
  const auto analyzer = MakeValueHistogramAnalyzer(8192);
  std::string expected;
  for (int order = 0; order < 3; ++order) {
    if (order == 1) std::sort(values.begin(), values.end());
    if (order == 2) std::reverse(values.begin(), values.end());
    auto state = *analyzer->MakeState(*arrow::float64(), {});
    const arrow::DoubleArray array(300000, arrow::Buffer::Wrap(values));
    ASSERT_TRUE(analyzer->Update(state.get(), {array, nullptr, 0}).ok());
    const std::string encoded = *analyzer->Encode(*state);
    if (order == 0) expected = encoded;
    ASSERT_TRUE(encoded == expected);
    if (order == 1) {
      const auto statistic = *analyzer->Finalize(*state);
      const QuantileEstimate median = QuantilesOf(*statistic).Median();
      const double exact = values[149999] / 2 + values[150000] / 2;
      EXPECT_LE(std::fabs(median.value - exact), median.error_bound);
      EXPECT_LE(median.error_bound, exact * std::ldexp(1.001, -QuantilesOf(*statistic).bits()));
      EXPECT_GE(QuantilesOf(*statistic).bits(), 9);  // values of 12 binades
    }
  }
}

TEST(ValueHistogramTest, OtherTypes) {
  const std::vector<std::optional<int64_t>> large = {(int64_t{1} << 53) + 1, 5, -3, std::nullopt};
  AnalyzerHarness integers(MakeValueHistogramAnalyzer(), arrow::int64(), [](const Statistic& s) {
    EXPECT_EQ(QuantilesOf(s).max(), 0x1p53);  // the nearest double
    EXPECT_EQ(QuantilesOf(s).Median().value, 5.0);
    EXPECT_EQ(QuantilesOf(s).null_count(), 1);
  });
  integers.Run(ArrayOf<arrow::Int64Builder>(large, arrow::int64()));

  const auto stamps = arrow::timestamp(arrow::TimeUnit::MILLI);
  AnalyzerHarness times(MakeValueHistogramAnalyzer(), stamps, [](const Statistic& s) {
    EXPECT_EQ(QuantilesOf(s).Median().value, -250.0);
  });
  times.Run(
      ArrayOf<arrow::TimestampBuilder>(std::vector<std::optional<int64_t>>{-1000, 500}, stamps));

  const auto decimals = arrow::decimal128(10, 1);
  AnalyzerHarness decimal(MakeValueHistogramAnalyzer(), decimals, [](const Statistic& s) {
    EXPECT_EQ(QuantilesOf(s).Median().value, 0.1);
    EXPECT_EQ(QuantilesOf(s).MostFrequent(), 0.1);
  });
  decimal.Run(ArrayOf<arrow::Decimal128Builder>(
      std::vector<std::optional<arrow::Decimal128>>{arrow::Decimal128(1), arrow::Decimal128(1),
                                                    arrow::Decimal128(25)},
      decimals));

  AnalyzerHarness booleans(MakeValueHistogramAnalyzer(), arrow::boolean(), [](const Statistic& s) {
    EXPECT_EQ(QuantilesOf(s).MostFrequent(), 1.0);
    EXPECT_EQ(QuantilesOf(s).Quantile(0.5).value, 1.0);
  });
  booleans.Run(ArrayOf<arrow::BooleanBuilder>(std::vector<std::optional<bool>>{true, false, true},
                                              arrow::boolean()));
}

using Integers = std::vector<std::optional<int64_t>>;

template <typename Builder = arrow::Int64Builder>
std::shared_ptr<arrow::Array> IntegerArray(const Integers& values,
                                           const std::shared_ptr<arrow::DataType>& type) {
  return ArrayOf<Builder>(values, type);
}

// Neighbours for which doubles have one value.
TEST(ValueHistogramTest, IntegersBeyondDoublesAreToldApart) {
  constexpr int64_t kFar = (int64_t{1} << 60) + 1;
  const Integers values = {kFar, kFar + 1, kFar + 1, kFar + 2, -kFar, std::nullopt, 7, 0};
  const auto check = [&](const Statistic& statistic) {
    const QuantileStatistic& found = QuantilesOf(statistic);
    EXPECT_EQ(found.num_keys(), 6);
    EXPECT_TRUE(found.exact());
    EXPECT_EQ(found.bits(), 64);
    EXPECT_TRUE(found.Median().whole == kFar);
    EXPECT_TRUE(found.Quantile(1).whole == kFar + 2);
    EXPECT_TRUE(found.Quantile(0).whole == -kFar);
    const auto top = found.MostFrequentValues(2);
    ASSERT_EQ(top.size(), 2u);
    EXPECT_TRUE(top[0].whole == kFar + 1);
    EXPECT_EQ(top[0].count, 2);
    EXPECT_TRUE(top[1].whole == -kFar);
  };
  AnalyzerHarness(MakeValueHistogramAnalyzer(), arrow::int64(), check)
      .Run(IntegerArray(values, arrow::int64()));
  const auto nanos = arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
  AnalyzerHarness(MakeValueHistogramAnalyzer(), nanos, check)
      .Run(IntegerArray<arrow::TimestampBuilder>(values, nanos));
}

TEST(ValueHistogramTest, TheEndsOfIntegerTypes) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMaximum = std::numeric_limits<int64_t>::max();
  for (const int64_t max_keys : {1, 65536}) {
    AnalyzerHarness(MakeValueHistogramAnalyzer(max_keys), arrow::int64(),
                    [&](const Statistic& statistic) {
                      const QuantileStatistic& found = QuantilesOf(statistic);
                      EXPECT_TRUE(found.Quantile(0).whole == kMin);
                      EXPECT_TRUE(found.Quantile(1).whole == kMaximum);
                      EXPECT_EQ(found.min(), -0x1p63);
                      EXPECT_EQ(found.num_keys(), max_keys == 1 ? 4 : 5);
                    })
        .Run(IntegerArray({kMin, kMaximum, kMaximum - 1, 0, -1}, arrow::int64()));
  }
  const std::vector<std::optional<uint64_t>> large = {UINT64_MAX, UINT64_MAX - 1, 0, std::nullopt};
  AnalyzerHarness(MakeValueHistogramAnalyzer(), arrow::uint64(), [](const Statistic& statistic) {
    const QuantileStatistic& found = QuantilesOf(statistic);
    EXPECT_EQ(found.num_keys(), 3);
    EXPECT_TRUE(found.Median().whole == static_cast<WholeNumber>(UINT64_MAX - 1));
    EXPECT_TRUE(found.Quantile(1).whole == static_cast<WholeNumber>(UINT64_MAX));
    // Between the two largest: cut to a whole number.
    EXPECT_TRUE(found.Quantile(0.75).whole == static_cast<WholeNumber>(UINT64_MAX - 1));
  }).Run(ArrayOf<arrow::UInt64Builder>(large, arrow::uint64()));
}

// The definition: as many leading bits of the magnitude as leave at most max_keys keys.
TEST(ValueHistogramTest, IntegersKeepLeadingBits) {
  const auto shortened = [](int64_t value, int num_bits) {
    const bool negative = value < 0;
    const auto magnitude = static_cast<uint64_t>(negative ? -value : value);
    int width = 0;
    while (width < 64 && magnitude >> width != 0) ++width;
    const int dropped = std::max(0, width - num_bits);
    const auto kept = static_cast<int64_t>(magnitude >> dropped << dropped);
    return negative ? -kept : kept;
  };
  std::mt19937_64 random(41);
  Integers input;
  std::vector<int64_t> values;
  for (int i = 0; i < 300; ++i) {
    const int64_t value =
        (int64_t{1} << 61) + static_cast<int64_t>(random() >> 20) * (random() % 3 == 0 ? -1 : 1);
    values.push_back(random() % 10 == 0 ? -value : value);
    input.emplace_back(values.back());
  }
  std::sort(values.begin(), values.end());
  int num_bits = 64;
  for (; num_bits > 1; --num_bits) {
    std::set<int64_t> keys;
    for (const int64_t value : values) keys.insert(shortened(value, num_bits));
    if (keys.size() <= 50) break;
  }
  ASSERT_LT(num_bits, 64);
  ASSERT_GT(num_bits, 8);
  AnalyzerHarness(MakeValueHistogramAnalyzer(50), arrow::int64(), [&](const Statistic& statistic) {
    const QuantileStatistic& found = QuantilesOf(statistic);
    EXPECT_EQ(found.bits(), num_bits);
    EXPECT_FALSE(found.exact());
    EXPECT_TRUE(found.Quantile(0).whole == values.front());
    EXPECT_TRUE(found.Quantile(1).whole == values.back());
    for (const size_t i : {size_t{1}, size_t{77}, size_t{150}, size_t{298}}) {
      const QuantileEstimate estimate = found.Quantile(static_cast<double>(i) / 299);
      const auto error = static_cast<double>(*estimate.whole - values[i]);
      EXPECT_LE(std::fabs(error), estimate.error_bound + 0x1p9) << i;
    }
  }).Run(IntegerArray(input, arrow::int64()));
}

// Where the numbers of a bucket share a double, they are still not known one by one.
TEST(ValueHistogramTest, ABoundOfOneIsABound) {
  constexpr int64_t kFar = int64_t{1} << 62;
  const auto statistic =
      Analyzed(*IntegerArray({kFar, kFar + 1, kFar + 2, kFar + 3}, arrow::int64()), 2);
  const QuantileStatistic& found = QuantilesOf(*statistic);
  EXPECT_EQ(found.bits(), 62);
  EXPECT_GE(found.Median().error_bound, 1);
  EXPECT_EQ(found.Quantile(0).error_bound, 0);
}

// A state of shortened integers goes on as one of doubles, in the same buckets.
TEST(ValueHistogramTest, AFillJoinsShortenedIntegers) {
  const auto analyzer = MakeValueHistogramAnalyzer(30);
  auto state = *analyzer->MakeState(*arrow::int64(), {});
  Integers input;
  for (int64_t i = 0; i < 1000; ++i) input.emplace_back((int64_t{1} << 61) + 12345 * i);
  ASSERT_TRUE(
      analyzer->Update(state.get(), {*IntegerArray(input, arrow::int64()), nullptr, 2}).ok());
  const int64_t weight = 2;
  ASSERT_TRUE(analyzer->Update(state.get(), {*DoubleArray({2.5}), &weight, -2}).ok());
  const auto statistic = *analyzer->Finalize(*state);
  const QuantileStatistic& found = QuantilesOf(*statistic);
  EXPECT_EQ(found.min(), 2.5);
  EXPECT_EQ(found.count(), 1002);
  EXPECT_LE(found.num_keys(), 30);
  const QuantileEstimate median = found.Median();
  EXPECT_FALSE(median.whole.has_value());
  EXPECT_LE(std::fabs(median.value - (0x1p61 + 12345 * 498.5)), median.error_bound);
}

// An impute's fill joins a state of integers.
TEST(ValueHistogramTest, AFillOfAnotherTypeJoins) {
  const auto analyzer = MakeValueHistogramAnalyzer();
  auto state = *analyzer->MakeState(*arrow::int32(), {});
  const auto integers =
      ArrayOf<arrow::Int32Builder>(std::vector<std::optional<int32_t>>{1, 4}, arrow::int32());
  ASSERT_TRUE(analyzer->Update(state.get(), {*integers, nullptr, 3}).ok());
  const int64_t weight = 3;
  ASSERT_TRUE(analyzer->Update(state.get(), {*DoubleArray({2.5}), &weight, -3}).ok());
  const auto statistic = *analyzer->Finalize(*state);
  EXPECT_EQ(QuantilesOf(*statistic).Median().value, 2.5);
  EXPECT_EQ(QuantilesOf(*statistic).null_count(), 0);
  EXPECT_EQ(QuantilesOf(*statistic).count(), 5);
}

TEST(ValueHistogramTest, NothingToMeasure) {
  const auto check = [](const Statistic& s) {
    EXPECT_TRUE(std::isnan(QuantilesOf(s).Median().value));
    EXPECT_TRUE(std::isnan(QuantilesOf(s).Quantile(0).value));
    EXPECT_TRUE(std::isnan(QuantilesOf(s).MostFrequent()));
    EXPECT_TRUE(std::isnan(QuantilesOf(s).min()));
    EXPECT_TRUE(std::isnan(QuantilesOf(s).max()));
  };
  AnalyzerHarness(MakeValueHistogramAnalyzer(), arrow::float64(), check).Run(DoubleArray({}));
  AnalyzerHarness(MakeValueHistogramAnalyzer(), arrow::float64(), check)
      .Run(DoubleArray({std::nullopt, std::nan(""), kHistogramInfinity}), {}, 2);
  AnalyzerHarness(MakeValueHistogramAnalyzer(), arrow::null(), check)
      .Run(std::make_shared<arrow::NullArray>(3));
}

TEST(ValueHistogramTest, RefusesWhatDoesNotFit) {
  const auto analyzer = MakeValueHistogramAnalyzer(100);
  EXPECT_EQ(base::KindOf(analyzer->MakeState(*arrow::utf8(), {}).status()),
            base::ErrorKind::kUsage);
  const auto other = MakeValueHistogramAnalyzer(200);
  auto state = *analyzer->MakeState(*arrow::float64(), {});
  const auto other_state = *other->MakeState(*arrow::float64(), {});
  EXPECT_EQ(base::KindOf(analyzer->Merge(state.get(), *other_state)), base::ErrorKind::kUsage);
  EXPECT_EQ(
      base::KindOf(analyzer->Decode(*other->Encode(*other_state), *arrow::float64(), {}).status()),
      base::ErrorKind::kData);
  EXPECT_EQ(analyzer->state_key(), "value_histogram/100");
}

// Saved states may claim any number of rows.
TEST(ValueHistogramTest, MergedCountsDoNotOverflow) {
  const auto analyzer = MakeValueHistogramAnalyzer();
  const auto values = DoubleArray({1.5});
  const std::vector<int64_t> many = {std::numeric_limits<int64_t>::max() / 2 + 1};
  auto state = *analyzer->MakeState(*values->type(), {});
  ASSERT_TRUE(analyzer->Update(state.get(), {*values, many.data(), 0}).ok());
  auto other = *analyzer->MakeState(*values->type(), {});
  ASSERT_TRUE(analyzer->Update(other.get(), {*values, many.data(), 0}).ok());
  EXPECT_FALSE(analyzer->Merge(state.get(), *other).ok());
}

TEST(ValueHistogramTest, AccountsForItsMemory) {
  const auto budget = base::MemoryBudget::MakeRoot("histogram", 10 << 20);
  const auto analyzer = MakeValueHistogramAnalyzer(8192);
  {
    auto state = *analyzer->MakeState(*arrow::float64(), {budget.get(), ""});
    std::vector<double> values;
    for (int i = 0; i < 100000; ++i) values.push_back(std::sqrt(i));
    const arrow::DoubleArray array(100000, arrow::Buffer::Wrap(values));
    ASSERT_TRUE(analyzer->Update(state.get(), {array, nullptr, 0}).ok());
    EXPECT_GT(budget->bytes_allocated(), 8192 * 8);
    EXPECT_LE(budget->max_memory(), analyzer->traits().state_bytes_max);
  }
  EXPECT_EQ(budget->bytes_allocated(), 0);
}

}  // namespace
}  // namespace emberharmony::feature
