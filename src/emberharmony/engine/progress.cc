#include "emberharmony/engine/progress.h"

#include <sys/resource.h>

#include <exception>
#include <system_error>

#include "emberharmony/base/log.h"
#include "emberharmony/base/memory_budget.h"

namespace emberharmony::engine {

namespace {

double ProcessCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * t.tv_usec; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

Progress::Progress(ProgressListener* listener) : listener_(listener) {
  if (listener_ == nullptr) return;
  try {
    reporter_ = std::thread([this] { Report(); });
  } catch (const std::system_error&) {
    // No thread to be had: phases are still reported when they end.
  }
}

Progress::~Progress() {
  try {
    // Whoever is through with a phase ends it: one that is left open with work to do was given up.
    std::unique_lock lock(mutex_);
    if (!phase_.empty() && done_.load(std::memory_order_relaxed) < work_total_) {
      const ProgressSnapshot last = Take(/*finished=*/false);
      base::Log(base::LogLevel::kInfo, "phase {} was not finished: {:.3f} s wall, {} of {} rows",
                phase_, last.seconds, last.rows_done, rows_total_);
      phase_.clear();
      if (listener_ != nullptr) listener_->OnProgress(last);
    }
    lock.unlock();
    EndPhase();
  } catch (const std::exception&) {
    // No memory for a last report, of a run that has failed anyway.
  }
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  if (reporter_.joinable()) reporter_.join();
}

void Progress::BeginPhase(std::string phase, int64_t units_of_work, int64_t rows_total,
                          int64_t bytes_total) {
  EndPhase();
  if (phase_observer_) phase_observer_(phase);
  std::lock_guard lock(mutex_);
  phase_ = std::move(phase);
  work_total_ = units_of_work;
  rows_total_ = rows_total;
  bytes_total_ = bytes_total;
  done_.store(0, std::memory_order_relaxed);
  phase_begin_ = std::chrono::steady_clock::now();
  phase_cpu_begin_ = ProcessCpuSeconds();
  base::Log(base::LogLevel::kDebug, "phase {} begins: {} rows", phase_, rows_total_);
}

void Progress::EndPhase() {
  std::lock_guard lock(mutex_);
  if (phase_.empty()) return;
  PhaseTime time;
  time.phase = phase_;
  time.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - phase_begin_).count();
  time.cpu_seconds = ProcessCpuSeconds() - phase_cpu_begin_;
  time.rows = rows_total_;
  time.bytes = bytes_total_;
  phase_times_.push_back(time);
  base::Log(base::LogLevel::kInfo, "phase {}: {:.3f} s wall, {:.3f} s CPU, {} rows", time.phase,
            time.wall_seconds, time.cpu_seconds, time.rows);
  if (listener_ != nullptr) listener_->OnProgress(Take(/*finished=*/true));
  phase_.clear();
}

std::vector<Progress::PhaseTime> Progress::phase_times() const {
  std::lock_guard lock(mutex_);
  return phase_times_;
}

ProgressSnapshot Progress::Take(bool finished) const {
  ProgressSnapshot snapshot;
  snapshot.phase = phase_;
  snapshot.rows_total = rows_total_;
  snapshot.bytes_total = bytes_total_;
  snapshot.phase_finished = finished;
  double share = 0;
  if (finished) {
    share = 1;
  } else if (work_total_ > 0) {
    share = std::min(1.0, static_cast<double>(done_.load(std::memory_order_relaxed)) /
                              static_cast<double>(work_total_));
  }
  snapshot.rows_done = static_cast<int64_t>(share * static_cast<double>(rows_total_));
  snapshot.bytes_done = static_cast<int64_t>(share * static_cast<double>(bytes_total_));
  snapshot.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - phase_begin_).count();
  if (share > 0.01) snapshot.seconds_left = snapshot.seconds / share * (1 - share);
  snapshot.resident_bytes = base::ResidentBytes();
  return snapshot;
}

void Progress::Report() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    wake_.wait_for(lock, std::chrono::milliseconds(listener_->interval_ms()));
    if (closing_ || phase_.empty()) continue;
    try {
      listener_->OnProgress(Take(/*finished=*/false));
    } catch (const std::exception&) {
      // A report that there is no memory for is left out; the run goes on.
    }
  }
}

}  // namespace emberharmony::engine
