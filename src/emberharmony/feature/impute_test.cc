#include <arrow/util/float16.h>

#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

std::unique_ptr<Transform> LearnedFill(
    const nlohmann::json& options, const ColumnInfo& input,
    const std::vector<std::shared_ptr<const Statistic>>& learned) {
  auto step = MakeStep("impute", options, input);
  const arrow::Status status = step->Learn(learned);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return step;
}

const std::vector<double> kImputedValues = {4.0, kNaN, 1.0, 2.5, kNaN, 4.0};

TEST(Impute, MeanMedianAndMostFrequent) {
  const auto mean = LearnedFill("mean", NumericColumn(), {MomentsOf(kImputedValues)});
  ExpectSame(ToVector(*ApplyOne(*mean, {Doubles(kImputedValues)})),
             {4.0, 2.875, 1.0, 2.5, 2.875, 4.0});
  const auto median =
      LearnedFill("median", NumericColumn(), {std::make_shared<SortedQuantiles>(kImputedValues)});
  ExpectSame(ToVector(*ApplyOne(*median, {Doubles(kImputedValues)})),
             {4.0, 3.25, 1.0, 2.5, 3.25, 4.0});
  const auto frequent =
      LearnedFill("most_frequent", NumericColumn(),
                  {CountsOf(Doubles({4.0}), "[2]", 2, 2, 2), MomentsOf(kImputedValues)});
  ExpectSame(ToVector(*ApplyOne(*frequent, {Doubles(kImputedValues)})),
             {4.0, 4.0, 1.0, 2.5, 4.0, 4.0});
  for (const auto* step : {&mean, &median, &frequent}) {
    const std::optional<Fill> fill = (*step)->fill();
    ASSERT_TRUE(fill.has_value());
    EXPECT_EQ(fill->weight, 2);
    EXPECT_EQ(fill->value.values->length(), 1);
    EXPECT_FALSE((*step)->outputs()[0].nullable);
    EXPECT_TRUE((*step)->outputs()[0].numeric_form);
  }
}

TEST(Impute, FillsEveryFormOfMissing) {
  const auto step = LearnedFill("median", Column(arrow::int16()),
                                {std::make_shared<SortedQuantiles>(std::vector<double>{1.0, 2.0})});
  const auto values = ArrayOf(arrow::int16(), "[7, null, 8, null]");
  ExpectSame(ToVector(*ApplyOne(*step, {values})), {7.0, 1.5, 8.0, 1.5});
  ExpectSame(ToVector(*ApplyOne(*step, {values->Slice(1, 2), true})), {1.5, 8.0, 1.5});
  ExpectSame(ToVector(*ApplyOne(*step, {ArrayOf(arrow::int16(), "[]"), true})), {1.5});
  ExpectSame(ToVector(*ApplyOne(*step, {ArrayOf(arrow::int16(), "[]")})), {});
  const auto half = arrow::util::Float16::FromFloat(9).bits();
  for (const auto& type : {arrow::float16(), arrow::float32(), arrow::float64()}) {
    SCOPED_TRACE(type->ToString());
    const auto floats = MakeStep("impute", {{"constant", 9}}, Column(type));
    EXPECT_FALSE(floats->outputs()[0].numeric_form);
    if (type->id() == arrow::Type::HALF_FLOAT) {
      constexpr uint16_t kHalfNan = 0x7e01;
      const auto values = std::make_shared<arrow::HalfFloatArray>(
          2, arrow::Buffer::FromVector(std::vector<uint16_t>{kHalfNan, 0x3c00}));
      const auto filled = ApplyOne(*floats, {values, true});
      ASSERT_EQ(filled->length(), 3);
      const auto* bits = static_cast<const arrow::HalfFloatArray&>(*filled).raw_values();
      EXPECT_EQ(bits[0], half);
      EXPECT_EQ(bits[1], 0x3c00);
      EXPECT_EQ(bits[2], half);
      continue;
    }
    const auto values = ArrayOf(type, "[NaN, 1, null, 2, NaN]");
    EXPECT_TRUE(ApplyOne(*floats, {values, true})->Equals(ArrayOf(type, "[9, 1, 9, 2, 9, 9]")));
    EXPECT_TRUE(ApplyOne(*floats, {values->Slice(3, 2)})->Equals(ArrayOf(type, "[2, 9]")));
    const auto whole = ArrayOf(type, "[1, 2]");
    EXPECT_EQ(ApplyOne(*floats, {whole}), whole);
  }
}

TEST(Impute, AConstantLearnsNothing) {
  const auto step = MakeStep("impute", {{"constant", -2}}, NumericColumn());
  EXPECT_TRUE(step->analyzers().empty());
  EXPECT_FALSE(step->fill().has_value());
  EXPECT_EQ(step->outputs()[0].lower_bound, -kInfinity);
  ColumnInfo bounded = NumericColumn();
  bounded.lower_bound = 0;
  EXPECT_EQ(MakeStep("impute", {{"constant", -2}}, bounded)->outputs()[0].lower_bound, -2);
  EXPECT_EQ(MakeStep("impute", "median", bounded)->outputs()[0].lower_bound, 0);
  EXPECT_EQ(step->Describe(), (nlohmann::json{{"step", "impute"},
                                              {"strategy", "constant"},
                                              {"constant", -2},
                                              {"fill", -2.0},
                                              {"indicator", false}}));
}

TEST(Impute, SourceFormKeepsTheType) {
  const std::vector<std::tuple<std::shared_ptr<arrow::Array>, nlohmann::json, std::string>> cases =
      {{ArrayOf(arrow::utf8(), R"(["a", null, "", null])"), "none", R"(["a", "none", "", "none"])"},
       {ArrayOf(arrow::boolean(), "[true, null, false, null]"), true, "[true, true, false, true]"},
       {ArrayOf(arrow::date32(), "[0, null, -5, null]"), "1970-01-02", "[0, 1, -5, 1]"},
       {ArrayOf(arrow::timestamp(arrow::TimeUnit::SECOND), "[5, null, -5, null]"),
        "1970-01-01 00:01:00", "[5, 60, -5, 60]"},
       {ArrayOf(arrow::int8(), "[5, null, -5, null]"), -128, "[5, -128, -5, -128]"},
       {ArrayOf(arrow::int64(), "[9007199254740993, null, 1, null]"), 9007199254740995,
        "[9007199254740993, 9007199254740995, 1, 9007199254740995]"},
       {ArrayOf(arrow::uint64(), "[18446744073709551615, null, 0, null]"), "18446744073709551614",
        "[18446744073709551615, 18446744073709551614, 0, 18446744073709551614]"},
       {ArrayOf(arrow::float64(), "[0.25, null, 1, null]"), 0.1, "[0.25, 0.1, 1, 0.1]"},
       {ArrayOf(arrow::decimal128(30, 2), R"(["1.50", null, "0.25", null])"), 2.5,
        R"(["1.50", "2.50", "0.25", "2.50"])"},
       {ArrayOf(arrow::decimal256(50, 1), R"(["1.5", null, "0.2", null])"),
        "1234567890123456789012345678901234567890.1",
        R"(["1.5", "1234567890123456789012345678901234567890.1", "0.2",
            "1234567890123456789012345678901234567890.1"])"}};
  for (const auto& [values, constant, expected] : cases) {
    const auto type = values->type();
    SCOPED_TRACE(type->ToString());
    const auto step = MakeStep("impute", {{"constant", constant}}, Column(type));
    EXPECT_TRUE(ApplyOne(*step, {values})->Equals(ArrayOf(type, expected)));
    EXPECT_TRUE(
        ApplyOne(*step, {values->Slice(1, 2)})->Equals(ArrayOf(type, expected)->Slice(1, 2)));
    // Encoded: the dictionary's entries, then the null slot filled.
    EXPECT_TRUE(
        ApplyOne(*step, {values->Slice(2, 1), true})->Equals(ArrayOf(type, expected)->Slice(2, 2)));
    EXPECT_TRUE(ApplyOne(*step, {values->Slice(0, 3), true})->Equals(ArrayOf(type, expected)));
    EXPECT_FALSE(step->outputs()[0].numeric_form);
    EXPECT_FALSE(step->outputs()[0].nullable);
    nlohmann::json described = ThroughFile(step->Describe());
    ASSERT_TRUE(step->Restore(described, nullptr).ok());
    described["fill"] = nullptr;
    EXPECT_THAT(step->Restore(described, nullptr).message(),
                testing::HasSubstr("'fill' must be the plan's constant"));
  }
}

// What the type does not hold makes doubles of the column.
TEST(Impute, AConstantThatTheTypeDoesNotHold) {
  const std::vector<std::tuple<std::shared_ptr<arrow::Array>, nlohmann::json, double>> cases = {
      {ArrayOf(arrow::int64(), "[1, null]"), 0.5, 0.5},
      {ArrayOf(arrow::int8(), "[1, null]"), 128, 128.0},
      {ArrayOf(arrow::uint16(), "[1, null]"), -1, -1.0},
      {ArrayOf(arrow::float32(), "[1, null]"), 1e300, 1e300},
      {ArrayOf(arrow::decimal128(5, 2), R"(["1.00", null])"), 0.125, 0.125},
      {ArrayOf(arrow::decimal128(5, 2), R"(["1.00", null])"), 1000, 1000.0}};
  for (const auto& [values, constant, fill] : cases) {
    SCOPED_TRACE(values->type()->ToString() + " " + constant.dump());
    const auto step = MakeStep("impute", {{"constant", constant}}, Column(values->type()));
    EXPECT_TRUE(step->outputs()[0].numeric_form);
    ExpectSame(ToVector(*ApplyOne(*step, {values, true})), {1.0, fill, fill});
  }
}

TEST(Impute, TheMostFrequentNumberKeepsTheType) {
  const auto counts = CountsOf(ArrayOf(arrow::int64(), "[9007199254740993]"), "[2]", 1);
  const auto step =
      LearnedFill("most_frequent", Column(arrow::int64()), {counts, MomentsOf({1.0, 0x1p60})});
  EXPECT_FALSE(step->outputs()[0].numeric_form);
  EXPECT_TRUE(step->outputs()[0].type->Equals(arrow::int64()));
  EXPECT_TRUE(ApplyOne(*step, {ArrayOf(arrow::int64(), "[1, null]"), true})
                  ->Equals(ArrayOf(arrow::int64(), "[1, 9007199254740993, 9007199254740993]")));
  EXPECT_EQ(step->Describe()["fill"], 9007199254740993);
  EXPECT_EQ(ThroughFile(step->Describe())["fill"], "9007199254740993");
  // A type that an earlier step chose stays.
  ColumnInfo chosen = Column(arrow::int32());
  chosen.final_type = true;
  EXPECT_TRUE(MakeStep("impute", "most_frequent", chosen)->outputs()[0].final_type);
  EXPECT_FALSE(MakeStep("impute", "mean", chosen)->outputs()[0].final_type);
}

TEST(Impute, MostFrequentOfStrings) {
  const auto counts = CountsOf(ArrayOf(arrow::utf8(), R"(["JFK"])"), "[10]", 3, 5, 20);
  const auto step = LearnedFill("most_frequent", Column(arrow::utf8()), {counts});
  EXPECT_TRUE(ApplyOne(*step, {ArrayOf(arrow::utf8(), R"(["A"])"), true})
                  ->Equals(ArrayOf(arrow::utf8(), R"(["A", "JFK"])")));
  EXPECT_EQ(step->Describe(), (nlohmann::json{{"step", "impute"},
                                              {"strategy", "most_frequent"},
                                              {"indicator", false},
                                              {"fill", "JFK"},
                                              {"count", 30},
                                              {"null_count", 3}}));
  EXPECT_EQ(step->fill()->weight, 3);
}

TEST(Impute, AddsAnIndicator) {
  const nlohmann::json options = {{"strategy", "mean"}, {"indicator", true}};
  const auto step = LearnedFill(options, Column(arrow::float64()), {MomentsOf({1.0, 3.0})});
  ASSERT_EQ(step->outputs().size(), 2u);
  EXPECT_EQ(step->outputs()[1].name, "x_missing");
  const auto blocks = ApplyTo(*step, {ArrayOf(arrow::float64(), "[5, null, NaN]"), true});
  ExpectSame(ToVector(*blocks[0].values), {5.0, 2.0, 2.0, 2.0});
  ExpectSame(ToVector(*blocks[1].values), {0.0, 1.0, 1.0, 1.0});
  const auto text =
      MakeStep("impute", {{"constant", "z"}, {"indicator", true}}, Column(arrow::utf8()));
  const auto texts = ApplyTo(*text, {ArrayOf(arrow::utf8(), R"([null, "a"])")});
  ExpectSame(ToVector(*texts[1].values), {1.0, 0.0});
}

TEST(Impute, RefusesWhatItCannotLearnFrom) {
  auto step = MakeStep("impute", "median", NumericColumn());
  const arrow::Status empty =
      step->Learn({std::make_shared<SortedQuantiles>(std::vector<double>{kNaN, kNaN})});
  EXPECT_EQ(base::KindOf(empty), base::ErrorKind::kData);
  EXPECT_THAT(empty.message(), testing::HasSubstr("column 'x' has no values to take a median of: "
                                                  "all 2 training rows are null"));
  EXPECT_THAT(
      step->Learn({std::make_shared<SortedQuantiles>(std::vector<double>{1, kInfinity})}).message(),
      testing::HasSubstr("column 'x' holds 1 infinity"));
  auto mean = MakeStep("impute", "mean", NumericColumn());
  EXPECT_THAT(mean->Learn({MomentsOf({})}).message(), testing::HasSubstr("no training rows"));
  auto frequent = MakeStep("impute", "most_frequent", Column(arrow::utf8()));
  EXPECT_THAT(frequent->Learn({CountsOf(ArrayOf(arrow::utf8(), "[]"), "[]", 4)}).message(),
              testing::HasSubstr("the most frequent of: all 4 training rows are null"));
}

TEST(Impute, IsRestoredFromItsDescription) {
  std::vector<std::pair<std::unique_ptr<Transform>, ColumnInfo>> learned;
  const auto add = [&](const nlohmann::json& options, const ColumnInfo& input,
                       const std::vector<std::shared_ptr<const Statistic>>& statistics) {
    learned.emplace_back(LearnedFill(options, input, statistics), input);
  };
  auto bounded = std::make_shared<SortedQuantiles>(kImputedValues);
  bounded->median_error_bound = 0.125;
  add("median", NumericColumn(), {bounded});
  add({{"strategy", "mean"}, {"indicator", true}}, Column(arrow::int64()),
      {MomentsOf(kImputedValues)});
  add("most_frequent", Column(arrow::int64()),
      {CountsOf(ArrayOf(arrow::int64(), "[3]"), "[2]"), MomentsOf({3.0, 3.0})});
  add("most_frequent", Column(arrow::uint64()),
      {CountsOf(ArrayOf(arrow::uint64(), "[18446744073709551615]"), "[2]"), MomentsOf({0x1p64})});
  add("most_frequent", Column(arrow::decimal128(20, 2)),
      {CountsOf(ArrayOf(arrow::decimal128(20, 2), R"(["123456789012345678.25"])"), "[2]"),
       MomentsOf({123456789012345678.25})});
  add("most_frequent", Column(arrow::float32()),
      {CountsOf(ArrayOf(arrow::float32(), "[0.1]"), "[2]"), MomentsOf({0.0, 1.0})});
  add("most_frequent", Column(arrow::boolean()),
      {CountsOf(ArrayOf(arrow::boolean(), "[false]"), "[2]")});
  const auto nanos = arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
  add("most_frequent", Column(nanos), {CountsOf(ArrayOf(nanos, "[9007199254740993]"), "[2]", 1)});
  for (const auto& [step, input] : learned) {
    SCOPED_TRACE(step->Describe().dump());
    auto restored = MakeStep("impute", step->options(), input);
    const arrow::Status status = restored->Restore(ThroughFile(step->Describe()), nullptr);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(restored->Describe(), step->Describe());
    EXPECT_TRUE(restored->fill()->value.values->Equals(step->fill()->value.values));
    EXPECT_EQ(restored->fill()->weight, step->fill()->weight);
  }
  EXPECT_EQ(learned[0].first->Describe()["median_error_bound"], 0.125);
  nlohmann::json bad = learned[0].first->Describe();
  bad["fill"] = 5.0;
  EXPECT_THAT(MakeStep("impute", "median", NumericColumn())->Restore(bad, nullptr).message(),
              testing::HasSubstr("'fill' must be between 'min' and 'max'"));
  bad = learned[2].first->Describe();
  bad["fill"] = 2;
  EXPECT_THAT(
      MakeStep("impute", "most_frequent", Column(arrow::int64()))->Restore(bad, nullptr).message(),
      testing::HasSubstr("'fill' must be between 'min' and 'max'"));
  bad = learned[6].first->Describe();
  bad["fill"] = "no";
  EXPECT_THAT(MakeStep("impute", "most_frequent", Column(arrow::boolean()))
                  ->Restore(bad, nullptr)
                  .message(),
              testing::HasSubstr("\"no\" is not a value of type bool"));
}

TEST(Impute, RefusesBadOptions) {
  EXPECT_THAT(Refusal("impute", "medain", NumericColumn()),
              testing::HasSubstr("did you mean 'median'?"));
  EXPECT_THAT(Refusal("impute", nullptr, NumericColumn()),
              testing::HasSubstr("'strategy' is missing"));
  EXPECT_THAT(Refusal("impute", "constant", NumericColumn()),
              testing::HasSubstr("option 'constant' is missing"));
  EXPECT_THAT(Refusal("impute", {{"strategy", "mean"}, {"constant", 1}}, NumericColumn()),
              testing::HasSubstr("does not go with strategy 'mean'"));
  EXPECT_THAT(Refusal("impute", {{"constant", "one"}}, NumericColumn()),
              testing::HasSubstr("must be a finite number for column 'x'"));
  EXPECT_THAT(Refusal("impute", {{"constant", 1}}, Column(arrow::utf8())),
              testing::HasSubstr("must be a value of type string for column 'x'; found 1"));
  EXPECT_THAT(Refusal("impute", "mean", Column(arrow::utf8())),
              testing::HasSubstr("use most_frequent or {constant: ...}"));
}

}  // namespace
}  // namespace emberharmony::feature
