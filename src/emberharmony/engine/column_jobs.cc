#include "emberharmony/engine/column_jobs.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include "emberharmony/base/call_guarded.h"
#include "emberharmony/base/thread_pool.h"

namespace emberharmony::engine {

namespace {

class ColumnJobScheduler {
 public:
  ColumnJobScheduler(const std::vector<std::unique_ptr<ColumnJob>>& jobs, int64_t num_units)
      : num_units_(num_units) {
    for (const auto& job : jobs) slots_.push_back(Slot{job.get()});
  }

  arrow::Status Work() {
    Slot* own = nullptr;
    while (true) {
      std::optional<Task> task = Claim(own);
      if (!task) return arrow::Status::OK();
      // Whatever happens to it, the others must not wait for the column.
      arrow::Status status = base::CallGuarded([&] { return Run(*task); });
      own = task->slot;
      if (!status.ok()) {
        std::lock_guard lock(mutex_);
        failed_ = true;
        wake_.notify_all();
        return status;
      }
    }
  }

 private:
  enum class Stage { kWaiting, kPreparing, kScanning, kDone };
  struct Slot {
    ColumnJob* job = nullptr;
    Stage stage = Stage::kWaiting;
    int64_t next_unit = 0;
    int64_t units_done = 0;
  };
  struct Task {
    Slot* slot;
    int64_t unit;  // -1: begin the first pass
  };

  bool has_unit(const Slot& slot) const {
    return slot.stage == Stage::kScanning && slot.next_unit < num_units_;
  }

  // The thread's own column first, then a new column, then anybody's; nothing when all is done or
  // something failed.
  std::optional<Task> Claim(Slot* own) {
    std::unique_lock lock(mutex_);
    while (!failed_) {
      if (own != nullptr && has_unit(*own)) return Task{own, own->next_unit++};
      if (next_waiting_ < slots_.size()) {
        Slot& slot = slots_[next_waiting_++];
        slot.stage = Stage::kPreparing;
        return Task{&slot, -1};
      }
      bool all_done = true;
      for (Slot& slot : slots_) {
        if (has_unit(slot)) return Task{&slot, slot.next_unit++};
        all_done = all_done && slot.stage == Stage::kDone;
      }
      if (all_done) return std::nullopt;
      wake_.wait(lock);
    }
    return std::nullopt;
  }

  arrow::Status Run(const Task& task) {
    if (task.unit < 0) return BeginPasses(task.slot);
    ARROW_RETURN_NOT_OK(task.slot->job->ProcessUnit(task.unit));
    {
      std::lock_guard lock(mutex_);
      if (++task.slot->units_done < num_units_) return arrow::Status::OK();
      task.slot->stage = Stage::kPreparing;
    }
    ARROW_ASSIGN_OR_RAISE(bool again, task.slot->job->FinishPass());
    if (again) return BeginPasses(task.slot);
    return Finish(task.slot);
  }

  // Begins passes until one has something to scan.
  arrow::Status BeginPasses(Slot* slot) {
    while (true) {
      ARROW_ASSIGN_OR_RAISE(bool scan, slot->job->BeginPass());
      if (scan && num_units_ > 0) {
        std::lock_guard lock(mutex_);
        slot->next_unit = 0;
        slot->units_done = 0;
        slot->stage = Stage::kScanning;
        wake_.notify_all();
        return arrow::Status::OK();
      }
      ARROW_ASSIGN_OR_RAISE(bool again, slot->job->FinishPass());
      if (!again) return Finish(slot);
    }
  }

  arrow::Status Finish(Slot* slot) {
    slot->job->Release();
    std::lock_guard lock(mutex_);
    slot->stage = Stage::kDone;
    wake_.notify_all();
    return arrow::Status::OK();
  }

  const int64_t num_units_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Slot> slots_;  // guarded by mutex_, like all below; the jobs guard themselves
  size_t next_waiting_ = 0;
  bool failed_ = false;
};

}  // namespace

arrow::Status RunColumnJobs(const std::vector<std::unique_ptr<ColumnJob>>& jobs, int64_t num_units,
                            RunContext* context) {
  ColumnJobScheduler scheduler(jobs, num_units);
  return base::RunWorkers(context->num_threads(), [&](int) { return scheduler.Work(); });
}

}  // namespace emberharmony::engine
