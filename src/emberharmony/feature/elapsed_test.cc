#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

std::shared_ptr<arrow::Array> Instants(const std::shared_ptr<arrow::DataType>& type,
                                       const std::vector<int64_t>& values) {
  return arrow::MakeArray(arrow::ArrayData::Make(type, static_cast<int64_t>(values.size()),
                                                 {nullptr, arrow::Buffer::FromVector(values)}));
}

TEST(Elapsed, CountsFromAnInstantInEveryUnit) {
  const std::vector<std::pair<arrow::TimeUnit::type, int64_t>> units = {
      {arrow::TimeUnit::SECOND, 1},
      {arrow::TimeUnit::MILLI, 1000},
      {arrow::TimeUnit::MICRO, 1000000},
      {arrow::TimeUnit::NANO, 1000000000}};
  const std::vector<std::pair<std::string, double>> names = {
      {"seconds", 1}, {"minutes", 60}, {"hours", 3600}, {"days", 86400}, {"weeks", 604800}};
  constexpr int64_t kOrigin = 978307200;  // date -u -d 2001-01-01 +%s
  for (const auto& [unit, per_second] : units) {
    for (const auto& [name, seconds] : names) {
      const auto type = arrow::timestamp(unit);
      SCOPED_TRACE(type->ToString() + " in " + name);
      const auto step =
          MakeStep("elapsed", {{"since", "2001-01-01"}, {"unit", name}}, Column(type));
      const auto values = Instants(type, {kOrigin * per_second, (kOrigin + 90000) * per_second,
                                          (kOrigin - 30) * per_second});
      ExpectSame(ToVector(*ApplyOne(*step, {values})), {0, 90000 / seconds, -30 / seconds});
    }
  }
}

TEST(Elapsed, OfDatesAndMissing) {
  const auto step = MakeStep("elapsed", {{"since", "1970-01-08"}}, Column(arrow::date32()));
  ExpectSame(ToVector(*ApplyOne(*step, {ArrayOf(arrow::date32(), "[0, null, 7, 10]")})),
             {-7, kNaN, 0, 3});
  ExpectSame(ToVector(*ApplyOne(*step, {ArrayOf(arrow::date32(), "[0, 7]"), true})), {-7, 0, kNaN});
  const auto hours =
      MakeStep("elapsed", {{"since", "1970-01-02"}, {"unit", "hours"}}, Column(arrow::date64()));
  ExpectSame(ToVector(*ApplyOne(*hours, {ArrayOf(arrow::date64(), "[0, 172800000]")})), {-24, 24});
}

TEST(Elapsed, OfInstantsFurtherApartThan64Bits) {
  const auto type = arrow::timestamp(arrow::TimeUnit::NANO);
  const auto step =
      MakeStep("elapsed", {{"since", "2200-01-01"}, {"unit", "seconds"}}, Column(type));
  const double origin = 7258118400.0;  // date -u -d 2200-01-01 +%s
  ExpectNear(ToVector(*ApplyOne(*step, {Instants(type, {INT64_MIN})})),
             {-9223372036.854775808 - origin}, 1e-15);
}

TEST(Elapsed, LearnsTheEarliestTrainingRow) {
  const auto type = arrow::timestamp(arrow::TimeUnit::SECOND);
  auto step = MakeStep("elapsed", {{"unit", "minutes"}}, Column(type));
  ASSERT_TRUE(step->Learn({MomentsOf({6000, 120, kNaN})}).ok());
  ExpectSame(ToVector(*ApplyOne(*step, {Instants(type, {120, 0, 180})})), {0, -2, 1});
  const nlohmann::json described = ThroughFile(step->Describe());
  EXPECT_EQ(described, (nlohmann::json{{"step", "elapsed"},
                                       {"since", "min"},
                                       {"unit", "minutes"},
                                       {"origin", 120},
                                       {"count", 2},
                                       {"null_count", 1}}));
  auto restored = MakeStep("elapsed", {{"unit", "minutes"}}, Column(type));
  ASSERT_TRUE(restored->Restore(described, nullptr).ok());
  EXPECT_EQ(restored->Describe(), step->Describe());
  for (const auto& [key, value] : std::vector<std::pair<std::string, nlohmann::json>>{
           {"origin", 1.5}, {"count", 0}, {"unit", "hours"}, {"extra", 1}}) {
    nlohmann::json damaged = described;
    damaged[key] = value;
    EXPECT_EQ(base::KindOf(restored->Restore(damaged, nullptr)), base::ErrorKind::kData) << key;
  }
  auto empty = MakeStep("elapsed", nullptr, Column(type));
  EXPECT_THAT(empty->Learn({MomentsOf({kNaN})}).message(), testing::HasSubstr("column 'x'"));
}

TEST(Elapsed, RefusesWhatIsNoInstant) {
  EXPECT_THAT(Refusal("elapsed", nullptr, Column(arrow::utf8())),
              testing::HasSubstr("takes dates and timestamps"));
  EXPECT_THAT(Refusal("elapsed", {{"since", "yesterday"}}, Column(arrow::date32())),
              testing::HasSubstr("must be min or an instant"));
  EXPECT_THAT(Refusal("elapsed", {{"unit", "month"}}, Column(arrow::date32())),
              testing::HasSubstr("one of seconds, minutes"));
}

}  // namespace
}  // namespace emberharmony::feature
