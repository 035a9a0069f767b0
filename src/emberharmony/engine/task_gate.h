#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "emberharmony/base/memory_budget.h"

namespace emberharmony::engine {

/// Lets as many tasks run at a time as there is memory for, and always one, so that what fits with
/// one thread fits with many. Thread-safe.
///
/// A task enters with an estimate of what it will take from the budget at most beside what others
/// keep. It must not enter twice, nor wait, once inside, for a task that has not entered.
class TaskGate {
 public:
  /// The gate's side of a task; leaves when destroyed.
  class Pass {
   public:
    Pass(Pass&& other) noexcept : gate_(other.gate_), bytes_(other.bytes_) {
      other.gate_ = nullptr;
    }
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->Leave(bytes_);
    }

   private:
    friend class TaskGate;
    Pass(TaskGate* gate, int64_t bytes) : gate_(gate), bytes_(bytes) {}
    TaskGate* gate_;
    int64_t bytes_;
  };

  explicit TaskGate(const base::MemoryBudget* budget) : budget_(budget) {}

  /// Waits until no task is inside, or until the budget has room for this task beside the estimates
  /// of all that are.
  Pass Enter(int64_t bytes);

 private:
  void Leave(int64_t bytes);

  const base::MemoryBudget* const budget_;
  std::mutex mutex_;
  std::condition_variable left_;
  int num_inside_ = 0;        // guarded by mutex_
  int64_t bytes_inside_ = 0;  // sum of their estimates; guarded by mutex_
};

}  // namespace emberharmony::engine
