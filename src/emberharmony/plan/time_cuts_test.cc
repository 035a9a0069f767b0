#include "emberharmony/plan/time_cuts.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/plan/instant_internal.h"

namespace emberharmony::plan {
namespace {

const auto kSeconds = arrow::timestamp(arrow::TimeUnit::SECOND);
const auto kNanos = arrow::timestamp(arrow::TimeUnit::NANO);
const auto kZoned = arrow::timestamp(arrow::TimeUnit::MILLI, "Europe/Berlin");

std::optional<int64_t> Cut(const std::string& text, const arrow::DataType& type) {
  SplitSpec split;
  split.test_from = text;
  const auto cuts = GivenCuts(split, type);
  EXPECT_TRUE(cuts.ok()) << cuts.status().ToString();
  EXPECT_FALSE((**cuts).validation_from.has_value());
  return (**cuts).test_from;
}

std::string CutRefusal(const std::string& text, const arrow::DataType& type) {
  SplitSpec split;
  split.validation_from = text;
  const auto cuts = GivenCuts(split, type);
  EXPECT_FALSE(cuts.ok());
  EXPECT_EQ(base::KindOf(cuts.status()), base::ErrorKind::kUsage);
  return cuts.status().message();
}

// date -u -d '2001-01-31 05:06:07' +%s is 980917567.
TEST(TimeCuts, InstantsBecomeTheUnitsOfTheColumn) {
  EXPECT_EQ(Cut("2001-01-31", *arrow::date32()), 11353);
  EXPECT_EQ(Cut("1969-12-31", *arrow::date64()), -86400000);
  EXPECT_EQ(Cut("2001-01-31", *kSeconds), 980899200);
  EXPECT_EQ(Cut("2001-01-31 05:06", *kSeconds), 980917560);
  EXPECT_EQ(Cut("2001-01-31T05:06:07", *kSeconds), 980917567);
  EXPECT_EQ(Cut("2001-01-31 05:06:07.25", *kNanos), 980917567250000000);
  EXPECT_EQ(Cut("1969-12-31 23:59:59.999999999", *kNanos), -1);
  EXPECT_EQ(Cut("2001-01-31", *arrow::dictionary(arrow::int32(), arrow::date32())), 11353);
}

TEST(TimeCuts, OffsetsAreOfZonedColumns) {
  EXPECT_EQ(Cut("2001-01-31 05:06:07", *kZoned), 980917567000);
  EXPECT_EQ(Cut("2001-01-31 05:06:07Z", *kZoned), 980917567000);
  EXPECT_EQ(Cut("2001-01-31 05:06:07+01", *kZoned), 980917567000 - 3600000);
  EXPECT_EQ(Cut("2001-01-31 05:06:07.5-03:30", *kZoned), 980917567500 + 12600000);
  EXPECT_EQ(Cut("2001-01-31 05:06:07-0330", *kZoned), 980917567000 + 12600000);
  EXPECT_THAT(CutRefusal("2001-01-31 05:06:07+01", *kSeconds),
              testing::HasSubstr("without an offset from UTC was expected"));
}

// Rows in whole seconds are before 05:06:07.25 exactly when they are before 05:06:08.
TEST(TimeCuts, BetweenTwoValuesTheLaterCuts) {
  EXPECT_EQ(Cut("2001-01-31 05:06:07.25", *kSeconds), 980917568);
  EXPECT_EQ(Cut("1969-12-31 23:59:58.5", *kSeconds), -1);
}

TEST(TimeCuts, BeyondTheRangeOfTheUnitNothingOrEverythingIsCut) {
  EXPECT_EQ(Cut("2262-04-11 23:47:16.854775807", *kNanos), INT64_MAX);
  EXPECT_EQ(Cut("2262-04-11 23:47:16.854775808", *kNanos), std::nullopt);
  EXPECT_EQ(Cut("9999-12-31", *kNanos), std::nullopt);
  EXPECT_EQ(Cut("0001-01-01", *kNanos), INT64_MIN);
}

TEST(TimeCuts, RefuseWhatDoesNotFit) {
  EXPECT_THAT(CutRefusal("2001-01-31 00:00:00", *arrow::date32()),
              testing::HasSubstr("a date such as 2001-01-31 was expected, found '2001-01-31 "
                                 "00:00:00' for a column of date32[day]"));
  EXPECT_THAT(CutRefusal("2001-01-31", *arrow::utf8()),
              testing::HasSubstr("takes a column of dates or timestamps, found string"));
  for (const char* text : {"",
                           "2001",
                           "2001-1-31",
                           "2001-02-29",
                           "2001-04-31",
                           "2001-00-10",
                           "2001-13-01",
                           "2001-01-00",
                           "2001-01-32",
                           "2001-01-31 ",
                           "2001-01-31 24:00",
                           "2001-01-31 05:60",
                           "2001-01-31 05:06:60",
                           "2001-01-31 5:06",
                           "2001-01-31 05:06:07.",
                           "2001-01-31 05:06:07.1x",
                           "2001-01-31 05:06:07.1234567891",
                           "2001-01-31 05:06+24",
                           "2001-01-31 05:06+01:60",
                           "2001-01-31 05:06+1",
                           "2001-01-31Z",
                           "31.01.2001",
                           "now"}) {
    EXPECT_FALSE(internal::ParseInstant(text).ok()) << text;
  }
  EXPECT_TRUE(internal::ParseInstant("2000-02-29").ok());
}

TEST(TimeCuts, TextsReadBack) {
  EXPECT_EQ(InstantText(11353, *arrow::date32()), "2001-01-31");
  EXPECT_EQ(InstantText(-86400000, *arrow::date64()), "1969-12-31");
  EXPECT_EQ(InstantText(980917567, *kSeconds), "2001-01-31 05:06:07");
  EXPECT_EQ(InstantText(980917567250, *kZoned), "2001-01-31 05:06:07.250+00");
  EXPECT_EQ(InstantText(-1, *kNanos), "1969-12-31 23:59:59.999999999");
  EXPECT_EQ(InstantText(1500, *kNanos), "1970-01-01 00:00:00.000001500");
  EXPECT_EQ(InstantText(INT64_MIN, *kNanos), "1677-09-21 00:12:43.145224192");
  for (const int64_t value :
       {int64_t{-62135596800}, int64_t{-1}, int64_t{0}, int64_t{253402300799}}) {
    EXPECT_EQ(Cut(InstantText(value, *kSeconds), *kSeconds), value);
  }
}

TEST(TimeCuts, SharesGiveNone) { EXPECT_FALSE((*GivenCuts(SplitSpec(), *kSeconds)).has_value()); }

// floor(0.7 * 10) is 7 in decimals; in binary 0.7 * 10 * 10^15 is less.
TEST(TimeCuts, RanksAreExact) {
  SplitSpec split;
  split.train = "0.7";
  split.validation = "0.2";
  split.test = "0.1";
  for (const int64_t n : {int64_t{10}, int64_t{1000000000000000000}}) {
    const auto ranks = RanksOf(split, n);
    ASSERT_TRUE(ranks.ok());
    EXPECT_EQ(ranks->train, n / 10 * 7);
    EXPECT_EQ(ranks->train_and_validation, n / 10 * 9);
  }
  EXPECT_EQ(RanksOf(split, 9)->train, 6);
  EXPECT_EQ(RanksOf(split, 0)->train, 0);
}

TEST(TimeCuts, PresentSplitsFollowThePlan) {
  SplitSpec split;
  split.method = SplitMethod::kTime;
  split.train = "0";
  split.validation = "0.000000000000000001";
  split.test = "0.999999999999999999";
  EXPECT_EQ(*PresentSplits(split), (std::array<bool, 3>{false, true, true}));
  // A share that rounds to none of the 2^20 buckets is above 0 even so.
  split.method = SplitMethod::kRandom;
  EXPECT_EQ(*PresentSplits(split), (std::array<bool, 3>{false, true, true}));
  split.method = SplitMethod::kHash;
  EXPECT_EQ(*PresentSplits(split), (std::array<bool, 3>{false, true, true}));
  split.method = SplitMethod::kTime;
  split.test_from = "2001-01-31";
  EXPECT_EQ(*PresentSplits(split), (std::array<bool, 3>{true, false, true}));
}

}  // namespace
}  // namespace emberharmony::plan
