#pragma once

#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/numeric_backends.h"
#include "emberharmony/engine/progress.h"
#include "emberharmony/engine/run_options.h"
#include "emberharmony/engine/task_gate.h"
#include "emberharmony/feature/analyzer.h"

namespace emberharmony::engine {

/// The limit of resident memory that the options mean, in bytes.
int64_t MemoryLimitBytes(const RunOptions& options);

/// What a run shares between its parts: limits, progress and the wish to stop. Thread-safe.
class RunContext {
 public:
  /// UsageError for options out of range (memory below 128 MiB, batch_rows below 1), and for a
  /// backend that is not there. Loads the one that is named.
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
  /// Where what is learned is kept. Vocabularies may take half of the budget there, and lie in
  /// temporary files beyond, in the folder given (empty: they may not).
  feature::StateOptions learned_memory(const std::string& spill_dir);
  /// Where tasks wait while there is no memory for more of them.
  TaskGate* gate() { return gate_.get(); }
  Progress* progress() { return &progress_; }
  const NumericBackends& backends() const { return *backends_; }
  /// What the plan says of it, once the plan is known; before anything is computed.
  void set_compute(const std::string& compute) { backends_->set_compute(compute); }

  /// Asks the run to end; async-signal-safe.
  void RequestStop() { stop_.store(true, std::memory_order_relaxed); }
  /// Called between batches: Cancelled once a stop has been requested. From time to time the budget
  /// is fitted to what the process holds outside of it.
  arrow::Status CheckStop();

 private:
  void FitBudget();
  RunContext(const RunOptions& options, ProgressListener* listener)
      : options_(options), progress_(listener) {}

  RunOptions options_;
  int num_threads_ = 1;
  int64_t memory_limit_bytes_ = 0;
  std::shared_ptr<base::MemoryBudget> budget_;
  std::shared_ptr<base::MemoryBudget> learned_;    // of budget_
  std::shared_ptr<base::MemoryBudget> spillable_;  // of budget_
  Progress progress_;
  std::unique_ptr<NumericBackends> backends_;
  std::atomic<bool> stop_{false};
  std::unique_ptr<TaskGate> gate_;
  int64_t learned_bytes_max_ = 0;
  int64_t private_bytes_max_ = 0;  // for all that the process maps; 0: unknown
  std::atomic<int64_t> next_look_ms_{0};
};

}  // namespace emberharmony::engine
