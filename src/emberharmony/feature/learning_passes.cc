#include "emberharmony/feature/learning_passes.h"

#include <algorithm>

namespace emberharmony::feature {

std::vector<LearnableStep> LearnableSteps(const Pipeline& pipeline,
                                          const std::vector<bool>& learned) {
  std::vector<LearnableStep> steps;
  std::vector<int> path;
  int fill_step = -1;
  for (int i = 0; i < pipeline.num_steps(); ++i) {
    const TransformTraits traits = pipeline.step(i).traits();
    // Before an impute that turns the values into numbers they have another type than behind it.
    const bool type_differs = fill_step >= 0 && traits.exact_type &&
                              pipeline.step(fill_step).outputs().front().numeric_form;
    if (learned[i]) {
      // Another step that fills would take the rows that the first one is about to fill.
      if (fill_step >= 0 && (traits.fills_missing || type_differs)) break;
      path.push_back(i);
      continue;
    }
    if (!type_differs) steps.push_back({i, path, fill_step});
    if (fill_step >= 0 || !traits.fills_missing) break;
    fill_step = i;
  }
  return steps;
}

std::vector<std::vector<LearnableStep>> LearningPasses(const Pipeline& pipeline) {
  std::vector<bool> learned;
  for (int i = 0; i < pipeline.num_steps(); ++i) {
    learned.push_back(pipeline.step(i).analyzers().empty());
  }
  std::vector<std::vector<LearnableStep>> passes;
  while (std::find(learned.begin(), learned.end(), false) != learned.end()) {
    passes.push_back(LearnableSteps(pipeline, learned));
    for (const LearnableStep& step : passes.back()) learned[step.step] = true;
  }
  return passes;
}

}  // namespace emberharmony::feature
