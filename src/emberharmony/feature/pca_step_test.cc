#include <cmath>
#include <random>

#include "emberharmony/feature/row_transform_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

std::shared_ptr<arrow::Array> PcaDoubles(const std::vector<double>& values) {
  return std::make_shared<arrow::DoubleArray>(static_cast<int64_t>(values.size()),
                                              arrow::Buffer::FromVector(values));
}

/// Two columns whose variances are 9 along (0.6, 0.8) and 4 across, but for the sample's.
RowBlock TwoColumns(int64_t num_rows) {
  std::mt19937_64 random(6);
  std::normal_distribution<double> normal;
  std::vector<double> x, y;
  for (int64_t row = 0; row < num_rows; ++row) {
    const double along = 3 * normal(random), across = 2 * normal(random);
    x.push_back(5 + 0.6 * along - 0.8 * across);
    y.push_back(-7 + 0.8 * along + 0.6 * across);
  }
  RowBlock rows;
  rows.num_rows = num_rows;
  rows.columns = {PcaDoubles(x), PcaDoubles(y)};
  return rows;
}

RowContext TwoInputs() { return RowContextOf({arrow::float64(), arrow::float64()}, 2); }

arrow::Status LearnPca(RowTransform* step, const RowBlock& rows, int64_t batch_rows) {
  auto learner = *step->MakeLearner(nullptr);
  bool again = true;
  while (again) {
    for (int64_t begin = 0; begin < rows.num_rows; begin += batch_rows) {
      const int64_t count = std::min(batch_rows, rows.num_rows - begin);
      ARROW_RETURN_NOT_OK(learner->Update(RowSlice(rows, begin, count)));
    }
    ARROW_ASSIGN_OR_RAISE(again, learner->FinishPass());
  }
  return step->Learn(*learner);
}

TEST(PcaStep, LearnsFromTrainingRowsInAnyBatches) {
  RowBlock rows = TwoColumns(4000);
  const auto step = MakeRowStep("pca", 2, TwoInputs());
  ASSERT_TRUE(LearnPca(step.get(), rows, 4000).ok());
  const nlohmann::json learned = step->Describe();
  EXPECT_NEAR(learned["explained_variance"][0].get<double>(), 9, 0.5);
  EXPECT_NEAR(learned["explained_variance"][1].get<double>(), 4, 0.3);
  EXPECT_NEAR(std::abs(learned["loadings"][0][0].get<double>()), 0.6, 0.05);
  const auto again = MakeRowStep("pca", 2, TwoInputs());
  ASSERT_TRUE(LearnPca(again.get(), rows, 7).ok());
  EXPECT_EQ(again->Describe(), learned);
  // Rows that are none of training's change nothing.
  RowBlock more = TwoColumns(4100);
  std::vector<uint8_t> folds(4100, kNoFold);
  std::fill_n(folds.begin(), 4000, uint8_t{0});
  more.folds = folds.data();
  const auto third = MakeRowStep("pca", 2, TwoInputs());
  ASSERT_TRUE(LearnPca(third.get(), more, 333).ok());
  EXPECT_EQ(third->Describe(), learned);
}

TEST(PcaStep, GoesOnWithItsSecondPass) {
  const RowBlock rows = TwoColumns(500);
  const auto expected = MakeRowStep("pca", 2, TwoInputs());
  ASSERT_TRUE(LearnPca(expected.get(), rows, 500).ok());
  const auto step = MakeRowStep("pca", 2, TwoInputs());
  std::string passes;
  {
    const auto first = *step->MakeLearner(nullptr);
    EXPECT_EQ(first->EncodePasses(), "");
    ASSERT_TRUE(first->Update(rows).ok());
    ASSERT_TRUE(*first->FinishPass());
    passes = first->EncodePasses();
  }
  const auto second = *step->MakeLearner(nullptr);
  ASSERT_TRUE(second->RestorePasses(passes).ok());
  ASSERT_TRUE(second->Update(rows).ok());
  ASSERT_FALSE(*second->FinishPass());
  ASSERT_TRUE(step->Learn(*second).ok());
  EXPECT_EQ(step->Describe(), expected->Describe());
  std::string not_finite = passes;
  not_finite.replace(0, 8, std::string("\0\0\0\0\0\0\xf8\x7f", 8));
  for (const std::string& damaged : {std::string(), passes + "x", passes.substr(8), not_finite})
    EXPECT_FALSE((*step->MakeLearner(nullptr))->RestorePasses(damaged).ok());
}

TEST(PcaStep, BehindAnotherStepRowsWithoutValuesAreNoRows) {
  const RowBlock rows = TwoColumns(100);
  const auto expected = MakeRowStep("pca", 2, TwoInputs());
  ASSERT_TRUE(LearnPca(expected.get(), rows, 100).ok());
  RowBlock gaps;
  gaps.num_rows = 103;
  const auto none = ArrayOf(arrow::float64(), "[null, null]");
  for (size_t c = 0; c < 2; ++c) {
    gaps.columns.push_back(*arrow::Concatenate(
        {none, rows.columns[c], ArrayOf(arrow::float64(), c == 0 ? "[null]" : "[1e9]")}));
  }
  RowContext derived = TwoInputs();
  derived.derived = true;
  const auto step = MakeRowStep("pca", 2, derived);
  ASSERT_TRUE(LearnPca(step.get(), gaps, 7).ok());
  EXPECT_EQ(step->Describe(), expected->Describe());
  EXPECT_EQ(step->Describe()["count"], 100);
  const auto of_table = MakeRowStep("pca", 2, TwoInputs());
  EXPECT_THAT(LearnPca(of_table.get(), gaps, 7).message(), testing::HasSubstr("missing values"));
}

TEST(PcaStep, ProjectsRowsAndKeepsMissingOnesMissing) {
  RowBlock rows = TwoColumns(300);
  const auto step = MakeRowStep("pca", {{"components", 2}, {"name", "xy"}}, TwoInputs());
  ASSERT_TRUE(LearnPca(step.get(), rows, 300).ok());
  EXPECT_EQ(step->outputs()[0].name, "xy_1");
  EXPECT_EQ(step->outputs()[1].name, "xy_2");
  const nlohmann::json learned = step->Describe();
  RowBlock served;
  served.num_rows = 3;
  served.columns = {ArrayOf(arrow::float64(), "[1, null, 3]"),
                    ArrayOf(arrow::float64(), "[4, 5, 6]")};
  const auto outputs = ApplyRowsInAnyBatches(*step, served);
  for (int k = 0; k < 2; ++k) {
    const std::vector<double> found = ToVector(*outputs[k]);
    const auto of = [&](double x, double y) {
      return (x - learned["mean"][0].get<double>()) * learned["loadings"][k][0].get<double>() +
             (y - learned["mean"][1].get<double>()) * learned["loadings"][k][1].get<double>();
    };
    EXPECT_NEAR(found[0], of(1, 4), 1e-12);
    EXPECT_TRUE(std::isnan(found[1]));
    EXPECT_NEAR(found[2], of(3, 6), 1e-12);
  }
  // A model that was saved gives the same bits.
  const auto restored = MakeRowStep("pca", step->options(), TwoInputs());
  ASSERT_TRUE(restored->Restore(learned, nullptr).ok());
  EXPECT_EQ(restored->Describe(), learned);
  const auto same = ApplyRows(*restored, served, 3);
  for (int k = 0; k < 2; ++k) {
    EXPECT_TRUE(same[k]->Equals(outputs[k], arrow::EqualOptions().nans_equal(true)));
  }
}

TEST(PcaStep, RefusesWhatItCannotLearnFrom) {
  const auto step = MakeRowStep("pca", 2, TwoInputs());
  RowBlock rows = TwoColumns(300);
  rows.columns[1] = PcaDoubles(std::vector<double>(300, HUGE_VAL));
  arrow::Status status = LearnPca(step.get(), rows, 300);
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
  EXPECT_THAT(status.message(), testing::HasSubstr("'b'"));
  rows.columns[1] = PcaDoubles(std::vector<double>(300, std::nan("")));
  status = LearnPca(step.get(), rows, 300);
  EXPECT_THAT(status.message(), testing::HasSubstr("impute"));
  status = LearnPca(step.get(), TwoColumns(2), 2);
  EXPECT_THAT(status.message(), testing::HasSubstr("more training rows"));
  EXPECT_THAT(RowRefusal("pca", 3, TwoInputs()), testing::HasSubstr("'components'"));
  EXPECT_THAT(RowRefusal("pca", {{"name", 1}}, TwoInputs()), testing::HasSubstr("'name'"));
  EXPECT_THAT(RowRefusal("pca", 1, RowContextOf({arrow::utf8()}, 1)), testing::HasSubstr("pca"));
}

TEST(PcaStep, RefusesADamagedModel) {
  const auto step = MakeRowStep("pca", 1, TwoInputs());
  ASSERT_TRUE(LearnPca(step.get(), TwoColumns(50), 50).ok());
  const nlohmann::json learned = step->Describe();
  for (const char* key : {"mean", "loadings", "explained_variance", "count"}) {
    for (const nlohmann::json& bad : std::vector<nlohmann::json>{
             "x", {1}, {{1}}, nlohmann::json::array(), nullptr, {{1, "x"}}, -1}) {
      nlohmann::json changed = learned;
      changed[key] = bad;
      if (changed == learned ||
          (std::string(key) == "explained_variance" && bad == nlohmann::json{1}))
        continue;
      EXPECT_EQ(base::KindOf(MakeRowStep("pca", 1, TwoInputs())->Restore(changed, nullptr)),
                base::ErrorKind::kData)
          << key << " " << bad;
    }
  }
}

TEST(WindowsStep, EndAtEveryStrideOfAnEntity) {
  RowBlock rows;
  rows.num_rows = 8;
  rows.columns = {ArrayOf(arrow::int64(), "[0, 1, 2, 3, null, 5, 6, 7]"),
                  ArrayOf(arrow::utf8(), R"(["p", "p", "q", "p", "p", "p", "q", "q"])")};
  const auto step = MakeRowStep("windows", {{"size", 2}, {"stride", 2}, {"by", "b"}},
                                RowContextOf({arrow::int64(), arrow::utf8()}, 1));
  EXPECT_EQ(step->outputs()[0].name, "a_window_1");
  EXPECT_EQ(step->outputs()[1].name, "a_window_0");
  const auto outputs = ApplyRowsInAnyBatches(*step, rows);
  // Of p rows 0, 1, 3, 4, 5: windows (0, 1) and (3, null); of q rows 2, 6, 7: (2, 6).
  const double none = std::nan("");
  const auto expect = [&](const arrow::Array& found, const std::vector<double>& expected) {
    EXPECT_TRUE(found.Equals(*PcaDoubles(expected), arrow::EqualOptions().nans_equal(true)))
        << found.ToString();
  };
  expect(*outputs[0], {none, 0, none, none, 3, none, 2, none});
  expect(*outputs[1], {none, 1, none, none, none, none, 6, none});
  EXPECT_TRUE(step->traits().ordered);
  const RowContext context = RowContextOf({arrow::int64()}, 1);
  EXPECT_THAT(RowRefusal("windows", 0, context), testing::HasSubstr("'size'"));
  EXPECT_THAT(RowRefusal("windows", {{"stride", 0}}, context), testing::HasSubstr("'stride'"));
}

}  // namespace
}  // namespace emberharmony::feature
