#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace emberharmony::bigquery::server {

/// Threads that run tasks in the order in which they came. Tasks must not throw. Thread-safe.
class WorkQueue {
 public:
  explicit WorkQueue(int num_threads);
  /// Runs what is queued to its end.
  ~WorkQueue();

  void Run(std::function<void()> task);

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  bool closed_ = false;                      // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace emberharmony::bigquery::server
