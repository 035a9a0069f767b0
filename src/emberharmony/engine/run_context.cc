#include "emberharmony/engine/run_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/machine_memory.h"
#include "emberharmony/base/process_memory.h"
#include "emberharmony/base/thread_pool.h"

namespace emberharmony::engine {

namespace {

// What a run takes beside accounted memory: thread stacks, small objects, malloc's slack.
int64_t UnaccountedBytes(int64_t limit_bytes) { return (int64_t{8} << 20) + limit_bytes / 32; }
// How often the budget is fitted to what is really there.
constexpr int64_t kLookMs = 10;

// What the process holds for itself: mapped memory where the system limits that, else anonymous
// memory that has been touched.
int64_t PrivateBytes() {
  const base::ProcessMemory memory = base::ReadProcessMemory();
  return base::PrivateBytesAreLimited() ? memory.private_mapped : memory.anonymous;
}

// What the process holds beside a budget's bytes. The two cannot be read in one instant: what other
// threads take or give back between must not count as held outside, or it would be missing from the
// budget until the next look.
int64_t OutsideBytes(const base::MemoryBudget& budget) {
  constexpr int kTries = 8;
  int64_t outside = INT64_MAX;
  for (int i = 0; i < kTries; ++i) {
    const int64_t before = budget.bytes_allocated();
    const int64_t held = PrivateBytes();
    const int64_t after = budget.bytes_allocated();
    outside = std::min(outside, std::max<int64_t>(0, held - std::max(before, after)));
    if (before == after) break;
  }
  return outside;
}

}  // namespace

int64_t MemoryLimitBytes(const RunOptions& options) {
  return options.memory_bytes > 0 ? options.memory_bytes : base::MachineMemoryBytes() / 4 * 3;
}

arrow::Result<std::unique_ptr<RunContext>> RunContext::Make(const RunOptions& options,
                                                            ProgressListener* listener) {
  if (options.memory_bytes != 0 && options.memory_bytes < kMemoryBytesMin) {
    return base::UsageError(fmt::format("--memory must be at least 128MiB, found {}",
                                        base::FormatByteSize(options.memory_bytes)));
  }
  if (options.batch_rows < 1) {
    return base::UsageError(
        fmt::format("--batch-rows must be at least 1, found {}", options.batch_rows));
  }
  if (options.num_threads < 0 || options.num_threads > 1024) {
    return base::UsageError(
        fmt::format("--threads must be between 1 and 1024, found {}", options.num_threads));
  }
  std::error_code error;
  if (!options.spill_dir.empty() && !std::filesystem::is_directory(options.spill_dir, error)) {
    return base::UsageError(
        fmt::format("--spill-dir must be a folder that exists, found '{}'", options.spill_dir));
  }
  std::unique_ptr<RunContext> context(new RunContext(options, listener));
  // Ahead of the limits: what its framework holds is not for the run's data.
  ARROW_ASSIGN_OR_RAISE(context->backends_, NumericBackends::Make(options.backend));
  context->num_threads_ = options.num_threads > 0 ? options.num_threads : base::AvailableCores();
  context->memory_limit_bytes_ = MemoryLimitBytes(options);
  const base::ProcessMemory memory = base::ReadProcessMemory();
  const int64_t held = PrivateBytes();
  if (held > 0) {
    // Beside what is held now the limit is for what a run adds, judged by mapped or by anonymous
    // memory.
    context->private_bytes_max_ =
        base::PrivateBytesMax(context->memory_limit_bytes_, memory) - memory.private_mapped + held;
  }
  const int64_t available = held > 0 ? context->private_bytes_max_ - held
                                     : context->memory_limit_bytes_ - base::ResidentBytes();
  const int64_t accounted =
      std::max(available - UnaccountedBytes(context->memory_limit_bytes_), kMemoryBytesMin / 4);
  context->budget_ = base::MemoryBudget::MakeRoot("run", accounted);
  context->learned_ = context->budget_->MakeChild("learned");
  context->spillable_ = context->budget_->MakeChild("counts", /*limit_bytes=*/0, accounted / 4);
  context->learned_bytes_max_ = accounted / 2;
  context->gate_ = std::make_unique<TaskGate>(context->budget_.get());
  base::Log(base::LogLevel::kInfo, "{} threads; memory limit {}, of which {} for the run's data",
            context->num_threads_, base::FormatByteSize(context->memory_limit_bytes_),
            base::FormatByteSize(accounted));
  return context;
}

feature::StateOptions RunContext::learned_memory(const std::string& spill_dir) {
  return {budget_.get(), spill_dir, spillable_.get(), learned_.get(), learned_bytes_max_};
}

arrow::Status RunContext::CheckStop() {
  if (stop_.load(std::memory_order_relaxed)) return base::InterruptedError("interrupted");
  const int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::steady_clock::now().time_since_epoch())
                          .count();
  int64_t next = next_look_ms_.load(std::memory_order_relaxed);
  if (now >= next && next_look_ms_.compare_exchange_strong(next, now + kLookMs)) FitBudget();
  return arrow::Status::OK();
}

// What the process has mapped beyond what is accounted for (malloc's slack, small objects, stacks)
// is not the budget's to give.
void RunContext::FitBudget() {
  if (private_bytes_max_ == 0) return;
  const int64_t outside = OutsideBytes(*budget_);
  const int64_t limit = private_bytes_max_ - outside - UnaccountedBytes(memory_limit_bytes_) / 2;
  budget_->set_limit_bytes(std::max(limit, kMemoryBytesMin / 8));
}

}  // namespace emberharmony::engine
