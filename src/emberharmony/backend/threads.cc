#include "emberharmony/backend/threads.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>

#include "emberharmony/base/thread_pool.h"

namespace emberharmony::backend {
namespace {

/// More than any machine has; a slip of the keyboard must not start a million threads.
constexpr int kThreadsMax = 4096;

/// Parts of a range that are handed out to threads: enough that uneven ones do not leave threads
/// idle for long.
constexpr int64_t kPartsMax = 256;

int DefaultNumThreads() {
  if (const char* text = std::getenv("EMBERHARMONY_NUM_THREADS")) {
    int number = 0;
    const char* end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, number);
    if (error == std::errc{} && stop == end && number >= 1 && number <= kThreadsMax) return number;
  }
  return base::AvailableCores();
}

std::atomic<int>& ChosenNumThreads() {
  static std::atomic<int> chosen{DefaultNumThreads()};
  return chosen;
}

}  // namespace

int NumThreads() {
  return base::InsideWorker() ? 1 : ChosenNumThreads().load(std::memory_order_relaxed);
}

void SetNumThreads(int num_threads) {
  if (num_threads < 1 || num_threads > kThreadsMax) {
    throw std::invalid_argument("expected a number of threads from 1 to " +
                                std::to_string(kThreadsMax) + ", found " +
                                std::to_string(num_threads));
  }
  ChosenNumThreads().store(num_threads, std::memory_order_relaxed);
}

void ParallelRanges(int64_t n, int64_t grain, base::FunctionView<void(int64_t, int64_t)> f) {
  if (n <= 0) return;
  const int64_t grains = (n - 1) / grain + 1;
  const int64_t part = ((grains - 1) / kPartsMax + 1) * grain;
  const int64_t parts = (n - 1) / part + 1;
  if (n < 2 * grain || NumThreads() == 1) {
    f(0, n);
    return;
  }
  std::mutex mutex;
  std::exception_ptr first;  // guarded by mutex
  const arrow::Status status = base::ParallelFor(NumThreads(), parts, [&](int64_t i) {
    try {
      f(i * part, std::min(n, (i + 1) * part));
    } catch (...) {
      std::lock_guard lock(mutex);
      if (!first) first = std::current_exception();
      return arrow::Status::UnknownError("a part failed");
    }
    return arrow::Status::OK();
  });
  if (first) std::rethrow_exception(first);
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

}  // namespace emberharmony::backend
