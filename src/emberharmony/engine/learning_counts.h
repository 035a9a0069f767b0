#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "emberharmony/feature/pipeline.h"
#include "emberharmony/plan/plan.h"

namespace emberharmony::engine {

/// How much of a plan learns, and of that how much has.
struct LearningCounts {
  int64_t columns = 0;  ///< with a step that learns, those that row-wise steps yield among them
  int64_t learned_columns = 0;
  int64_t row_steps = 0;  ///< row-wise steps that learn
  int64_t learned_row_steps = 0;
};

LearningCounts CountLearning(const std::vector<std::unique_ptr<feature::Pipeline>>& pipelines,
                             const std::vector<plan::BoundRowStep>& row_steps);

}  // namespace emberharmony::engine
