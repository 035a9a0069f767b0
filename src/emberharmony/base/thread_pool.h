#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <new>

namespace emberharmony::base {

/// The number of cores this process may use: the smallest of the affinity mask, the cgroup (v1 and
/// v2) CPU quota of this process's group and its ancestors rounded up, and at least 1.
int AvailableCores();

namespace internal {
arrow::Status NoSystemMemory();
arrow::Status UnexpectedException(const char* what);
}  // namespace internal

/// Calls function() and returns its Status; OutOfMemory or UnknownError in place of a
/// std::exception. For whoever must do something after a failure, such as waking those who wait.
template <typename Function>
arrow::Status Guarded(const Function& function) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return internal::NoSystemMemory();
  } catch (const std::exception& error) {
    return internal::UnexpectedException(error.what());
  }
}

/// Runs `worker(worker_index)` on `num_threads` threads (the calling thread is one of them) and
/// returns when all have ended: the first error by worker index, if any. A worker that fails should
/// make the others stop through state of its own, also when it fails by an exception (Guarded).
arrow::Status RunWorkers(int num_threads, const std::function<arrow::Status(int)>& worker);

/// Runs fn(i) for i in [0, n) on up to num_threads threads, handing out indices in ascending order.
/// After the first error no new index is started; of several errors the one with the smallest index
/// is returned.
arrow::Status ParallelFor(int num_threads, int64_t n,
                          const std::function<arrow::Status(int64_t)>& fn);

}  // namespace emberharmony::base
