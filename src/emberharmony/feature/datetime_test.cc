#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

const std::vector<std::string> kDayParts = {"year", "iso_year",    "quarter",      "month",
                                            "week", "day_of_year", "day_of_month", "day_of_week"};
const std::vector<std::string> kTimeParts = {"hour", "minute", "second"};

std::vector<std::string> AllParts() {
  std::vector<std::string> parts = kDayParts;
  parts.insert(parts.end(), kTimeParts.begin(), kTimeParts.end());
  return parts;
}

/// A moment with its parts in the order of AllParts.
struct Moment {
  int64_t seconds;
  std::vector<int> parts;
};

// date -u -d @951868799 '+%Y %G %q %m %V %j %d %u %H %M %S', with %u less 1.
const std::vector<Moment> kMoments = {
    {0, {1970, 1970, 1, 1, 1, 1, 1, 3, 0, 0, 0}},
    {951868799, {2000, 2000, 1, 2, 9, 60, 29, 1, 23, 59, 59}},
    {951868800, {2000, 2000, 1, 3, 9, 61, 1, 2, 0, 0, 0}},
    {-1, {1969, 1970, 4, 12, 1, 365, 31, 2, 23, 59, 59}},
    {-86400, {1969, 1970, 4, 12, 1, 365, 31, 2, 0, 0, 0}},
    {-2203891200, {1900, 1900, 1, 3, 9, 60, 1, 3, 0, 0, 0}},
    {-2203891201, {1900, 1900, 1, 2, 9, 59, 28, 2, 23, 59, 59}},
    {980917567, {2001, 2001, 1, 1, 5, 31, 31, 2, 5, 6, 7}},
    {1104537600, {2005, 2004, 1, 1, 53, 1, 1, 5, 0, 0, 0}},
    {1230681661, {2008, 2009, 4, 12, 1, 366, 31, 2, 0, 1, 1}},
};

void ExpectParts(const std::vector<ValueBlock>& blocks, const std::vector<std::vector<int>>& rows) {
  for (size_t part = 0; part < blocks.size(); ++part) {
    const auto& array = static_cast<const arrow::Int32Array&>(*blocks[part].values);
    ASSERT_EQ(array.length(), static_cast<int64_t>(rows.size()));
    for (size_t row = 0; row < rows.size(); ++row) {
      const auto i = static_cast<int64_t>(row);
      SCOPED_TRACE(AllParts()[part] + " of row " + std::to_string(row));
      ASSERT_EQ(array.IsNull(i), rows[row].empty());
      if (rows[row].empty()) continue;
      EXPECT_EQ(array.Value(i), rows[row][part]);
    }
  }
}

TEST(DateTime, AgreesWithTheCalendarInEveryUnit) {
  const std::vector<std::pair<arrow::TimeUnit::type, int64_t>> units = {
      {arrow::TimeUnit::SECOND, 1},
      {arrow::TimeUnit::MILLI, 1000},
      {arrow::TimeUnit::MICRO, 1000000},
      {arrow::TimeUnit::NANO, 1000000000}};
  for (const auto& [unit, per_second] : units) {
    for (const char* zone : {"", "America/New_York"}) {
      const auto type = arrow::timestamp(unit, zone);
      SCOPED_TRACE(type->ToString());
      std::vector<int64_t> values;
      std::vector<std::vector<int>> parts;
      for (const Moment& moment : kMoments) {
        values.push_back(moment.seconds * per_second);
        parts.push_back(moment.parts);
        values.push_back(moment.seconds * per_second + per_second - 1);  // within the same second
        parts.push_back(moment.parts);
      }
      const auto array = arrow::MakeArray(arrow::ArrayData::Make(
          type, static_cast<int64_t>(values.size()), {nullptr, arrow::Buffer::FromVector(values)}));
      ExpectParts(ApplyTo(*MakeStep("datetime", AllParts(), Column(type)), {array}), parts);
    }
  }
}

TEST(DateTime, OfDatesAndMissing) {
  const auto step = MakeStep("datetime", kDayParts, Column(arrow::date32()));
  const auto days = ArrayOf(arrow::date32(), "[0, null, -1, 11016]");
  const std::vector<std::vector<int>> rows = {
      kMoments[0].parts, {}, kMoments[4].parts, kMoments[1].parts};
  const auto blocks = ApplyTo(*step, {days, true});
  ExpectParts(blocks, rows);
  EXPECT_TRUE(blocks[0].null_slot);
  ExpectParts(ApplyTo(*step, {days->Slice(1, 2)}), {rows[1], rows[2]});
  const auto millis = MakeStep("datetime", kDayParts, Column(arrow::date64()));
  ExpectParts(ApplyTo(*millis, {ArrayOf(arrow::date64(), "[0, null, -86400000, 951782400000]")}),
              rows);
}

TEST(DateTime, KnowsTheWeekend) {
  // 1970-01-01 was a Thursday.
  const auto days = ArrayOf(arrow::date32(), "[0, 1, 2, 3, 4, null, -4, -5, -6]");
  EXPECT_TRUE(ApplyOne(*MakeStep("datetime", {"is_weekend"}, Column(arrow::date32())), {days})
                  ->Equals(ArrayOf(arrow::int32(), "[0, 0, 1, 1, 0, null, 1, 1, 0]")));
}

TEST(DateTime, TheFarEndsOfTime) {
  // The first and the last nanosecond of 64 bits: 1677-09-21T00:12:43 and 2262-04-11T23:47:16.
  const auto type = arrow::timestamp(arrow::TimeUnit::NANO);
  const auto ends = arrow::MakeArray(arrow::ArrayData::Make(
      type, 2, {nullptr, arrow::Buffer::FromVector(std::vector<int64_t>{INT64_MIN, INT64_MAX})}));
  const auto blocks = ApplyTo(
      *MakeStep("datetime", {"year", "day_of_year", "hour", "minute", "second"}, Column(type)),
      {ends});
  const std::vector<std::vector<int>> expected = {
      {1677, 2262}, {264, 101}, {0, 23}, {12, 47}, {43, 16}};
  for (size_t part = 0; part < expected.size(); ++part) {
    EXPECT_TRUE(blocks[part].values->Equals(
        arrow::Int32Array(2, arrow::Buffer::FromVector(expected[part]))));
  }
}

TEST(DateTime, AYearBeyondInt32IsAnError) {
  const auto type = arrow::timestamp(arrow::TimeUnit::SECOND);
  const auto step = MakeStep("datetime", {"year"}, Column(type));
  const std::vector<int64_t> values = {0, INT64_MAX};
  std::vector<ValueBlock> outputs;
  const auto array = arrow::MakeArray(
      arrow::ArrayData::Make(type, 2, {nullptr, arrow::Buffer::FromVector(values)}));
  const arrow::Status status = step->Apply({array}, arrow::default_memory_pool(), &outputs);
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
  EXPECT_THAT(status.message(), testing::HasSubstr("column 'x': the year of 9223372036854775807"));
  // What lies under a null is nobody's value.
  const auto hidden = arrow::MakeArray(arrow::ArrayData::Make(
      type, 2, {arrow::Buffer::FromString("\x01"), arrow::Buffer::FromVector(values)}));
  EXPECT_TRUE(ApplyOne(*step, {hidden})->Equals(ArrayOf(arrow::int32(), "[1970, null]")));
}

TEST(DateTime, NamesItsColumnsAndLetsOneGoOn) {
  const auto type = arrow::timestamp(arrow::TimeUnit::MICRO);
  const auto two = MakeStep("datetime", {"week", "year"}, Column(type, false));
  ASSERT_EQ(two->outputs().size(), 2u);
  EXPECT_EQ(two->outputs()[0].name, "x_week");
  EXPECT_EQ(two->outputs()[1].name, "x_year");
  EXPECT_FALSE(two->outputs()[1].nullable);
  EXPECT_TRUE(two->traits().last);
  EXPECT_FALSE(MakeStep("datetime", "week", Column(type))->traits().last);
}

TEST(DateTime, RefusesWhatHasNoSuchPart) {
  for (const std::string part : {"hour", "minute", "second"}) {
    for (const auto& type : {arrow::date32(), arrow::date64()}) {
      EXPECT_THAT(
          Refusal("datetime", {"year", part}, Column(type)),
          testing::HasSubstr("a date has no " + part + ", and column 'x' is " + type->ToString()));
    }
  }
  EXPECT_THAT(Refusal("datetime", {"year"}, Column(arrow::utf8())),
              testing::HasSubstr("takes dates and timestamps, and column 'x' is string"));
  EXPECT_THAT(Refusal("datetime", {"yaer"}, Column(arrow::date32())),
              testing::HasSubstr("did you mean 'year'?"));
  EXPECT_THAT(Refusal("datetime", {"year", "year"}, Column(arrow::date32())),
              testing::HasSubstr("twice"));
}

TEST(DateTime, DescribesItselfInFull) {
  const auto step = MakeStep("datetime", {"week", "year"}, Column(arrow::date32()));
  EXPECT_EQ(step->Describe(), (nlohmann::json{{"step", "datetime"}, {"parts", {"week", "year"}}}));
  EXPECT_TRUE(step->Restore(ThroughFile(step->Describe()), nullptr).ok());
}

}  // namespace
}  // namespace emberharmony::feature
