#pragma once

#include <arrow/status.h>

#include <memory>
#include <vector>

#include "emberharmony/engine/column_jobs.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

/// These columns, those with the most to read first, so that the last to end is a small one.
std::vector<int> ByDescendingBytes(const io::Source& source, std::vector<int> columns);

/// Runs jobs on a source's columns: one column after the other where they cost nothing for each
/// other (RunColumnJobs), which keeps few states in memory; else together, so that a unit is read
/// once (RunUnitJobs).
arrow::Status RunJobs(const std::vector<std::unique_ptr<ColumnJob>>& jobs, const io::Source& source,
                      const SplitVectors& splits, RunContext* context);

}  // namespace emberharmony::engine
