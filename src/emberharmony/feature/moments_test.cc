#include "emberharmony/feature/moments.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>

#include "emberharmony/feature/analyzer_harness_test_internal.h"

namespace emberharmony::feature {
namespace {

using MomentDoubles = std::vector<std::optional<double>>;
using MomentIntegers = std::vector<std::optional<int64_t>>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kUnbounded = std::numeric_limits<double>::infinity();

const MomentsStatistic& Moments(const Statistic& statistic) {
  return static_cast<const MomentsStatistic&>(statistic);
}

TEST(Moments, DoublesByHand) {
  // 1, 2, 2, 3, 3, 3 and three missing: mean 14/6, variance 36/6 - (14/6)^2 = 5/9.
  AnalyzerHarness harness(MakeMomentsAnalyzer(), arrow::float64(), [](const Statistic& s) {
    EXPECT_EQ(Moments(s).count, 6);
    EXPECT_EQ(Moments(s).null_count, 3 + 4);
    EXPECT_EQ(Moments(s).infinity_count, 0);
    EXPECT_EQ(Moments(s).sum, 14);
    EXPECT_EQ(Moments(s).mean, 14.0 / 6);
    EXPECT_EQ(Moments(s).variance, 5.0 / 9);
    EXPECT_EQ(Moments(s).min, 1);
    EXPECT_EQ(Moments(s).max, 3);
  });
  const MomentDoubles values = {2, kNan, 1, std::nullopt, 3, 1000};
  harness.Run(ArrayOf<arrow::DoubleBuilder>(values, arrow::float64()), {2, 1, 1, 2, 3, 0}, 4);
}

TEST(Moments, InfinitiesAreCountedAndKeptOutOfTheSums) {
  AnalyzerHarness harness(MakeMomentsAnalyzer(), arrow::float64(), [](const Statistic& s) {
    EXPECT_EQ(Moments(s).count, 5);
    EXPECT_EQ(Moments(s).infinity_count, 3);
    EXPECT_EQ(Moments(s).mean, 5);
    EXPECT_EQ(Moments(s).variance, 1);
    EXPECT_EQ(Moments(s).min, -kUnbounded);
    EXPECT_EQ(Moments(s).max, kUnbounded);
  });
  const MomentDoubles values = {4, kUnbounded, -kUnbounded, 6, kUnbounded};
  harness.Run(ArrayOf<arrow::DoubleBuilder>(values, arrow::float64()));
}

TEST(Moments, NegativeZeroIsZero) {
  AnalyzerHarness harness(MakeMomentsAnalyzer(), arrow::float64(), [](const Statistic& s) {
    EXPECT_FALSE(std::signbit(Moments(s).min));
    EXPECT_FALSE(std::signbit(Moments(s).max));
    EXPECT_EQ(Moments(s).sum, 0);
  });
  harness.Run(ArrayOf<arrow::DoubleBuilder>(MomentDoubles{-0.0, 0.0, -0.0}, arrow::float64()));
  const std::string mixed = harness.encoded();
  harness.Run(ArrayOf<arrow::DoubleBuilder>(MomentDoubles{0.0, 0.0, 0.0}, arrow::float64()));
  EXPECT_EQ(harness.encoded(), mixed);
}

TEST(Moments, LargestIntegersAreExact) {
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
  AnalyzerHarness harness(MakeMomentsAnalyzer(), arrow::int64(), [](const Statistic& s) {
    EXPECT_EQ(Moments(s).mean, 0x1p63);
    EXPECT_EQ(Moments(s).variance, 1);
    EXPECT_EQ(Moments(s).sum, 0x1p64);
  });
  harness.Run(ArrayOf<arrow::Int64Builder>(MomentIntegers{kLargest, kLargest - 2, std::nullopt},
                                           arrow::int64()));
}

TEST(Moments, EmptyAndAllNull) {
  AnalyzerHarness harness(MakeMomentsAnalyzer(), arrow::float64(), [](const Statistic& s) {
    EXPECT_EQ(Moments(s).count, 0);
    EXPECT_TRUE(std::isnan(Moments(s).mean));
    EXPECT_TRUE(std::isnan(Moments(s).variance));
    EXPECT_TRUE(std::isnan(Moments(s).min));
  });
  harness.Run(ArrayOf<arrow::DoubleBuilder>(MomentDoubles{}, arrow::float64()));
  harness.Run(ArrayOf<arrow::DoubleBuilder>(MomentDoubles{std::nullopt, kNan}, arrow::float64()));
}

TEST(Moments, NarrowTypesAndBools) {
  AnalyzerHarness harness(MakeMomentsAnalyzer(), arrow::boolean(), [](const Statistic& s) {
    EXPECT_EQ(Moments(s).count, 4);
    EXPECT_EQ(Moments(s).null_count, 1);
    EXPECT_EQ(Moments(s).mean, 0.75);
  });
  harness.Run(ArrayOf<arrow::BooleanBuilder>(
      std::vector<std::optional<bool>>{true, false, std::nullopt, true, true}, arrow::boolean()));

  AnalyzerHarness small(MakeMomentsAnalyzer(), arrow::int8(), [](const Statistic& s) {
    EXPECT_EQ(Moments(s).min, -128);
    EXPECT_EQ(Moments(s).max, 127);
    EXPECT_EQ(Moments(s).sum, -1);
  });
  small.Run(
      ArrayOf<arrow::Int8Builder>(std::vector<std::optional<int8_t>>{-128, 127}, arrow::int8()));
}

TEST(Moments, AFillJoinsAnIntegerColumn) {
  auto analyzer = MakeMomentsAnalyzer();
  auto state = *analyzer->MakeState(*arrow::int64(), {});
  auto integers = ArrayOf<arrow::Int64Builder>(MomentIntegers{1, 4, std::nullopt}, arrow::int64());
  ASSERT_TRUE(analyzer->Update(state.get(), {*integers}).ok());
  auto fill = ArrayOf<arrow::DoubleBuilder>(MomentDoubles{2.5}, arrow::float64());
  const int64_t weight = 1;
  ASSERT_TRUE(analyzer->Update(state.get(), {*fill, &weight, -weight}).ok());
  auto statistic = *analyzer->Finalize(*state);
  EXPECT_EQ(Moments(*statistic).count, 3);
  EXPECT_EQ(Moments(*statistic).null_count, 0);
  EXPECT_EQ(Moments(*statistic).mean, 2.5);
  EXPECT_EQ(Moments(*statistic).variance, 1.5);
}

TEST(Moments, RefusesText) {
  EXPECT_FALSE(MakeMomentsAnalyzer()->MakeState(*arrow::utf8(), {}).ok());
}

}  // namespace
}  // namespace emberharmony::feature
