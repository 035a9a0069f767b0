#pragma once

#include "emberharmony/engine/explanation.h"
#include "emberharmony/engine/planned_run.h"

namespace emberharmony::engine {

/// What a run has for its data of a limit of resident memory, as it is counted beforehand: the same
/// for all processes, whatever this one holds.
int64_t NominalBudgetBytes(int64_t memory_limit_bytes);

/// Fills in the memory of each pass and of the whole run, from what tasks ask of the run's gate
/// (ScanBytes, SplitKeyBytes, GroupTaskBytes and the like) on the run's threads, and the bounds of
/// states (AnalyzerTraits::state_bytes_max), or, where they grow with the data, what the sample
/// took.
void ForecastMemory(const PlannedRun& run, Explanation* explanation);

}  // namespace emberharmony::engine
