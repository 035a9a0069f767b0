#include "emberharmony/base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "emberharmony/base/thread_pool_internal.h"

namespace emberharmony::base {
namespace {

int AffinityCores() {
#ifdef __linux__
  // The kernel refuses a mask smaller than its own: grow until it fits.
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (set == nullptr) break;
    const size_t bytes = CPU_ALLOC_SIZE(cpus);
    const int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

// Holds threads back until it is known whether all of them could be started.
class StartGate {
 public:
  void Open(bool run) {
    std::lock_guard lock(mutex_);
    open_ = true;
    run_ = run;
    changed_.notify_all();
  }
  bool Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_; });
    return run_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;  // guarded by mutex_
  bool run_ = false;   // guarded by mutex_
};

}  // namespace

namespace internal {

arrow::Status NoSystemMemory() {
  return arrow::Status::OutOfMemory("the system has no memory left; lower --memory or --threads");
}

arrow::Status UnexpectedException(const char* what) {
  return arrow::Status::UnknownError("unexpected exception: ", what);
}

}  // namespace internal

int AvailableCores() {
  const int affinity = AffinityCores();
  const int quota = internal::CgroupCores("");
  return std::max(1, quota > 0 ? std::min(affinity, quota) : affinity);
}

arrow::Status RunWorkers(int num_threads, const std::function<arrow::Status(int)>& worker) {
  if (num_threads < 1) {
    return arrow::Status::Invalid("expected at least 1 thread, found ", num_threads);
  }
  std::vector<arrow::Status> results(static_cast<size_t>(num_threads));
  std::vector<std::thread> threads;
  StartGate gate;
  arrow::Status started;
  try {
    threads.reserve(static_cast<size_t>(num_threads) - 1);
    for (int i = 1; i < num_threads; ++i) {
      threads.emplace_back([&, i] {
        if (gate.Wait()) results[i] = Guarded([&] { return worker(i); });
      });
    }
  } catch (const std::system_error& error) {
    started = arrow::Status::IOError("cannot start ", num_threads, " threads (", error.what(),
                                     "); lower --threads or raise the process limit (ulimit -u)");
  }
  gate.Open(started.ok());
  if (started.ok()) results[0] = Guarded([&] { return worker(0); });
  for (std::thread& thread : threads) thread.join();
  ARROW_RETURN_NOT_OK(started);
  for (arrow::Status& result : results) ARROW_RETURN_NOT_OK(result);
  return arrow::Status::OK();
}

arrow::Status ParallelFor(int num_threads, int64_t n,
                          const std::function<arrow::Status(int64_t)>& fn) {
  if (n <= 0) return arrow::Status::OK();
  std::atomic<int64_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  int64_t first_failed = std::numeric_limits<int64_t>::max();  // guarded by mutex
  arrow::Status first_error;                                   // guarded by mutex
  const auto worker = [&](int) {
    while (!failed.load(std::memory_order_relaxed)) {
      const int64_t i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= n) break;
      arrow::Status status = Guarded([&] { return fn(i); });
      if (status.ok()) continue;
      std::lock_guard lock(mutex);
      failed.store(true, std::memory_order_relaxed);
      if (i < first_failed) {
        first_failed = i;
        first_error = std::move(status);
      }
    }
    return arrow::Status::OK();
  };
  const int64_t threads = std::min<int64_t>(std::max(1, num_threads), n);
  ARROW_RETURN_NOT_OK(RunWorkers(static_cast<int>(threads), worker));
  return first_error;
}

}  // namespace emberharmony::base
