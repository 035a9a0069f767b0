#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace emberharmony::engine {

/// How far a run is; a consistent enough picture for people.
struct ProgressSnapshot {
  std::string phase;      ///< "filter", "detect", "split", "fit", "transform", "verify"
  int64_t rows_done = 0;  ///< rows of the source, as a share of the phase's column work
  int64_t rows_total = 0;
  int64_t bytes_done = 0;  ///< uncompressed bytes of the source that the phase has been through
  int64_t bytes_total = 0;
  double seconds = 0;        ///< since the phase began
  double seconds_left = -1;  ///< -1: not known yet
  int64_t resident_bytes = 0;
  bool phase_finished = false;
};

/// Receives pictures of the progress, on a thread of its own, one at a time.
class ProgressListener {
 public:
  virtual ~ProgressListener() = default;
  virtual void OnProgress(const ProgressSnapshot& snapshot) = 0;
  virtual int64_t interval_ms() const = 0;
};

/// Counts work and tells a listener about it from time to time. Thread-safe. Time spent in each
/// phase is kept for the report.
class Progress {
 public:
  explicit Progress(ProgressListener* listener);
  ~Progress();

  /// Ends the phase before it. `units_of_work` is what Advance adds up to; rows and bytes are shown
  /// in proportion.
  void BeginPhase(std::string phase, int64_t units_of_work, int64_t rows_total,
                  int64_t bytes_total);
  void Advance(int64_t units_of_work) { done_.fetch_add(units_of_work, std::memory_order_relaxed); }
  void EndPhase();
  /// Called with the name of each phase that begins from now on, on the thread that begins it;
  /// empty: nobody is. While no phase begins.
  void set_phase_observer(std::function<void(const std::string&)> observer) {
    phase_observer_ = std::move(observer);
  }

  struct PhaseTime {
    std::string phase;
    double wall_seconds = 0;
    double cpu_seconds = 0;
    int64_t rows = 0;
    int64_t bytes = 0;
  };
  std::vector<PhaseTime> phase_times() const;

 private:
  ProgressSnapshot Take(bool finished) const;  // mutex_ held
  void Report();

  ProgressListener* const listener_;
  std::atomic<int64_t> done_{0};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::string phase_;  // guarded by mutex_, like all below
  int64_t work_total_ = 0;
  int64_t rows_total_ = 0;
  int64_t bytes_total_ = 0;
  std::chrono::steady_clock::time_point phase_begin_;
  double phase_cpu_begin_ = 0;
  std::vector<PhaseTime> phase_times_;
  bool closing_ = false;
  std::function<void(const std::string&)> phase_observer_;
  std::thread reporter_;
};

}  // namespace emberharmony::engine
