#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

TEST(Log1p, IsTheLogarithmWithinAnUlp) {
  const std::vector<double> values = {0.0,   1.0,  0x1p-40, 3.5,      100.125,
                                      1e300, -0.5, -1.0,    kInfinity};
  const auto step = MakeStep("log1p", nullptr, NumericColumn());
  const auto found = ToVector(*ApplyOne(*step, {Doubles(values)}));
  for (size_t i = 0; i < values.size(); ++i) {
    const auto exact = std::log1p(static_cast<long double>(values[i]));
    const double ulp = std::nextafter(std::fabs(static_cast<double>(exact)), kInfinity) -
                       std::fabs(static_cast<double>(exact));
    if (std::isinf(exact)) {
      EXPECT_EQ(found[i], static_cast<double>(exact));
    } else {
      EXPECT_LE(std::fabs(static_cast<long double>(found[i]) - exact), ulp) << values[i];
    }
  }
}

TEST(Log1p, BelowMinusOneIsMissing) {
  const auto step = MakeStep("log1p", nullptr, Column(arrow::int64()));
  ExpectSame(ToVector(*ApplyOne(*step, {ArrayOf(arrow::int64(), "[-2, null, 0]"), true})),
             {kNaN, kNaN, 0.0, kNaN});
}

TEST(Log1p, KnowsWhenNothingCanBecomeMissing) {
  ColumnInfo info = NumericColumn(false);
  EXPECT_TRUE(MakeStep("log1p", nullptr, info)->outputs()[0].nullable);
  info.lower_bound = -1.5;
  EXPECT_TRUE(MakeStep("log1p", nullptr, info)->outputs()[0].nullable);
  info.lower_bound = 0;
  EXPECT_FALSE(MakeStep("log1p", nullptr, info)->outputs()[0].nullable);
  EXPECT_EQ(MakeStep("log1p", nullptr, info)->outputs()[0].lower_bound, 0);
  info.lower_bound = 3;
  EXPECT_LE(MakeStep("log1p", nullptr, info)->outputs()[0].lower_bound, std::log(4.0));
  info.nullable = true;
  EXPECT_TRUE(MakeStep("log1p", nullptr, info)->outputs()[0].nullable);
}

TEST(Log1p, TakesNoOptionsAndOnlyNumbers) {
  EXPECT_THAT(Refusal("log1p", {{"base", 10}}, NumericColumn()),
              testing::HasSubstr("log1p: takes no options; found 'base'"));
  EXPECT_THAT(Refusal("log1p", 10, NumericColumn()), testing::HasSubstr("found 10"));
  EXPECT_THAT(Refusal("log1p", nullptr, Column(arrow::utf8())),
              testing::HasSubstr("log1p takes numbers, and column 'x' is string"));
}

}  // namespace
}  // namespace emberharmony::feature
