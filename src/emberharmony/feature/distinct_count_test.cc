#include "emberharmony/feature/distinct_count.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>

#include "emberharmony/feature/analyzer_harness_test_internal.h"

namespace emberharmony::feature {
namespace {

using DistinctIntegers = std::vector<std::optional<int64_t>>;

const DistinctCountStatistic& Distinct(const Statistic& statistic) {
  return static_cast<const DistinctCountStatistic&>(statistic);
}

DistinctIntegers Range(int64_t n) {
  DistinctIntegers values(n);
  for (int64_t i = 0; i < n; ++i) values[i] = i * 7919;
  return values;
}

TEST(DistinctCount, ExactUpTo1024) {
  for (int64_t n : {0, 1, 1023, 1024}) {
    AnalyzerHarness harness(MakeDistinctCountAnalyzer(), arrow::int64(), [n](const Statistic& s) {
      EXPECT_EQ(Distinct(s).distinct_count, n);
      EXPECT_TRUE(Distinct(s).exact);
      EXPECT_EQ(Distinct(s).count, 2 * n);
      EXPECT_EQ(Distinct(s).null_count, 3);
    });
    DistinctIntegers values = Range(n);
    const DistinctIntegers again = values;
    values.insert(values.end(), again.begin(), again.end());
    harness.Run(ArrayOf<arrow::Int64Builder>(values, arrow::int64()), {}, 3);
  }
}

TEST(DistinctCount, EstimateJustAboveTheExactSet) {
  AnalyzerHarness harness(MakeDistinctCountAnalyzer(), arrow::int64(), [](const Statistic& s) {
    EXPECT_FALSE(Distinct(s).exact);
    EXPECT_NEAR(static_cast<double>(Distinct(s).distinct_count), 1500, 0.04 * 1500);
  });
  harness.Run(ArrayOf<arrow::Int64Builder>(Range(1500), arrow::int64()));
}

// Five standard errors of 1.04 / sqrt(2^14).
TEST(DistinctCount, EstimatesStayWithinFiveStandardErrors) {
  auto analyzer = MakeDistinctCountAnalyzer();
  auto state = *analyzer->MakeState(*arrow::int64(), {});
  int64_t added = 0;
  for (int64_t n : {2000, 10000, 40000, 100000, 1000000}) {
    DistinctIntegers values;
    for (; added < n; ++added) values.push_back(added);
    auto array = ArrayOf<arrow::Int64Builder>(values, arrow::int64());
    ASSERT_TRUE(analyzer->Update(state.get(), {*array}).ok());
    auto statistic = *analyzer->Finalize(*state);
    EXPECT_NEAR(static_cast<double>(Distinct(*statistic).distinct_count), static_cast<double>(n),
                5 * 0.00813 * n);
  }
}

TEST(DistinctCount, NanIsMissingZerosAreOneValueWidthsDoNotMatter) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  AnalyzerHarness harness(MakeDistinctCountAnalyzer(), arrow::float64(), [](const Statistic& s) {
    EXPECT_EQ(Distinct(s).distinct_count, 2);
    EXPECT_EQ(Distinct(s).null_count, 2);
  });
  harness.Run(ArrayOf<arrow::DoubleBuilder>(
      std::vector<std::optional<double>>{0.0, -0.0, nan, std::nullopt, 1.5}, arrow::float64()));

  AnalyzerHarness narrow(MakeDistinctCountAnalyzer(), arrow::int32(), [](const Statistic&) {});
  narrow.Run(
      ArrayOf<arrow::Int32Builder>(std::vector<std::optional<int32_t>>{5, 6}, arrow::int32()));
  AnalyzerHarness wide(MakeDistinctCountAnalyzer(), arrow::int64(), [](const Statistic&) {});
  wide.Run(ArrayOf<arrow::Int64Builder>(DistinctIntegers{5, 6}, arrow::int64()));
  EXPECT_EQ(narrow.encoded(), wide.encoded());
}

TEST(DistinctCount, TimesCountInTheirOwnUnit) {
  const auto nanos = arrow::timestamp(arrow::TimeUnit::NANO);
  // 300 instants within one microsecond, far beyond 2^53.
  std::vector<std::optional<int64_t>> instants;
  for (int64_t i = 0; i < 300; ++i) instants.push_back(1700000000000000000 + i);
  AnalyzerHarness stamps(MakeDistinctCountAnalyzer(), nanos, [](const Statistic& s) {
    EXPECT_EQ(Distinct(s).distinct_count, 300);
    EXPECT_TRUE(Distinct(s).exact);
  });
  stamps.Run(ArrayOf<arrow::TimestampBuilder>(instants, nanos));
  const auto time = arrow::time64(arrow::TimeUnit::NANO);
  AnalyzerHarness times(MakeDistinctCountAnalyzer(), time, [](const Statistic& s) {
    EXPECT_EQ(Distinct(s).distinct_count, 2);
    EXPECT_EQ(Distinct(s).null_count, 1);
  });
  times.Run(
      ArrayOf<arrow::Time64Builder>(std::vector<std::optional<int64_t>>{1, 2, std::nullopt}, time));
}

TEST(DistinctCount, Strings) {
  AnalyzerHarness harness(MakeDistinctCountAnalyzer(), arrow::utf8(), [](const Statistic& s) {
    EXPECT_EQ(Distinct(s).distinct_count, 3);
    EXPECT_EQ(Distinct(s).count, 6);
  });
  harness.Run(ArrayOf<arrow::StringBuilder>(
                  std::vector<std::optional<std::string>>{"a", "", std::nullopt, "b", "unseen"},
                  arrow::utf8()),
              {3, 1, 4, 2, 0});
}

}  // namespace
}  // namespace emberharmony::feature
