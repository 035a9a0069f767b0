#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

std::unique_ptr<Transform> LearnedCategories(const std::shared_ptr<arrow::Array>& ranked,
                                             const nlohmann::json& options = nullptr) {
  std::string counts = "[";
  for (int64_t i = 0; i < ranked->length(); ++i) counts += (i == 0 ? "1" : ", 1");
  auto step = MakeStep("one_hot", options, Column(ranked->type()));
  const arrow::Status status = step->Learn({CountsOf(ranked, counts + "]", 2)});
  EXPECT_TRUE(status.ok()) << status.ToString();
  return step;
}

std::vector<std::string> CategoryNames(const Transform& step) {
  std::vector<std::string> names;
  for (const ColumnInfo& info : step.outputs()) names.push_back(info.name);
  return names;
}

using StringVector = std::vector<std::string>;

TEST(OneHot, AColumnForEachValueInOrder) {
  EXPECT_EQ(CategoryNames(*LearnedCategories(ArrayOf(arrow::int32(), "[10, -2, 9]"))),
            (StringVector{"x=-2", "x=9", "x=10"}));
  EXPECT_EQ(CategoryNames(*LearnedCategories(ArrayOf(arrow::utf8(), R"(["b", "a", "B", ""])"))),
            (StringVector{"x=", "x=B", "x=a", "x=b"}));
  EXPECT_EQ(CategoryNames(*LearnedCategories(ArrayOf(arrow::boolean(), "[true, false]"))),
            (StringVector{"x=false", "x=true"}));
  EXPECT_EQ(CategoryNames(*LearnedCategories(ArrayOf(arrow::date32(), "[11353, -1]"))),
            (StringVector{"x=1969-12-31", "x=2001-01-31"}));
  EXPECT_EQ(CategoryNames(*LearnedCategories(ArrayOf(arrow::float64(), "[2.5, 1]"))),
            (StringVector{"x=1", "x=2.5"}));
}

TEST(OneHot, BytesThatAreNoTextHaveNamesOfTheirOwn) {
  const auto bytes = [](const std::vector<std::string>& values) {
    arrow::BinaryBuilder builder;
    for (const std::string& value : values) EXPECT_TRUE(builder.Append(value).ok());
    return builder.Finish().ValueOrDie();
  };
  EXPECT_EQ(CategoryNames(*LearnedCategories(bytes({"0xff", "a"}))),
            (StringVector{"x=0xff", "x=a"}));
  EXPECT_EQ(CategoryNames(*LearnedCategories(bytes({"\xff", "0xff", "0x30786666", "a"}))),
            (StringVector{"x=0x30783330373836363636", "x=0x30786666", "x=a", "x=0xff"}));
}

TEST(OneHot, MarksTheValueAndNothingElse) {
  const auto step = LearnedCategories(ArrayOf(arrow::utf8(), R"(["b", "a", "c"])"));
  const auto blocks =
      ApplyTo(*step, {ArrayOf(arrow::utf8(), R"(["c", null, "a", "unseen", "b", "a"])"), true});
  ASSERT_EQ(blocks.size(), 3u);
  ExpectSame(ToVector(*blocks[0].values), {0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0});
  ExpectSame(ToVector(*blocks[1].values), {0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0});
  ExpectSame(ToVector(*blocks[2].values), {1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0});
  for (const ValueBlock& block : blocks) EXPECT_EQ(block.values->type_id(), arrow::Type::FLOAT);
  EXPECT_EQ(ApplyTo(*step, {ArrayOf(arrow::utf8(), "[]"), true})[0].values->length(), 1);
}

TEST(OneHot, ThousandsOfCategoriesTakeNoSquareOfMemory) {
  constexpr int kCategories = 3000;
  arrow::Int32Builder builder;
  for (int i = 0; i < kCategories; ++i) ASSERT_TRUE(builder.Append(7 * i).ok());
  const std::shared_ptr<arrow::Array> values = builder.Finish().ValueOrDie();
  const auto step = LearnedCategories(values, {{"max_categories", kCategories}});
  arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
  std::vector<ValueBlock> blocks;
  ASSERT_TRUE(step->Apply({values, true}, &pool, &blocks).ok());
  ASSERT_EQ(blocks.size(), kCategories);
  // A float for each entry of each column would be 36 MB.
  EXPECT_LT(pool.max_memory(), 16 * kCategories);
  for (int k = 0; k < kCategories; k += 97) {
    const auto& column = static_cast<const arrow::FloatArray&>(*blocks[k].values);
    ASSERT_EQ(column.length(), kCategories + 1);
    ASSERT_EQ(column.null_count(), 0);
    for (int i = 0; i <= kCategories; ++i) ASSERT_EQ(column.Value(i), i == k ? 1.0F : 0.0F);
  }
}

TEST(OneHot, NumericFormAndOtherTypes) {
  auto step = MakeStep("one_hot", nullptr, NumericColumn(), arrow::float64());
  ASSERT_TRUE(step->Learn({CountsOf(Doubles({2.0, 0.0}), "[5, 3]")}).ok());
  const auto blocks = ApplyTo(*step, {Doubles({-0.0, 2.0, kNaN, 7.0})});
  ExpectSame(ToVector(*blocks[0].values), {1.0, 0.0, 0.0, 0.0});
  ExpectSame(ToVector(*blocks[1].values), {0.0, 1.0, 0.0, 0.0});
}

TEST(OneHot, NoValuesNoColumns) {
  const auto step = LearnedCategories(ArrayOf(arrow::utf8(), "[]"));
  EXPECT_TRUE(step->outputs().empty());
  EXPECT_TRUE(ApplyTo(*step, {ArrayOf(arrow::utf8(), R"(["a"])"), true}).empty());
}

TEST(OneHot, UnknownMayBeAnError) {
  const auto step = LearnedCategories(ArrayOf(arrow::utf8(), R"(["a"])"), {{"unknown", "error"}});
  ApplyTo(*step, {ArrayOf(arrow::utf8(), R"(["a", null])"), true});
  std::vector<ValueBlock> outputs;
  const arrow::Status status = step->Apply({ArrayOf(arrow::utf8(), R"(["a", "new"])")},
                                           arrow::default_memory_pool(), &outputs);
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
  EXPECT_THAT(status.message(), testing::HasSubstr("column 'x' holds new, which was not among"));
}

TEST(OneHot, HasABound) {
  auto step = MakeStep("one_hot", {{"max_categories", 2}}, Column(arrow::utf8()));
  const auto status =
      step->Learn({CountsOf(ArrayOf(arrow::utf8(), R"(["a", "b"])"), "[9, 8]", 0, 3, 3)});
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage);
  EXPECT_THAT(status.message(),
              testing::HasSubstr("column 'x' has 5 distinct values, and one_hot may make 2"));
  auto floats = MakeStep("one_hot", nullptr, Column(arrow::float64()));
  EXPECT_THAT(floats->Learn({CountsOf(Doubles({1.0, kInfinity}), "[5, 4]")}).message(),
              testing::HasSubstr("column 'x' holds 4 infinities"));
}

TEST(OneHot, IsRestoredFromItsDescription) {
  const auto nanos = arrow::timestamp(arrow::TimeUnit::NANO);
  for (const auto& ranked :
       {ArrayOf(arrow::int64(), "[9007199254740993, -5, 9223372036854775807]"),
        ArrayOf(arrow::utf8(), R"(["b", "a"])"), ArrayOf(nanos, "[9007199254740993, 0]"),
        ArrayOf(arrow::float32(), "[0.1, 5]"), ArrayOf(arrow::decimal128(6, 2), R"(["1.50"])"),
        ArrayOf(arrow::boolean(), "[]")}) {
    SCOPED_TRACE(ranked->type()->ToString());
    const auto step = LearnedCategories(ranked);
    auto restored = MakeStep("one_hot", step->options(), Column(ranked->type()));
    const arrow::Status status = restored->Restore(ThroughFile(step->Describe()), nullptr);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(restored->Describe(), step->Describe());
    EXPECT_EQ(CategoryNames(*restored), CategoryNames(*step));
    const auto blocks = ApplyTo(*step, {ranked});
    const auto again = ApplyTo(*restored, {ranked});
    for (size_t i = 0; i < blocks.size(); ++i)
      EXPECT_TRUE(again[i].values->Equals(blocks[i].values));
  }
}

TEST(OneHot, RestoreChecksEverything) {
  const nlohmann::json good = LearnedCategories(ArrayOf(arrow::int32(), "[1, 2]"))->Describe();
  const auto fault = [&](const nlohmann::json& categories) {
    nlohmann::json bad = good;
    bad["categories"] = categories;
    const auto step = MakeStep("one_hot", nullptr, Column(arrow::int32()));
    const arrow::Status status = step->Restore(bad, nullptr);
    EXPECT_FALSE(status.ok()) << categories;
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    return status.message();
  };
  EXPECT_THAT(fault({2, 1}), testing::HasSubstr("ascending"));
  fault({1, 1});
  fault({"a"});
  fault("a");
  fault(nlohmann::json(std::vector<int>(1001, 1)));
}

TEST(OneHot, RefusesBadOptions) {
  EXPECT_THAT(Refusal("one_hot", {{"max_categories", 0}}, NumericColumn()),
              testing::HasSubstr("'max_categories' must be an integer from 1"));
  EXPECT_THAT(Refusal("one_hot", {{"unknown", "zero"}}, NumericColumn()),
              testing::HasSubstr("did you mean 'zeros'?"));
}

}  // namespace
}  // namespace emberharmony::feature
