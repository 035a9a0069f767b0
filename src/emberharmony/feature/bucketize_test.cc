#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

std::shared_ptr<arrow::Array> Int32s(const std::string& json) {
  return ArrayOf(arrow::int32(), json);
}

// numpy.digitize([-inf, -1, -1e-300, -0.0, 0, 1.5, 2, 9.99, 10, 11, inf], [0, 2, 10]).
TEST(Bucketize, CountsTheEdgesNotAboveTheValue) {
  const auto step = MakeStep("bucketize", {{"edges", {0, 2, 10}}}, NumericColumn());
  EXPECT_TRUE(ApplyOne(*step, {Doubles({-kInfinity, -1, -1e-300, -0.0, 0, 1.5, 2, 9.99, 10, 11,
                                        kInfinity, kNaN})})
                  ->Equals(Int32s("[0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, null]")));
  const auto zero = MakeStep("bucketize", {{"edges", {-0.0}}}, NumericColumn());
  EXPECT_TRUE(ApplyOne(*zero, {Doubles({-0.0, 0.0, -1e-300})})->Equals(Int32s("[1, 1, 0]")));
}

TEST(Bucketize, TakesNumbersOfEveryKind) {
  const nlohmann::json options = {{"edges", {0.5, 2}}};
  EXPECT_TRUE(ApplyOne(*MakeStep("bucketize", options, Column(arrow::int64())),
                       {ArrayOf(arrow::int64(), "[-9223372036854775808, 1, null, 2]")})
                  ->Equals(Int32s("[0, 1, null, 2]")));
  EXPECT_TRUE(ApplyOne(*MakeStep("bucketize", options, Column(arrow::boolean())),
                       {ArrayOf(arrow::boolean(), "[false, true]")})
                  ->Equals(Int32s("[0, 1]")));
  EXPECT_TRUE(ApplyOne(*MakeStep("bucketize", options, Column(arrow::decimal128(5, 2))),
                       {ArrayOf(arrow::decimal128(5, 2), R"(["0.49", "0.50", "2.00"])")})
                  ->Equals(Int32s("[0, 1, 2]")));
  const auto encoded = ApplyTo(*MakeStep("bucketize", options, Column(arrow::uint8())),
                               {ArrayOf(arrow::uint8(), "[0, 1, 2]"), true});
  EXPECT_TRUE(encoded[0].null_slot);
  EXPECT_TRUE(encoded[0].values->Equals(Int32s("[0, 1, 2]")));
}

std::unique_ptr<Transform> LearnedBuckets(const std::vector<double>& values, int64_t quantiles) {
  auto step = MakeStep("bucketize", {{"quantiles", quantiles}}, NumericColumn());
  const arrow::Status status = step->Learn({std::make_shared<SortedQuantiles>(values)});
  EXPECT_TRUE(status.ok()) << status.ToString();
  return step;
}

// numpy.quantile([1, 2, 3, 4, 10], [0.25, 0.5, 0.75]) is [2, 3, 4].
TEST(Bucketize, LearnsQuantileEdges) {
  const auto step = LearnedBuckets({10, 3, kNaN, 1, 4, 2}, 4);
  EXPECT_EQ(step->Describe(), (nlohmann::json{{"step", "bucketize"},
                                              {"quantiles", 4},
                                              {"count", 5},
                                              {"null_count", 1},
                                              {"edges", {2.0, 3.0, 4.0}},
                                              {"edges_error_bound", 0.0}}));
  EXPECT_TRUE(ApplyOne(*step, {Doubles({0, 2, 2.5, 3, 4, 99, kNaN})})
                  ->Equals(Int32s("[0, 1, 1, 2, 3, 3, null]")));
}

TEST(Bucketize, MergesEdgesThatAreEqual) {
  const auto step = LearnedBuckets({5, 5, 5, 5, 5, 5, 5, 9}, 4);
  EXPECT_EQ(step->Describe()["edges"], nlohmann::json({5.0}));
  EXPECT_TRUE(ApplyOne(*step, {Doubles({4, 5, 9})})->Equals(Int32s("[0, 1, 1]")));
}

TEST(Bucketize, StatesTheLargestErrorBound) {
  class Bounded : public SortedQuantiles {
   public:
    using SortedQuantiles::SortedQuantiles;
    QuantileEstimate Quantile(double q) const override {
      return {SortedQuantiles::Quantile(q).value, q == 0.5 ? 0.25 : 0.125};
    }
  };
  auto step = MakeStep("bucketize", {{"quantiles", 4}}, NumericColumn());
  ASSERT_TRUE(step->Learn({std::make_shared<Bounded>(std::vector<double>{1, 2, 3, 4, 5})}).ok());
  EXPECT_EQ(step->Describe()["edges_error_bound"], 0.25);
}

TEST(Bucketize, CannotLearnFromNothingOrInfinities) {
  auto step = MakeStep("bucketize", {{"quantiles", 4}}, NumericColumn());
  EXPECT_THAT(step->Learn({std::make_shared<SortedQuantiles>(std::vector<double>{kNaN})}).message(),
              testing::HasSubstr("column 'x'"));
  EXPECT_THAT(
      step->Learn({std::make_shared<SortedQuantiles>(std::vector<double>{1, kInfinity})}).message(),
      testing::HasSubstr("clip"));
}

TEST(Bucketize, IsRestoredAndChecked) {
  const auto step = LearnedBuckets({1, 2, 3, 4, 10}, 4);
  const nlohmann::json described = ThroughFile(step->Describe());
  auto restored = MakeStep("bucketize", {{"quantiles", 4}}, NumericColumn());
  ASSERT_TRUE(restored->Restore(described, nullptr).ok());
  EXPECT_EQ(restored->Describe(), step->Describe());
  const std::vector<std::pair<std::string, nlohmann::json>> damages = {
      {"edges", {2.0, 2.0, 4.0}},
      {"edges", {1, 2, 3, 4}},
      {"edges", "x"},
      {"edges", nlohmann::json::array()},
      {"count", 0},
      {"quantiles", 5},
      {"edges_error_bound", -1},
      {"extra", 1}};
  for (const auto& [key, value] : damages) {
    nlohmann::json damaged = described;
    damaged[key] = value;
    const arrow::Status status = restored->Restore(damaged, nullptr);
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData) << key << " " << value;
    EXPECT_FALSE(status.ok()) << key << " " << value;
  }
  auto given = MakeStep("bucketize", {{"edges", {1, 2}}}, NumericColumn());
  EXPECT_EQ(given->Describe(), (nlohmann::json{{"step", "bucketize"}, {"edges", {1.0, 2.0}}}));
  EXPECT_TRUE(given->Restore(ThroughFile(given->Describe()), nullptr).ok());
}

TEST(Bucketize, RefusesBadOptions) {
  const ColumnInfo input = NumericColumn();
  EXPECT_THAT(Refusal("bucketize", nullptr, input), testing::HasSubstr("either 'edges' or"));
  EXPECT_THAT(Refusal("bucketize", {{"edges", {1}}, {"quantiles", 2}}, input),
              testing::HasSubstr("either 'edges' or"));
  EXPECT_THAT(Refusal("bucketize", {{"edges", {1, 2, 2}}}, input),
              testing::HasSubstr("must ascend; found 2 after 2"));
  EXPECT_THAT(Refusal("bucketize", {{"edges", {0, -0.0}}}, input),
              testing::HasSubstr("must ascend; found 0 after 0"));
  EXPECT_THAT(Refusal("bucketize", {{"edges", {1, "2"}}}, input),
              testing::HasSubstr("must be finite numbers; found \"2\""));
  EXPECT_THAT(Refusal("bucketize", {{"edges", {kInfinity}}}, input),
              testing::HasSubstr("must be finite numbers"));
  EXPECT_THAT(Refusal("bucketize", {{"edges", nlohmann::json::array()}}, input),
              testing::HasSubstr("at least one number"));
  EXPECT_THAT(Refusal("bucketize", {{"quantiles", 1}}, input),
              testing::HasSubstr("from 2 to 65536; found 1"));
  EXPECT_THAT(Refusal("bucketize", {{"edges", {1}}}, Column(arrow::utf8())),
              testing::HasSubstr("string"));
}

}  // namespace
}  // namespace emberharmony::feature
