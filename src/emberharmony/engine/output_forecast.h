#pragma once

#include <arrow/result.h>

#include <vector>

#include "emberharmony/engine/explanation.h"
#include "emberharmony/engine/planned_run.h"

namespace emberharmony::engine {

/// The plan's features with their steps and what each puts out. UsageError when a one_hot or a
/// multi_hot is certain to make more columns than its max_categories, in which a run would end; the
/// message names the place in the plan, the column, the bound and what to do.
///
/// What bounds the columns of a one_hot from above, without its data having been read: its
/// max_categories, the rows (not of a multi_hot, whose rows have several values), its type, and for
/// integers and dates the ranges in Parquet footers; from below: what the sample shows.
arrow::Result<std::vector<ExplainedFeature>> ForecastFeatures(const PlannedRun& run,
                                                              const std::string& plan_name);

/// Fills in what a run writes: layout, width, target, shards, and of each split its expected rows
/// and estimated bytes. `explanation` has its features.
void ForecastOutput(const PlannedRun& run, Explanation* explanation);

}  // namespace emberharmony::engine
