#include "emberharmony/engine/run_context.h"

#include <fmt/format.h>
#include <malloc.h>

#include <filesystem>
#include <system_error>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/machine_memory.h"
#include "emberharmony/base/thread_pool.h"

namespace emberharmony::engine {

namespace {

constexpr int64_t kMinMemoryBytes = int64_t{128} << 20;
// What the process holds beside accounted memory once it runs: thread stacks, malloc's slack,
// page-cache-backed code.
constexpr int64_t kUnaccountedBytes = int64_t{24} << 20;
constexpr int64_t kTightMemoryBytes = int64_t{192} << 20;
constexpr int kReturnedBlockBytes = 256 << 10;

}  // namespace

arrow::Result<std::unique_ptr<RunContext>> RunContext::Make(const RunOptions& options,
                                                            ProgressListener* listener) {
  if (options.memory_bytes != 0 && options.memory_bytes < kMinMemoryBytes) {
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
  context->num_threads_ = options.num_threads > 0 ? options.num_threads : base::AvailableCores();
  context->memory_limit_bytes_ =
      options.memory_bytes > 0 ? options.memory_bytes : base::MachineMemoryBytes() / 4 * 3;
  if (context->memory_limit_bytes_ <= kTightMemoryBytes) {
    // Every block of some size is handed back as soon as it is freed; costs page faults, which
    // memory in plenty is spared.
    mallopt(M_MMAP_THRESHOLD, kReturnedBlockBytes);
    mallopt(M_TRIM_THRESHOLD, kReturnedBlockBytes);
  }
  int64_t outside = base::ResidentBytes() + kUnaccountedBytes;
  int64_t accounted = std::max(context->memory_limit_bytes_ - outside, kMinMemoryBytes / 4);
  context->budget_ = base::MemoryBudget::MakeRoot("run", accounted);
  base::Log(base::LogLevel::kInfo, "{} threads; memory limit {}, of which {} for the run's data",
            context->num_threads_, base::FormatByteSize(context->memory_limit_bytes_),
            base::FormatByteSize(accounted));
  context->kept_ = base::MemoryReservation(context->budget_.get());
  return context;
}

arrow::Status RunContext::Keep(const std::string& what, int64_t bytes) {
  std::lock_guard lock(kept_mutex_);
  const arrow::Status status = kept_.Resize(kept_.bytes() + bytes);
  return status.ok() ? status : status.WithMessage(what, ": ", status.message());
}

arrow::Status RunContext::CheckStop() {
  if (stop_.load(std::memory_order_relaxed)) return base::InterruptedError("interrupted");
  if (base::ResidentBytes() > memory_limit_bytes_ / 8 * 7) {
    std::unique_lock lock(trim_mutex_, std::try_to_lock);
    if (lock.owns_lock()) malloc_trim(0);
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::engine
