#include "emberharmony/engine/learning_counts.h"

#include <algorithm>
#include <map>
#include <string>

#include "emberharmony/feature/row_transform.h"

namespace emberharmony::engine {

namespace {

bool HasStepThatLearns(const feature::Pipeline& pipeline) {
  for (int s = 0; s < pipeline.num_steps(); ++s) {
    if (!pipeline.step(s).analyzers().empty()) return true;
  }
  return false;
}

}  // namespace

LearningCounts CountLearning(const std::vector<std::unique_ptr<feature::Pipeline>>& pipelines,
                             const std::vector<plan::BoundRowStep>& row_steps) {
  LearningCounts counts;
  std::map<std::string, bool> learned;  // by column
  const auto add = [&](const feature::Pipeline& pipeline) {
    if (!HasStepThatLearns(pipeline)) return;
    const auto [found, is_new] = learned.emplace(pipeline.source_column(), true);
    found->second = found->second && pipeline.learned();
  };
  for (const auto& pipeline : pipelines) add(*pipeline);
  for (const plan::BoundRowStep& row_step : row_steps) {
    for (const auto& input : row_step.inputs) add(*input);
    const auto learner = row_step.step->MakeLearner(nullptr);
    if (!learner.ok() || *learner == nullptr) continue;
    ++counts.row_steps;
    if (row_step.step->learned()) ++counts.learned_row_steps;
  }
  counts.columns = static_cast<int64_t>(learned.size());
  counts.learned_columns =
      std::ranges::count_if(learned, [](const auto& column) { return column.second; });
  return counts;
}

}  // namespace emberharmony::engine
