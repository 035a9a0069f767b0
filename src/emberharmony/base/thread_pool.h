#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <functional>

namespace emberharmony::base {

/// The number of cores this process may use: the smallest of the affinity mask, the cgroup (v1 and
/// v2) CPU quota of this process's group and its ancestors rounded up, and at least 1.
int AvailableCores();

/// Runs `worker(worker_index)` on `num_threads` threads (the calling thread is one of them, with
/// index 0) and returns when all have ended: the first error by worker index, if any. A worker that
/// fails should make the others stop through state of its own, also when it fails by an exception
/// (CallGuarded). Where the system allows fewer threads, workers with higher indices don't run: any
/// number of them must be able to do the work. An exception is an error like others (OutOfMemory
/// for std::bad_alloc).
arrow::Status RunWorkers(int num_threads, const std::function<arrow::Status(int)>& worker);

/// Whether this thread is running a worker of RunWorkers or ParallelFor, also one of a single
/// thread: then the cores are taken, and what it calls should not start more threads.
bool InsideWorker();

/// Runs fn(i) for i in [0, n) on up to num_threads threads, handing out indices in ascending order.
/// After the first error no new index is started; of several errors the one with the smallest index
/// is returned.
arrow::Status ParallelFor(int num_threads, int64_t n,
                          const std::function<arrow::Status(int64_t)>& fn);

}  // namespace emberharmony::base
