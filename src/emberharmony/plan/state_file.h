#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <string>
#include <vector>

#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::plan {

/// States of one column, or one row-wise step, as a file: what an unfinished fit keeps. Their
/// source_column does not matter; the order of their keys is made canonical.
arrow::Status WriteStateFile(std::vector<SavedState> states, arrow::io::OutputStream* stream);

/// What WriteStateFile wrote, with `source_column` for all; checked, it may come from a stranger.
/// DataError for anything else. The states are read again from the file when they are used.
arrow::Result<std::vector<SavedState>> ReadStateFile(const std::string& path, int source_column);

}  // namespace emberharmony::plan
