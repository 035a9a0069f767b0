#include "emberharmony/io/lossless_cast.h"

#include <arrow/json/from_string.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "emberharmony/io/cast_source.h"

namespace emberharmony::io {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<arrow::Array> CastTestArray(const std::shared_ptr<arrow::DataType>& type,
                                            const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

const auto kMicros = arrow::timestamp(arrow::TimeUnit::MICRO);
const auto kSeconds = arrow::timestamp(arrow::TimeUnit::SECOND);
const auto kTokyo = arrow::timestamp(arrow::TimeUnit::MICRO, "Asia/Tokyo");
const auto kUtcNanos = arrow::timestamp(arrow::TimeUnit::NANO, "UTC");

struct SameValues {
  std::shared_ptr<arrow::DataType> found;
  std::string values;
  std::shared_ptr<arrow::DataType> wanted;
  std::string cast;
};

TEST(LosslessCast, TheSameValuesInAnotherType) {
  const SameValues cases[] = {
      {arrow::int32(), "[1, null, -3]", arrow::int64(), "[1, null, -3]"},
      {arrow::int64(), "[1, null, 127]", arrow::int8(), "[1, null, 127]"},
      {arrow::uint64(), "[9007199254740992, 9223372036854775808]", arrow::float64(),
       "[9007199254740992, 9223372036854775808]"},
      {arrow::float64(), "[1, null, -3]", arrow::int64(), "[1, null, -3]"},
      {arrow::float64(), "[0.5, null, NaN, -Inf]", arrow::float32(), "[0.5, null, NaN, -Inf]"},
      {arrow::float32(), "[0.1]", arrow::float64(), "[0.10000000149011612]"},
      {arrow::boolean(), "[true, null, false]", arrow::float64(), "[1, null, 0]"},
      {arrow::boolean(), "[true, null, false]", arrow::int16(), "[1, null, 0]"},
      {arrow::boolean(), "[true]", arrow::decimal128(3, 1), R"(["1.0"])"},
      {arrow::int64(), "[7, null]", arrow::decimal128(4, 2), R"(["7.00", null])"},
      {arrow::float64(), "[0.1, -12.34]", arrow::decimal128(9, 3), R"(["0.100", "-12.340"])"},
      {arrow::decimal128(38, 9), R"(["1.250000000"])", arrow::decimal128(3, 2), R"(["1.25"])"},
      {arrow::decimal256(60, 4), R"(["2.0000"])", arrow::int32(), "[2]"},
      {arrow::decimal128(9, 3), R"(["0.100", null])", arrow::float64(), "[0.1, null]"},
      {arrow::decimal128(9, 3), R"(["0.500"])", arrow::float32(), "[0.5]"},
      {arrow::date32(), "[1, null]", kMicros, R"(["1970-01-02", null])"},
      {kMicros, R"(["1970-01-02", null])", arrow::date32(), "[1, null]"},
      {kMicros, R"(["1970-01-02 00:00:01"])", kSeconds, R"(["1970-01-02 00:00:01"])"},
      {kTokyo, R"(["1970-01-02 00:00:01"])", kUtcNanos, R"(["1970-01-02 00:00:01"])"},
      {arrow::time32(arrow::TimeUnit::SECOND), "[5]", arrow::time64(arrow::TimeUnit::MICRO),
       "[5000000]"},
      {arrow::duration(arrow::TimeUnit::MILLI), "[5000]", arrow::duration(arrow::TimeUnit::SECOND),
       "[5]"},
      {arrow::null(), "[null, null]", arrow::utf8(), "[null, null]"},
  };
  for (const SameValues& each : cases) {
    SCOPED_TRACE(each.found->ToString() + " to " + each.wanted->ToString());
    ASSERT_TRUE(CanBeCast(*each.found, *each.wanted));
    const auto cast = CastWithoutLoss(CastTestArray(each.found, each.values), each.wanted,
                                      arrow::default_memory_pool());
    ASSERT_TRUE(cast.ok()) << cast.status();
    const auto expected = CastTestArray(each.wanted, each.cast);
    EXPECT_TRUE((*cast)->Equals(*expected, arrow::EqualOptions::Defaults().nans_equal(true)))
        << (*cast)->ToString();
  }
}

TEST(LosslessCast, MissingNumbersOfPandasAreNulls) {
  const auto cast = CastWithoutLoss(CastTestArray(arrow::float64(), "[0, NaN, 2, null]")->Slice(1),
                                    arrow::int64(), arrow::default_memory_pool());
  ASSERT_TRUE(cast.ok()) << cast.status();
  EXPECT_TRUE((*cast)->Equals(*CastTestArray(arrow::int64(), "[null, 2, null]")));
}

struct OtherValues {
  std::shared_ptr<arrow::DataType> found;
  std::string values;
  std::shared_ptr<arrow::DataType> wanted;
  std::string first;  ///< the first that would change
};

TEST(LosslessCast, TheFirstValueThatChangesIsTold) {
  const OtherValues cases[] = {
      {arrow::int64(), "[1, 2, 300, 400]", arrow::int8(), "300"},
      {arrow::int64(), "[9007199254740992, 9007199254740993]", arrow::float64(),
       "9007199254740993"},
      {arrow::int64(), "[-1]", arrow::uint64(), "-1"},
      {arrow::uint64(), "[1, 18446744073709551615]", arrow::float64(), "18446744073709551615"},
      {arrow::int32(), "[16777216, 16777217]", arrow::float32(), "16777217"},
      {arrow::float64(), "[1, NaN, 2.5, 3.5]", arrow::int64(), "2.5"},
      {arrow::float64(), "[1, Inf]", arrow::int64(), "inf"},
      {arrow::float64(), "[0.5, 0.1]", arrow::float32(), "0.1"},
      {arrow::float64(), "[0.25, 0.125]", arrow::decimal128(4, 2), "0.125"},
      {arrow::int64(), "[99, 100]", arrow::decimal128(4, 2), "100"},
      {arrow::decimal128(5, 3), R"(["0.250", "0.125"])", arrow::decimal128(4, 2), "0.125"},
      {arrow::decimal128(5, 3), R"(["1.000", "1.500"])", arrow::int64(), "1.500"},
      {arrow::decimal128(20, 19), R"(["0.5000000000000000000", "0.1234567890123456789"])",
       arrow::float64(), "0.1234567890123456789"},
      {kMicros, R"(["1970-01-02", "1970-01-02 00:00:01"])", arrow::date32(), "1970-01-02 00:00:01"},
      {kMicros, R"(["1970-01-02 00:00:01.5"])", kSeconds, "1970-01-02 00:00:01.5"},
      {arrow::duration(arrow::TimeUnit::MILLI), "[5000, 5001]",
       arrow::duration(arrow::TimeUnit::SECOND), "5001"},
  };
  for (const OtherValues& each : cases) {
    SCOPED_TRACE(each.found->ToString() + " to " + each.wanted->ToString());
    const auto cast = CastWithoutLoss(CastTestArray(each.found, each.values), each.wanted,
                                      arrow::default_memory_pool());
    EXPECT_TRUE(cast.status().IsInvalid()) << cast.status();
    EXPECT_THAT(cast.status().message(), ::testing::StartsWith(each.first));
    EXPECT_THAT(cast.status().message(), HasSubstr("is not the same in both"));
  }
}

TEST(LosslessCast, WhatIsNeverTheSame) {
  EXPECT_FALSE(CanBeCast(*arrow::int64(), *arrow::int64()));
  EXPECT_FALSE(CanBeCast(*arrow::int64(), *arrow::boolean()));
  EXPECT_FALSE(CanBeCast(*arrow::utf8(), *arrow::int64()));
  EXPECT_FALSE(CanBeCast(*arrow::int64(), *arrow::utf8()));
  EXPECT_FALSE(CanBeCast(*kMicros, *kTokyo));
  EXPECT_FALSE(CanBeCast(*arrow::date32(), *kTokyo));
  EXPECT_FALSE(CanBeCast(*arrow::int64(), *kMicros));
  EXPECT_FALSE(CanBeCast(*arrow::time32(arrow::TimeUnit::SECOND), *kMicros));
  EXPECT_TRUE(CanBeCast(*arrow::dictionary(arrow::int32(), arrow::int64()), *arrow::float64()));
}

TEST(LosslessCast, EntriesThatNoRowPointsAtMayBeOthers) {
  const auto indices = arrow::Buffer::FromVector(std::vector<int32_t>{1, 0, 3, 1});
  const Piece piece{CastTestArray(arrow::float64(), "[1, 2, 2.5]"), indices, 4, 7};
  Piece cast = piece;
  ASSERT_TRUE(CastPiece(arrow::int64(), arrow::default_memory_pool(), &cast).ok());
  EXPECT_FALSE(cast.encoded());
  EXPECT_EQ(cast.num_rows, 4);
  EXPECT_TRUE(cast.values->Equals(*CastTestArray(arrow::int64(), "[2, 1, null, 2]")));
  const Piece other{piece.values, arrow::Buffer::FromVector(std::vector<int32_t>{1, 2}), 2, 7};
  cast = other;
  const arrow::Status status = CastPiece(arrow::int64(), arrow::default_memory_pool(), &cast);
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(NotTheSameValues("x", *arrow::float64(), *arrow::int64(), status),
              HasSubstr("column 'x': the model was fitted on int64, the table has double, and 2.5 "
                        "is not the same in both; cast the column as you mean it"));
}

}  // namespace
}  // namespace emberharmony::io
