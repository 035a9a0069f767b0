#pragma once

#include <arrow/result.h>

#include <vector>

#include "emberharmony/engine/explanation.h"
#include "emberharmony/engine/planned_run.h"

namespace emberharmony::engine {

/// The passes over the data that a run will make, in their order, with what each reads; their
/// memory is not filled in. Told from the decisions that the run itself takes: DecideSplitReading,
/// MayLackValues, feature::LearningPasses, RowSizesOf. `features` are the plan's, for the width of
/// what is not known before learning.
arrow::Result<std::vector<ExplainedPass>> ForecastPasses(
    const PlannedRun& run, const std::vector<ExplainedFeature>& features);

}  // namespace emberharmony::engine
