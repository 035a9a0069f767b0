#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

TEST(Passthrough, LeavesEverythingAlone) {
  for (const auto& values : {ArrayOf(arrow::utf8(), R"(["a", null, "b"])"),
                             ArrayOf(arrow::date32(), "[0, null]"), ArrayOf(arrow::int8(), "[]")}) {
    const auto step = MakeStep("passthrough", nullptr, Column(values->type()));
    for (const bool null_slot : {false, true}) {
      const std::vector<ValueBlock> outputs = ApplyTo(*step, {values, null_slot});
      EXPECT_EQ(outputs[0].values, values);
      EXPECT_EQ(outputs[0].null_slot, null_slot);
    }
    EXPECT_TRUE(step->outputs()[0].final_type);
    EXPECT_TRUE(step->outputs()[0].type->Equals(values->type()));
  }
  EXPECT_THAT(Refusal("passthrough", {{"a", 1}}, Column(arrow::utf8())),
              testing::HasSubstr("takes no options"));
}

TEST(Drop, YieldsNothingAndIsLast) {
  const auto step = MakeStep("drop", nullptr, Column(arrow::utf8()));
  EXPECT_TRUE(ApplyTo(*step, {ArrayOf(arrow::utf8(), R"(["a"])")}).empty());
  EXPECT_TRUE(step->outputs().empty());
  EXPECT_TRUE(step->traits().last);
}

TEST(TransformRegistry, KnowsItsStepsAndTheNearestName) {
  const std::vector<std::string> expected = {"cast",   "clip",      "cyclical", "drop",
                                             "impute", "log1p",     "one_hot",  "passthrough",
                                             "scale",  "vocabulary"};
  EXPECT_THAT(TransformRegistry::Get().names(), testing::IsSupersetOf(expected));
  EXPECT_THAT(Refusal("one-hot", nullptr, Column(arrow::utf8())),
              testing::HasSubstr("unknown step 'one-hot'; did you mean 'one_hot'?"));
}

}  // namespace
}  // namespace emberharmony::feature
