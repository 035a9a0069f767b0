#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

std::unique_ptr<Transform> LearnedPlaces(const std::vector<double>& values,
                                         const nlohmann::json& options) {
  auto step = MakeStep("quantile_transform", options, NumericColumn());
  const arrow::Status status = step->Learn({std::make_shared<SortedQuantiles>(values)});
  EXPECT_TRUE(status.ok()) << status.ToString();
  return step;
}

// sklearn.preprocessing.QuantileTransformer(n_quantiles=5).fit([[1], [2], [2], [4], [10]]) of
// [0, 1, 1.5, 2, 3, 4, 7, 10, 11].
TEST(QuantileTransform, AgreesWithScikitLearn) {
  const auto step = LearnedPlaces({10, 2, kNaN, 1, 4, 2}, {{"quantiles", 5}});
  ExpectNear(ToVector(*ApplyOne(*step, {Doubles({0, 1, 1.5, 2, 3, 4, 7, 10, 11, kNaN})})),
             {0, 0, 0.125, 0.375, 0.625, 0.75, 0.875, 1, 1, kNaN}, 1e-15);
}

// scipy.stats.norm.ppf of the places; of the ends that of 1e-7.
TEST(QuantileTransform, GivesTheNormalDistributionsQuantiles) {
  std::vector<double> rows;
  for (int i = 0; i <= 1000; ++i) rows.push_back(i);
  const auto step = LearnedPlaces(rows, "normal");
  ExpectNear(ToVector(*ApplyOne(
                 *step, {Doubles({500, 250, 975, 0.01, 1e-4, 1e-13, 0, -5, 1000, 999.9999, 74})})),
             {0, -0.67448975019608171, 1.9599639845400538, -4.2648907939228247, -5.1993375821928169,
              -5.199337582605575, -5.199337582605575, -5.199337582605575, 5.199337582605575,
              5.1993375822906666, -1.4466320671589785},
             1e-9);
}

TEST(QuantileTransform, OfFewerRowsEachIsALandmark) {
  const auto step = LearnedPlaces({5, 1, 3}, nullptr);
  EXPECT_EQ(step->Describe()["landmarks"], nlohmann::json({1.0, 3.0, 5.0}));
  ExpectSame(ToVector(*ApplyOne(*step, {Doubles({1, 2, 3, 4, 5})})), {0, 0.25, 0.5, 0.75, 1});
  const auto one = LearnedPlaces({7, 7}, nullptr);
  ExpectSame(ToVector(*ApplyOne(*one, {Doubles({6, 7, 8})})), {0, 0, 1});
}

TEST(QuantileTransform, IsRestoredAndChecked) {
  const auto step = LearnedPlaces({1, 2, 3, 4, 10}, {{"quantiles", 3}});
  const nlohmann::json described = ThroughFile(step->Describe());
  auto restored = MakeStep("quantile_transform", {{"quantiles", 3}}, NumericColumn());
  ASSERT_TRUE(restored->Restore(described, nullptr).ok());
  EXPECT_EQ(restored->Describe(), step->Describe());
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, nlohmann::json>>{{"landmarks", {1, 3}},
                                                           {"landmarks", {1, 4, 3}},
                                                           {"landmarks", {1, "2", 3}},
                                                           {"landmarks", "x"},
                                                           {"count", 0},
                                                           {"quantiles", 4},
                                                           {"output", "normal"},
                                                           {"landmarks_error_bound", -1},
                                                           {"extra", 1}}) {
    nlohmann::json damaged = described;
    damaged[key] = value;
    EXPECT_EQ(base::KindOf(restored->Restore(damaged, nullptr)), base::ErrorKind::kData)
        << key << " " << value;
  }
}

TEST(QuantileTransform, RefusesWhatItCannotDo) {
  EXPECT_THAT(Refusal("quantile_transform", nullptr, Column(arrow::utf8())),
              testing::HasSubstr("string"));
  EXPECT_THAT(Refusal("quantile_transform", "gauss", NumericColumn()),
              testing::HasSubstr("one of uniform, normal"));
  EXPECT_THAT(Refusal("quantile_transform", {{"quantiles", 9000}}, NumericColumn()),
              testing::HasSubstr("from 2 to 8192"));
  auto step = MakeStep("quantile_transform", nullptr, NumericColumn());
  EXPECT_THAT(step->Learn({std::make_shared<SortedQuantiles>(std::vector<double>{kNaN})}).message(),
              testing::HasSubstr("column 'x'"));
  EXPECT_THAT(
      step->Learn({std::make_shared<SortedQuantiles>(std::vector<double>{1, kInfinity})}).message(),
      testing::HasSubstr("clip"));
}

}  // namespace
}  // namespace emberharmony::feature
