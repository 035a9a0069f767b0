#pragma once

#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/progress.h"

namespace emberharmony::engine {

/// How a run is carried out. Nothing here shapes a result but content_checksum and keep_state,
/// which add to it.
struct RunOptions {
  int num_threads = 0;  ///< 0: the cores that the process may use
  int64_t memory_bytes =
      0;  ///< limit of the process's resident memory; 0: three quarters of what the machine grants
  int64_t batch_rows = 65536;  ///< rows decoded at a time
  std::string spill_dir;       ///< empty: inside the output folder
  bool content_checksum =
      false;                ///< adds content checksums to the manifest; reads the shards once more
  bool keep_state = false;  ///< extract: keeps state/ in the model, so that it can be merged
  bool overwrite = false;   ///< replaces an earlier output of this program
};

/// What a run shares between its parts: limits, progress and the wish to stop. Thread-safe.
class RunContext {
 public:
  /// UsageError for options out of range (memory below 128 MiB, batch_rows below 1).
  static arrow::Result<std::unique_ptr<RunContext>> Make(const RunOptions& options,
                                                         ProgressListener* listener);

  const RunOptions& options() const { return options_; }
  /// Where states spill unless --spill-dir says otherwise. Before the run's threads start.
  void set_default_spill_dir(const std::string& path) {
    if (options_.spill_dir.empty()) options_.spill_dir = path;
  }
  int num_threads() const { return num_threads_; }
  int64_t memory_limit_bytes() const { return memory_limit_bytes_; }
  base::MemoryBudget* budget() { return budget_.get(); }
  /// Accounts for memory that the run holds from now to its end, outside of the budget's
  /// allocations; OutOfMemory that names `what` when there is no room for it.
  arrow::Status Keep(const std::string& what, int64_t bytes);
  Progress* progress() { return &progress_; }

  /// Asks the run to end; async-signal-safe.
  void RequestStop() { stop_.store(true, std::memory_order_relaxed); }
  /// Called between batches: Cancelled once a stop has been requested. Hands freed memory back to
  /// the system when the process nears its limit.
  arrow::Status CheckStop();

 private:
  RunContext(const RunOptions& options, ProgressListener* listener)
      : options_(options), progress_(listener) {}

  RunOptions options_;
  int num_threads_ = 1;
  int64_t memory_limit_bytes_ = 0;
  std::shared_ptr<base::MemoryBudget> budget_;
  Progress progress_;
  std::atomic<bool> stop_{false};
  std::mutex trim_mutex_;
  std::mutex kept_mutex_;
  base::MemoryReservation kept_;  // guarded by kept_mutex_; of budget_
};

}  // namespace emberharmony::engine
