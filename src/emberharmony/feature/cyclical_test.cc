#include <numbers>

#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

const std::vector<std::string> kParts = {"hour", "day_of_week", "day_of_month", "month"};

/// The angles are rounded to double before the sine is taken: up to 2 pi, half an ulp of which
/// is 4.4e-16, and again by the division.
constexpr double kTolerance = 1.5e-15;

/// A moment with its parts as a calendar shows them (hour; Monday 0; day less 1; month less 1).
struct CycleMoment {
  int64_t seconds;
  std::vector<int> parts;
};

// date -u -d '2000-02-29 23:59:59' +'%s %H %u %d %m' and so on.
const std::vector<CycleMoment> kCycleMoments = {
    {0, {0, 3, 0, 0}},            // 1970-01-01 00:00:00, Thursday
    {951868799, {23, 1, 28, 1}},  // 2000-02-29 23:59:59, Tuesday
    {951868800, {0, 2, 0, 2}},    // 2000-03-01 00:00:00, Wednesday
    {-1, {23, 2, 30, 11}},        // 1969-12-31 23:59:59, Wednesday
    {-86400, {0, 2, 30, 11}},     // 1969-12-31 00:00:00, Wednesday
    {-2203891200, {0, 3, 0, 2}},  // 1900-03-01 00:00:00, Thursday, after a year without a leap day
    {-2203891201, {23, 2, 27, 1}},  // 1900-02-28 23:59:59, Wednesday
    {980917567, {5, 2, 30, 0}},     // 2001-01-31 05:06:07, Wednesday
    {1709208000, {12, 3, 28, 1}},   // 2024-02-29 12:00:00, Thursday
};

double Sine(int value, int period) {
  return static_cast<double>(std::sin(2 * std::numbers::pi_v<long double> * value / period));
}
double Cosine(int value, int period) {
  return static_cast<double>(std::cos(2 * std::numbers::pi_v<long double> * value / period));
}

void ExpectCycle(const std::vector<ValueBlock>& blocks, const std::vector<std::vector<int>>& parts,
                 double tolerance) {
  constexpr int kPeriods[] = {24, 7, 31, 12};
  ASSERT_EQ(blocks.size(), 8u);
  for (size_t part = 0; part < 4; ++part) {
    SCOPED_TRACE(kParts[part]);
    std::vector<double> sines;
    std::vector<double> cosines;
    for (const std::vector<int>& each : parts) {
      sines.push_back(each.empty() ? 0 : Sine(each[part], kPeriods[part]));
      cosines.push_back(each.empty() ? 0 : Cosine(each[part], kPeriods[part]));
    }
    ExpectNear(ToVector(*blocks[2 * part].values), sines, tolerance);
    ExpectNear(ToVector(*blocks[2 * part + 1].values), cosines, tolerance);
  }
}

TEST(Cyclical, AgreesWithTheCalendarInEveryUnit) {
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
      for (const CycleMoment& moment : kCycleMoments) {
        values.push_back(moment.seconds * per_second);
        parts.push_back(moment.parts);
        values.push_back(moment.seconds * per_second + per_second - 1);  // within the same second
        parts.push_back(moment.parts);
      }
      const auto array = arrow::MakeArray(arrow::ArrayData::Make(
          type, static_cast<int64_t>(values.size()), {nullptr, arrow::Buffer::FromVector(values)}));
      const auto step = MakeStep("cyclical", kParts, Column(type), arrow::float64());
      ExpectCycle(ApplyTo(*step, {array}), parts, kTolerance);
    }
  }
}

TEST(Cyclical, OfDates) {
  const std::vector<std::vector<int>> parts = {
      {0, 2, 30, 0}, {}, {0, 2, 30, 11}, {0, 3, 28, 1}, {}};
  const auto date32 = ArrayOf(arrow::date32(), "[11353, null, -1, 19782]");
  ExpectCycle(ApplyTo(*MakeStep("cyclical", kParts, Column(arrow::date32()), arrow::float64()),
                      {date32, true}),
              parts, kTolerance);
  const auto date64 = ArrayOf(arrow::date64(), "[980899200000, null, -86400000, 1709164800000]");
  ExpectCycle(ApplyTo(*MakeStep("cyclical", kParts, Column(arrow::date64()), arrow::float64()),
                      {date64, true}),
              parts, kTolerance);
}

TEST(Cyclical, TheEndsOfTime) {
  // 9223372036854775807 s is divisible by no unit; its part values only have to be in range, and to
  // be those of the same moment counted from the other side: -2^63 s and 2^63 - 1 s, which lie 2^64
  // - 1 seconds apart.
  const auto type = arrow::timestamp(arrow::TimeUnit::SECOND);
  const auto step = MakeStep("cyclical", kParts, Column(type), arrow::float64());
  const auto blocks =
      ApplyTo(*step, {ArrayOf(type, "[-9223372036854775808, 9223372036854775807]")});
  // 2^63 = 106751991167300 days + 55,808 s (15:30:08): one end is at 15:30:07, the other at
  // 08:29:52.
  EXPECT_NEAR(ToVector(*blocks[0].values)[0], Sine(8, 24), 1e-15);
  EXPECT_NEAR(ToVector(*blocks[0].values)[1], Sine(15, 24), 1e-15);
  // The last day is 106751991167300 = 3 (mod 7) after a Thursday: Sunday; the first is one more the
  // other way: Sunday.
  EXPECT_NEAR(ToVector(*blocks[2].values)[0], Sine(6, 7), 1e-15);
  EXPECT_NEAR(ToVector(*blocks[2].values)[1], Sine(6, 7), 1e-15);
}

TEST(Cyclical, NamesOrderAndTypes) {
  const auto step =
      MakeStep("cyclical", nlohmann::json::array({"month", "hour"}), Column(arrow::date32()));
  std::vector<std::string> names;
  for (const ColumnInfo& info : step->outputs()) {
    names.push_back(info.name);
    EXPECT_TRUE(info.type->Equals(arrow::float32()));
    EXPECT_FALSE(info.nullable);
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"x_sin_month", "x_cos_month", "x_sin_hour", "x_cos_hour"}));
  const auto blocks = ApplyTo(*step, {ArrayOf(arrow::date32(), "[]"), true});
  ExpectSame(ToVector(*blocks[1].values), {0.0});
  const auto march = ApplyTo(*step, {ArrayOf(arrow::date32(), "[59]")});
  ExpectSame(ToVector(*march[0].values), {static_cast<float>(Sine(2, 12))});
}

TEST(Cyclical, EntriesUnderNullsAreIgnored) {
  const auto step = MakeStep("cyclical", "day_of_month", Column(arrow::date32()));
  const auto values = ArrayOf(arrow::date32(), "[0, null, 5, null]");
  ExpectSame(ToVector(*ApplyTo(*step, {values->Slice(1, 3)})[1].values),
             {0.0, static_cast<float>(Cosine(5, 31)), 0.0});
}

TEST(Cyclical, RefusesOtherColumnsAndParts) {
  EXPECT_THAT(Refusal("cyclical", "hour", NumericColumn()),
              testing::HasSubstr("cyclical takes dates and timestamps"));
  EXPECT_THAT(Refusal("cyclical", "hour", Column(arrow::utf8())),
              testing::HasSubstr("column 'x' is string"));
  EXPECT_THAT(Refusal("cyclical", "hours", Column(arrow::date32())),
              testing::HasSubstr("did you mean 'hour'?"));
  EXPECT_THAT(Refusal("cyclical", nlohmann::json::array(), Column(arrow::date32())),
              testing::HasSubstr("'parts' must be a list"));
  EXPECT_THAT(Refusal("cyclical", nlohmann::json::array({"hour", "hour"}), Column(arrow::date32())),
              testing::HasSubstr("twice"));
}

}  // namespace
}  // namespace emberharmony::feature
