#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>

namespace emberharmony::engine {

/// How far the run into an output folder is.
struct RunStatus {
  enum class State {
    kComplete,     ///< the output is there, whole
    kRunning,      ///< a process is writing to the folder
    kInterrupted,  ///< a run has left something unfinished
    kDamaged,      ///< the output is there, but not all of its files
  };
  State state = State::kComplete;
  std::string folder;
  std::string command;  ///< "extract", "fit", "transform"; "" where that is not known
  std::string source;   ///< of an unfinished run
  std::string phase;    ///< the last that an unfinished run began
  bool can_continue = false;
  bool has_earlier_output = false;  ///< that an unfinished run is to replace
  /// Done of how many; a total of 0 is not known. Columns are those that learning is done with.
  int64_t columns_done = 0;
  int64_t num_columns = 0;
  int64_t units_done = 0;
  int64_t num_units = 0;
  int64_t rows_done = 0;  ///< in shards that are complete
  int64_t num_rows = 0;
  int64_t num_shards = 0;
  int64_t bytes = 0;  ///< of shards that are complete
  std::string next;   ///< what to do

  /// "complete", "running", "interrupted", "damaged".
  std::string StateName() const;
  std::string ToJson() const;
};

/// Looks at a folder and changes nothing in it. Whatever is in there may come from a stranger: it
/// is bounded, and no path outside of the folder is followed. DataError when there is no such
/// folder, or it cannot be read, UsageError when no run has written it.
arrow::Result<RunStatus> ReadRunStatus(const std::string& folder);

}  // namespace emberharmony::engine
