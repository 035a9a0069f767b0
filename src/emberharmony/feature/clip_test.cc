#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

TEST(Clip, LimitsToItsBounds) {
  const auto both = MakeStep("clip", {{"min", -1}, {"max", 2.5}}, NumericColumn());
  ExpectSame(ToVector(*ApplyOne(
                 *both, {Doubles({-3.0, -1.0, 0.5, 2.5, 7.0, kNaN, kInfinity, -kInfinity})})),
             {-1.0, -1.0, 0.5, 2.5, 2.5, kNaN, 2.5, -1.0});
  const auto low = MakeStep("clip", {{"min", 0}}, Column(arrow::int32()));
  ExpectSame(ToVector(*ApplyOne(*low, {ArrayOf(arrow::int32(), "[-3, 4, null]"), true})),
             {0.0, 4.0, kNaN, kNaN});
  const auto high = MakeStep("clip", {{"max", 1}}, NumericColumn());
  ExpectSame(ToVector(*ApplyOne(*high, {Doubles({-kInfinity, 4.0})})), {-kInfinity, 1.0});
}

TEST(Clip, KnowsItsLowerBound) {
  EXPECT_EQ(MakeStep("clip", {{"min", -0.5}}, NumericColumn())->outputs()[0].lower_bound, -0.5);
  EXPECT_EQ(MakeStep("clip", {{"max", 1}}, NumericColumn())->outputs()[0].lower_bound, -kInfinity);
  ColumnInfo info = NumericColumn();
  info.lower_bound = 3;
  EXPECT_EQ(MakeStep("clip", {{"min", 0}}, info)->outputs()[0].lower_bound, 3);
  EXPECT_EQ(MakeStep("clip", {{"max", 1}}, info)->outputs()[0].lower_bound, 1);
}

TEST(Clip, RefusesBadBounds) {
  EXPECT_THAT(Refusal("clip", nullptr, NumericColumn()), testing::HasSubstr("'min' or 'max'"));
  EXPECT_THAT(Refusal("clip", {{"min", 2}, {"max", 1}}, NumericColumn()),
              testing::HasSubstr("must not be above 'max'; found 2 and 1"));
  EXPECT_THAT(Refusal("clip", {{"min", "low"}, {"maxx", 1}}, NumericColumn()),
              testing::AllOf(testing::HasSubstr("'min' must be a finite number; found 'low'"),
                             testing::HasSubstr("unknown option 'maxx'; did you mean 'max'?")));
}

TEST(Clip, DescribesItselfInFull) {
  const auto step = MakeStep("clip", {{"min", 0}}, NumericColumn());
  EXPECT_EQ(step->Describe(), (nlohmann::json{{"step", "clip"}, {"min", 0.0}}));
  EXPECT_TRUE(step->Restore(ThroughFile(step->Describe()), nullptr).ok());
  EXPECT_FALSE(step->Restore({{"step", "clip"}, {"min", 1.0}}, nullptr).ok());
}

}  // namespace
}  // namespace emberharmony::feature
