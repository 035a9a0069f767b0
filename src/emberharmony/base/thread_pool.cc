#include "emberharmony/base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "emberharmony/base/call_guarded.h"
#include "emberharmony/base/inherited_context.h"
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

}  // namespace

int AvailableCores() {
  const int affinity = AffinityCores();
  const int quota = internal::CgroupCores("");
  return std::max(1, quota > 0 ? std::min(affinity, quota) : affinity);
}

namespace {

thread_local bool inside_worker = false;

arrow::Status RunWorker(const std::function<arrow::Status(int)>& worker, int index) {
  const bool outer = std::exchange(inside_worker, true);
  arrow::Status status = CallGuarded([&] { return worker(index); });
  inside_worker = outer;
  return status;
}

}  // namespace

bool InsideWorker() { return inside_worker; }

arrow::Status RunWorkers(int num_threads, const std::function<arrow::Status(int)>& worker) {
  if (num_threads < 1) {
    return arrow::Status::Invalid("expected at least 1 thread, found ", num_threads);
  }
  std::vector<arrow::Status> results(static_cast<size_t>(num_threads));
  std::vector<std::thread> threads;
  const void* const context = InheritedContext();
  try {
    threads.reserve(static_cast<size_t>(num_threads) - 1);
    for (int i = 1; i < num_threads; ++i) {
      threads.emplace_back([&, i] {
        SetInheritedContext(context);
        results[i] = RunWorker(worker, i);
      });
    }
  } catch (const std::system_error&) {
    // The system allows no more threads, or there is no memory for their stacks: those that run do
    // the work.
  } catch (const std::bad_alloc&) {
  }
  results[0] = RunWorker(worker, 0);
  for (std::thread& thread : threads) thread.join();
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
      arrow::Status status = CallGuarded([&] { return fn(i); });
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
