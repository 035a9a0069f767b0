#pragma once

#include <cstdint>

#include "emberharmony/base/function_view.h"

namespace emberharmony::backend {

/// Threads one operation may use: what SetNumThreads said, else EMBERHARMONY_NUM_THREADS, else the
/// cores of this process. On a thread that already is one of several workers (base::InsideWorker)
/// always 1. No result depends on it.
int NumThreads();

/// Sets the number for the whole process; throws std::invalid_argument below 1. Thread-safe.
void SetNumThreads(int num_threads);

/// Calls f(begin, end) for parts of [0, n) that together cover it, on up to NumThreads() threads;
/// in one call on this thread if that is 1 or n is below two grains. Parts begin at multiples of
/// `grain`. Which they are may depend on the number of threads, so no result may depend on them. An
/// exception in f is thrown here once every thread has ended.
void ParallelRanges(int64_t n, int64_t grain, base::FunctionView<void(int64_t, int64_t)> f);

}  // namespace emberharmony::backend
