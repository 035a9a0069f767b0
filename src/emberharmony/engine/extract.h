#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/engine/model.h"

namespace emberharmony::engine {

/// What an extract has written.
struct ExtractSummary {
  int64_t num_rows = 0;                       ///< read, after --where and --limit
  int64_t num_dropped_rows = 0;               ///< of them without a target, under drop_null
  std::map<std::string, int64_t> split_rows;  ///< by split: "train", "validation", "test"
  std::vector<std::string> warnings;          ///< what to look at before trusting the output
};

/// Plan, fit, split and transform in one go: writes the folder `output` as `ember extract` does,
/// byte for byte but for the reports. `plan` as in Fit.
///
/// The folder appears, or takes the place of an earlier output (options.run.overwrite), when it is
/// complete; after an error it is as it was, but for what options.run.resume can go on from, where
/// the error's message says so. Errors as Fit's, and UsageError for a folder that is not empty, or
/// for an interrupted run of another request.
arrow::Result<ExtractSummary> Extract(const std::optional<std::string>& plan,
                                      const TableInput& table, const std::string& output,
                                      const FitOptions& options = {});

}  // namespace emberharmony::engine
