#include "emberharmony/engine/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/engine/memory_forecast.h"

namespace emberharmony::engine {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kMebibyte = int64_t{1} << 20;

class ExplainTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("explain_" + std::to_string(getpid()));
    fs::create_directories(root_);
    std::ofstream table(root_ / "table.csv");
    table << "number,word,day\n";
    for (int i = 0; i < 5'000; ++i) {
      table << i % 97 << ",w" << i % 40 << ",2024-01-" << (i % 28 < 9 ? "0" : "") << i % 28 + 1
            << "\n";
    }
  }
  void TearDown() override { fs::remove_all(root_); }

  arrow::Result<Explanation> Explain(const std::string& plan, const RunOptions& options = {}) {
    ARROW_ASSIGN_OR_RAISE(auto context, RunContext::Make(options, nullptr));
    PlanRequest request;
    request.text = "version: 1\n" + plan;
    request.name = "plan.yaml";
    SourceRequest source;
    source.location = (root_ / "table.csv").string();
    return RunExplain(source, request, context.get());
  }

  static std::vector<std::string> PhasesOf(const Explanation& explanation) {
    std::vector<std::string> phases;
    for (const ExplainedPass& pass : explanation.passes) phases.push_back(pass.phase);
    return phases;
  }

  fs::path root_;
};

TEST_F(ExplainTest, RowsThatAreReadTogetherAreSplitWhileLearning) {
  const auto explained =
      Explain("features:\n  - {columns: [number], steps: [{scale: standard}]}\n").ValueOrDie();
  EXPECT_THAT(PhasesOf(explained), ElementsAre("fit", "transform"));
  EXPECT_THAT(explained.passes[0].columns, ElementsAre("number", "word", "day"));
  EXPECT_EQ(explained.bytes_read.max, 2 * explained.passes[0].bytes);
  // Nobody learns: the rows are hashed in a pass of their own.
  EXPECT_THAT(
      PhasesOf(Explain("features:\n  - {columns: [number], steps: [passthrough]}\n").ValueOrDie()),
      ElementsAre("split", "transform"));
}

TEST_F(ExplainTest, AStepBehindLearnedBucketsTakesAnotherPass) {
  const auto explained =
      Explain(
          "split: {train: 1, validation: 0, test: 0}\nfeatures:\n"
          "  - {columns: [number], steps: [{bucketize: {quantiles: 3}}, one_hot]}\n"
          "  - {columns: [word], steps: [one_hot]}\n")
          .ValueOrDie();
  EXPECT_THAT(PhasesOf(explained), ElementsAre("fit", "fit", "transform"));
  EXPECT_THAT(explained.passes[1].columns, ElementsAre("number"));
  ASSERT_TRUE(explained.features[1].categories.has_value());
  EXPECT_EQ(explained.features[1].categories->columns.min, 40);
  EXPECT_TRUE(explained.features[1].categories->columns.known());
  EXPECT_EQ(explained.width.min, 40);
  EXPECT_EQ(explained.width.max, 43) << "three buckets at most";
}

TEST_F(ExplainTest, RefusesWhatIsCertainToBeTooWide) {
  const auto refused =
      Explain("features:\n  - {columns: [word], steps: [{one_hot: {max_categories: 39}}]}\n");
  EXPECT_EQ(base::KindOf(refused.status()), base::ErrorKind::kUsage);
  EXPECT_THAT(refused.status().message(),
              testing::AllOf(HasSubstr("plan.yaml:3:"), HasSubstr("column 'word'"),
                             HasSubstr("40 distinct values"), HasSubstr("max_categories is 39")));
  EXPECT_TRUE(
      Explain("features:\n  - {columns: [word], steps: [{one_hot: {max_categories: 40}}]}\n").ok());
}

TEST_F(ExplainTest, MoreThreadsTakeMoreMemoryAndTheLimitHolds) {
  const std::string plan =
      "features:\n  - {columns: [number, day], steps: [passthrough]}\n  - {columns: [word], steps: "
      "[vocabulary]}\n";
  RunOptions options;
  options.memory_bytes = 512 * kMebibyte;
  options.num_threads = 1;
  const ExplainedMemory one = Explain(plan, options).ValueOrDie().memory;
  EXPECT_TRUE(one.fits());
  EXPECT_EQ(one.estimate_bytes, one.wanted_bytes);
  EXPECT_LE(one.least_bytes, one.wanted_bytes);
  options.memory_bytes = 128 * kMebibyte;
  const ExplainedMemory little = Explain(plan, options).ValueOrDie().memory;
  EXPECT_LE(little.estimate_bytes, little.limit_bytes);
  EXPECT_EQ(little.limit_bytes, 128 * kMebibyte);
}

TEST(NominalBudget, LeavesRoomForTheProgram) {
  EXPECT_LT(NominalBudgetBytes(128 * kMebibyte), 128 * kMebibyte);
  EXPECT_GT(NominalBudgetBytes(128 * kMebibyte), 0);
  EXPECT_GT(NominalBudgetBytes(1024 * kMebibyte), 900 * kMebibyte);
}

}  // namespace
}  // namespace emberharmony::engine
