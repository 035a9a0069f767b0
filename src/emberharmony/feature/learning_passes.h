#pragma once

#include <vector>

#include "emberharmony/feature/pipeline.h"

namespace emberharmony::feature {

/// A step that can learn in one pass over the data, and what its values have gone through by then.
struct LearnableStep {
  int step = 0;
  std::vector<int> path;  ///< the steps to apply to the source values first, in order
  int fill_step = -1;     ///< an impute whose fill joins what was learned at the end; -1: none
};

/// What can be learned in the next pass once the steps marked in `learned` need nothing more
/// (Pipeline::NextProbes): every other step before which nothing unlearned stands, except one
/// impute whose fill can be joined in at the end.
std::vector<LearnableStep> LearnableSteps(const Pipeline& pipeline,
                                          const std::vector<bool>& learned);

/// The steps that learn in each pass over the data, from the first pass on, before any has learned;
/// empty when none learns. A pass that refines a statistic (Analyzer::Refine) comes on top: whether
/// there is one, only the data say.
std::vector<std::vector<LearnableStep>> LearningPasses(const Pipeline& pipeline);

}  // namespace emberharmony::feature
