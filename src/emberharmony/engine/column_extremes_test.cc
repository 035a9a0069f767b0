#include "emberharmony/engine/column_extremes.h"

#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace emberharmony::engine {
namespace {

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> ArrayOf(const std::vector<std::optional<Value>>& values) {
  Builder builder;
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::string Shown(const std::shared_ptr<arrow::Array>& one) {
  return one == nullptr ? "none" : (*one->GetScalar(0))->ToString();
}

TEST(ColumnExtremes, IntegersKeepTheirDigits) {
  ColumnExtremes extremes;
  const int64_t large = int64_t{1} << 53;
  ASSERT_TRUE(extremes
                  .Update(*ArrayOf<arrow::Int64Builder, int64_t>(
                              {large + 1, std::nullopt, large, large + 3}),
                          nullptr)
                  .ok());
  EXPECT_EQ(Shown(extremes.min()), "9007199254740992");
  EXPECT_EQ(Shown(extremes.max()), "9007199254740995");
}

TEST(ColumnExtremes, ValuesWithoutRowsDoNotCount) {
  ColumnExtremes extremes;
  const auto values = ArrayOf<arrow::StringBuilder, std::string>({"a", "b", "c", "d"});
  const std::vector<int64_t> weights = {0, 2, 1, 0};
  ASSERT_TRUE(extremes.Update(*values, weights.data()).ok());
  EXPECT_EQ(Shown(extremes.min()), "b");
  EXPECT_EQ(Shown(extremes.max()), "c");
}

TEST(ColumnExtremes, StringsAreOrderedByTheirBytes) {
  ColumnExtremes extremes;
  ASSERT_TRUE(
      extremes.Update(*ArrayOf<arrow::StringBuilder, std::string>({"z", "\xC3\xA4"}), nullptr)
          .ok());
  ASSERT_TRUE(
      extremes.Update(*ArrayOf<arrow::StringBuilder, std::string>({"", "Z"}), nullptr).ok());
  EXPECT_EQ(Shown(extremes.min()), "");
  EXPECT_EQ(Shown(extremes.max()), "\xC3\xA4");
}

TEST(ColumnExtremes, NanIsMissingAndInfinitiesAreNot) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  ColumnExtremes extremes;
  ASSERT_TRUE(
      extremes.Update(*ArrayOf<arrow::DoubleBuilder, double>({std::nan(""), std::nullopt}), nullptr)
          .ok());
  EXPECT_EQ(extremes.min(), nullptr);
  ASSERT_TRUE(
      extremes
          .Update(*ArrayOf<arrow::DoubleBuilder, double>({1.5, std::nan(""), -kInfinity, 2.5}),
                  nullptr)
          .ok());
  EXPECT_EQ(Shown(extremes.min()), "-inf");
  EXPECT_EQ(Shown(extremes.max()), "2.5");
}

TEST(ColumnExtremes, DecimalsAreOrderedByValue) {
  ColumnExtremes extremes;
  arrow::Decimal128Builder builder(arrow::decimal128(20, 2));
  for (const int value : {-1, -20000, 3, 200}) {
    ASSERT_TRUE(builder.Append(arrow::Decimal128(value)).ok());
  }
  ASSERT_TRUE(extremes.Update(**builder.Finish(), nullptr).ok());
  EXPECT_EQ(Shown(extremes.min()), "-200.00");
  EXPECT_EQ(Shown(extremes.max()), "2.00");
}

TEST(ColumnExtremes, NestedValuesHaveNoOrder) {
  EXPECT_FALSE(ColumnExtremes::Supports(*arrow::list(arrow::int32())));
  EXPECT_FALSE(ColumnExtremes::Supports(*arrow::null()));
  EXPECT_TRUE(ColumnExtremes::Supports(*arrow::time64(arrow::TimeUnit::MICRO)));
  EXPECT_TRUE(ColumnExtremes::Supports(*arrow::fixed_size_binary(3)));
}

}  // namespace
}  // namespace emberharmony::engine
