#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

namespace emberharmony::cli {

/// Keeps the process's resident memory within a limit, whatever its parts have accounted for: the
/// system refuses private memory beyond it (RLIMIT_DATA), and allocations fail where memory is
/// asked for, instead of the kernel choosing a process to kill later.
///
/// These are settings of the process, so they are the command's and not the library's. One object
/// at a time, made before other threads start.
class MemoryGuard {
 public:
  /// How malloc and threads use memory: small stacks, few arenas, blocks above limit_bytes / 512
  /// go back to the system when they are freed. First thing in main, and again once the limit is
  /// known; 0: not known yet.
  static void Prepare(int64_t limit_bytes);

  explicit MemoryGuard(int64_t limit_bytes);
  ~MemoryGuard();
  MemoryGuard(const MemoryGuard&) = delete;
  MemoryGuard& operator=(const MemoryGuard&) = delete;

  /// Whether an allocation has failed so far.
  static bool was_hit();

 private:
  void Watch();

  const int64_t limit_bytes_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool closing_ = false;  // guarded by mutex_
  std::thread watcher_;
};

}  // namespace emberharmony::cli
