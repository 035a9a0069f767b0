#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <string>

namespace emberharmony::engine {

/// How far the run into an output folder is.
struct RunStatus {
  enum class State {
    kComplete,     ///< the output is there, whole
    kRunning,      ///< a process is writing to the folder
    kInterrupted,  ///< a run was stopped or killed, and has left something unfinished
    kFailed,       ///< the same of one that ended with an error which may pass
    kDamaged,      ///< the output is there, but not all of its files
  };
  State state = State::kComplete;
  std::string folder;
  std::string command;  ///< "extract", "fit", "transform"; "" where that is not known
  std::string source;   ///< of an unfinished run
  std::string phase;    ///< the last that an unfinished run began
  /// What ended an unfinished run that is not running: "stopped" (Ctrl-C, SIGTERM), "killed" (it
  /// had no time to say), "memory" (the limit), "error". "" while it runs.
  std::string ended_by;
  bool can_continue = false;
  bool has_earlier_output = false;  ///< that an unfinished run is to replace
  /// Learned, of how many that learn, once that is known. Columns with those that steps on whole
  /// rows yield; and such steps.
  bool knows_learning = false;
  int64_t columns_done = 0;
  int64_t num_columns = 0;
  int64_t row_steps_done = 0;
  int64_t num_row_steps = 0;
  /// From how many training rows a complete model has learned, as far as it tells.
  std::optional<int64_t> rows_learned;
  /// Written, of how many, once that is known; a fit writes none, and the totals are what it reads.
  bool knows_rows = false;
  int64_t units_done = 0;
  int64_t num_units = 0;
  int64_t rows_done = 0;  ///< in shards that are complete
  int64_t num_rows = 0;
  int64_t num_shards = 0;
  int64_t bytes = 0;  ///< of shards that are complete
  std::string next;   ///< what to do

  /// "complete", "running", "interrupted", "failed", "damaged".
  std::string StateName() const;
  /// Whether the run writes rows, and not a model alone.
  bool writes_rows() const { return command != "fit"; }
  std::string ToJson() const;
};

/// Looks at a folder and changes nothing in it. Whatever is in there may come from a stranger: it
/// is bounded, and no path outside of the folder is followed. DataError when there is no such
/// folder, or it cannot be read, UsageError when no run has written it.
arrow::Result<RunStatus> ReadRunStatus(const std::string& folder);

}  // namespace emberharmony::engine
