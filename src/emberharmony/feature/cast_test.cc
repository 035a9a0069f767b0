#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

TEST(Cast, BetweenTypesKeepsNullsAndTheNullSlot) {
  const auto ints = ArrayOf(arrow::int64(), "[1, null, -7]");
  for (const bool null_slot : {false, true}) {
    const auto step = MakeStep("cast", "int16", Column(arrow::int64()));
    const auto blocks = ApplyTo(*step, {ints, null_slot});
    EXPECT_TRUE(blocks[0].values->Equals(ArrayOf(arrow::int16(), "[1, null, -7]")));
    EXPECT_EQ(blocks[0].null_slot, null_slot);
  }
  const auto sliced =
      ApplyOne(*MakeStep("cast", "int16", Column(arrow::int64())), {ints->Slice(1, 2)});
  EXPECT_TRUE(sliced->Equals(ArrayOf(arrow::int16(), "[null, -7]")));
  const auto floats = ApplyOne(*MakeStep("cast", "float32", Column(arrow::int64())), {ints});
  EXPECT_TRUE(floats->Equals(ArrayOf(arrow::float32(), "[1, null, -7]")));
  const auto bools = ApplyOne(*MakeStep("cast", "bool", Column(arrow::int64())), {ints});
  EXPECT_TRUE(bools->Equals(ArrayOf(arrow::boolean(), "[true, null, true]")));
  const auto back = ApplyOne(*MakeStep("cast", "uint8", Column(arrow::boolean())), {bools});
  EXPECT_TRUE(back->Equals(ArrayOf(arrow::uint8(), "[1, null, 1]")));
}

TEST(Cast, IntegersDoNotPassThroughFloats) {
  const auto ints = ArrayOf(arrow::int64(), "[9007199254740993, 9223372036854775807]");
  const auto step = MakeStep("cast", "uint64", Column(arrow::int64()));
  EXPECT_TRUE(ApplyOne(*step, {ints})
                  ->Equals(ArrayOf(arrow::uint64(), "[9007199254740993, 9223372036854775807]")));
}

TEST(Cast, NumericFormBecomesAnArrayWithNulls) {
  const auto step = MakeStep("cast", "int32", NumericColumn());
  EXPECT_TRUE(ApplyOne(*step, {Doubles({2.75, kNaN, -2.75})})
                  ->Equals(ArrayOf(arrow::int32(), "[2, null, -2]")));
  const auto same = MakeStep("cast", "float64", NumericColumn());
  EXPECT_TRUE(
      ApplyOne(*same, {Doubles({2.75, kNaN})})->Equals(ArrayOf(arrow::float64(), "[2.75, null]")));
  EXPECT_TRUE(step->outputs()[0].final_type);
  EXPECT_FALSE(step->outputs()[0].numeric_form);
}

TEST(Cast, NamesColumnAndValueThatDoNotFit) {
  const auto refuses = [](const std::string& type, const std::shared_ptr<arrow::Array>& values) {
    std::vector<ValueBlock> outputs;
    const arrow::Status status = MakeStep("cast", type, Column(values->type()))
                                     ->Apply({values}, arrow::default_memory_pool(), &outputs);
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    return status.message();
  };
  EXPECT_THAT(refuses("int8", ArrayOf(arrow::int64(), "[1, 300]")),
              testing::HasSubstr("column 'x': value 300 does not fit int8"));
  EXPECT_THAT(refuses("uint8", ArrayOf(arrow::int8(), "[-1]")),
              testing::HasSubstr("column 'x': value -1 does not fit uint8"));
  EXPECT_THAT(refuses("int64", ArrayOf(arrow::float64(), "[1e20]")),
              testing::HasSubstr("column 'x': value 1e+20 does not fit int64"));
}

TEST(Cast, IgnoresWhatStandsUnderNulls) {
  const auto values = std::make_shared<arrow::Int32Array>(
      2, arrow::Buffer::FromVector(std::vector<int32_t>{1000, 5}),
      arrow::Buffer::FromString(std::string("\x02", 1)));
  EXPECT_TRUE(ApplyOne(*MakeStep("cast", "int8", Column(arrow::int32())), {values})
                  ->Equals(ArrayOf(arrow::int8(), "[null, 5]")));
}

TEST(Cast, RefusesOtherTypes) {
  EXPECT_THAT(Refusal("cast", "int23", NumericColumn()),
              testing::HasSubstr("did you mean 'int32'?"));
  EXPECT_THAT(Refusal("cast", "int32", Column(arrow::utf8())),
              testing::HasSubstr("cast takes numbers"));
}

}  // namespace
}  // namespace emberharmony::feature
