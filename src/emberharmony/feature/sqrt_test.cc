#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

TEST(SquareRoot, OfNumbersAndMissing) {
  const auto step = MakeStep("sqrt", nullptr, NumericColumn());
  ExpectSame(ToVector(*ApplyOne(*step, {Doubles({0, 4, 2, -1, kNaN, kInfinity})})),
             {0, 2, std::sqrt(2.0), kNaN, kNaN, kInfinity});
  // The null slot of a dictionary's entries stays missing.
  const auto whole = MakeStep("sqrt", nullptr, Column(arrow::int64()));
  ExpectSame(ToVector(*ApplyOne(*whole, {ArrayOf(arrow::int64(), "[9, 16]"), true})), {3, 4, kNaN});
}

TEST(SquareRoot, KnowsWhatItsValuesAre) {
  ColumnInfo input = NumericColumn(/*nullable=*/false);
  EXPECT_TRUE(MakeStep("sqrt", nullptr, input)->outputs()[0].nullable);
  input.lower_bound = 4;
  EXPECT_FALSE(MakeStep("sqrt", nullptr, input)->outputs()[0].nullable);
  EXPECT_EQ(MakeStep("sqrt", nullptr, input)->outputs()[0].lower_bound, 2);
}

TEST(SquareRoot, DescribesItselfAndRefusesOptions) {
  const auto step = MakeStep("sqrt", nullptr, NumericColumn());
  EXPECT_EQ(step->Describe(), (nlohmann::json{{"step", "sqrt"}}));
  EXPECT_TRUE(step->Restore(ThroughFile(step->Describe()), nullptr).ok());
  EXPECT_THAT(Refusal("sqrt", {{"of", 2}}, NumericColumn()), testing::HasSubstr("no options"));
  EXPECT_THAT(Refusal("sqrt", nullptr, Column(arrow::utf8())), testing::HasSubstr("string"));
}

}  // namespace
}  // namespace emberharmony::feature
