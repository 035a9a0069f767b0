#pragma once

#include <arrow/status.h>

#include <memory>
#include <vector>

#include "emberharmony/engine/column_jobs.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

/// Runs the jobs for a source whose columns are not independent (CSV): each pass reads each unit
/// once, for the columns of all jobs that have something to scan, the units in parallel.
///
/// All states of a pass live at the same time, one each, however many threads there are; a thread
/// that has values for a state waits while another adds to it.
arrow::Status RunUnitJobs(const std::vector<std::unique_ptr<ColumnJob>>& jobs,
                          const io::Source& source, const SplitVectors& splits,
                          RunContext* context);

}  // namespace emberharmony::engine
