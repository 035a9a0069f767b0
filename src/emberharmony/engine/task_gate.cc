#include "emberharmony/engine/task_gate.h"

namespace emberharmony::engine {

TaskGate::Pass TaskGate::Enter(int64_t bytes) {
  std::unique_lock lock(mutex_);
  // What the tasks inside have taken already is in the budget, too: counted twice, it errs on the
  // safe side.
  left_.wait(lock, [&] {
    return num_inside_ == 0 || budget_->available_bytes() - bytes_inside_ >= bytes;
  });
  ++num_inside_;
  bytes_inside_ += bytes;
  return Pass(this, bytes);
}

void TaskGate::Leave(int64_t bytes) {
  {
    std::lock_guard lock(mutex_);
    --num_inside_;
    bytes_inside_ -= bytes;
  }
  left_.notify_all();
}

}  // namespace emberharmony::engine
