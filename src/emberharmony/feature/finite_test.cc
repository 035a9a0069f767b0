#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

TEST(FiniteStep, MakesInfinitiesMissingAndNothingElse) {
  const auto step = MakeStep("finite", nullptr, NumericColumn());
  ExpectSame(ToVector(*ApplyOne(*step, {Doubles({0.5, kInfinity, -3, -kInfinity, kNaN, 1e308})})),
             {0.5, kNaN, -3, kNaN, kNaN, 1e308});
  // The null slot of a dictionary's entries stays missing.
  const auto whole = MakeStep("finite", nullptr, Column(arrow::int64()));
  ExpectSame(ToVector(*ApplyOne(*whole, {ArrayOf(arrow::int64(), "[9, -16]"), true})),
             {9, -16, kNaN});
}

TEST(FiniteStep, KnowsWhatItsValuesAre) {
  ColumnInfo input = NumericColumn(/*nullable=*/false);
  input.lower_bound = 4;
  EXPECT_TRUE(MakeStep("finite", nullptr, input)->outputs()[0].nullable);
  EXPECT_EQ(MakeStep("finite", nullptr, input)->outputs()[0].lower_bound, 4);
}

TEST(FiniteStep, DescribesItselfAndRefusesOptions) {
  const auto step = MakeStep("finite", nullptr, NumericColumn());
  EXPECT_EQ(step->Describe(), (nlohmann::json{{"step", "finite"}}));
  EXPECT_TRUE(step->Restore(ThroughFile(step->Describe()), nullptr).ok());
  EXPECT_THAT(Refusal("finite", {{"of", 2}}, NumericColumn()), testing::HasSubstr("no options"));
  EXPECT_THAT(Refusal("finite", nullptr, Column(arrow::utf8())), testing::HasSubstr("string"));
}

}  // namespace
}  // namespace emberharmony::feature
