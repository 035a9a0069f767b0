#include "emberharmony/feature/learning_passes.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace emberharmony::feature {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::unique_ptr<Pipeline> PipelineOf(std::vector<StepSpec> steps,
                                     std::shared_ptr<arrow::DataType> type = arrow::float64()) {
  auto made = Pipeline::Make(0, *arrow::field("x", std::move(type)), steps, {arrow::float32()});
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return std::move(made).ValueOrDie();
}

// The steps that learn, pass by pass.
std::vector<std::vector<int>> StepsOf(const Pipeline& pipeline) {
  std::vector<std::vector<int>> passes;
  for (const auto& pass : LearningPasses(pipeline)) {
    passes.emplace_back();
    for (const LearnableStep& step : pass) passes.back().push_back(step.step);
  }
  return passes;
}

TEST(LearningPasses, NoneWhereNothingLearns) {
  EXPECT_THAT(StepsOf(*PipelineOf({})), IsEmpty());
  EXPECT_THAT(StepsOf(*PipelineOf({{"clip", {{"min", 0}}}, {"log1p", nullptr}})), IsEmpty());
}

TEST(LearningPasses, OneForAFillAndWhatFollows) {
  EXPECT_THAT(StepsOf(*PipelineOf({{"impute", "median"}, {"scale", "standard"}})),
              ElementsAre(ElementsAre(0, 1)));
  const auto passes = LearningPasses(
      *PipelineOf({{"impute", "mean"}, {"clip", {{"min", 0}}}, {"scale", "robust"}}));
  ASSERT_EQ(passes.size(), 1u);
  ASSERT_EQ(passes[0].size(), 2u);
  EXPECT_EQ(passes[0][1].fill_step, 0);
  EXPECT_THAT(passes[0][1].path, ElementsAre(1)) << "the fill joins at the end";
}

TEST(LearningPasses, AnotherForWhatIsLearnedFromLearnedValues) {
  EXPECT_THAT(StepsOf(*PipelineOf({{"bucketize", {{"quantiles", 4}}}, {"one_hot", nullptr}})),
              ElementsAre(ElementsAre(0), ElementsAre(1)));
  EXPECT_THAT(StepsOf(*PipelineOf({{"scale", "standard"}, {"scale", "min_max"}})),
              ElementsAre(ElementsAre(0), ElementsAre(1)));
}

TEST(LearningPasses, AnotherWhereAFillTurnsValuesIntoNumbers) {
  EXPECT_THAT(StepsOf(*PipelineOf({{"impute", "median"}, {"one_hot", nullptr}}, arrow::int32())),
              ElementsAre(ElementsAre(0), ElementsAre(1)));
  EXPECT_THAT(
      StepsOf(*PipelineOf({{"impute", "most_frequent"}, {"one_hot", nullptr}}, arrow::int32())),
      ElementsAre(ElementsAre(0, 1)));
}

TEST(LearningPasses, TheFirstIsWhatAPipelineAsksFor) {
  for (const auto& pipeline :
       {PipelineOf({{"impute", "median"}, {"scale", "standard"}}),
        PipelineOf({{"bucketize", {{"quantiles", 4}}}, {"one_hot", nullptr}}),
        PipelineOf({{"impute", "mean"}, {"impute", "median"}, {"scale", "standard"}})}) {
    std::vector<int> asked;
    for (const Probe& probe : pipeline->NextProbes()) asked.push_back(probe.step);
    EXPECT_EQ(StepsOf(*pipeline).front(), asked);
  }
}

}  // namespace
}  // namespace emberharmony::feature
