#pragma once

#include <cstdint>
#include <vector>

namespace emberharmony::engine {

/// Ever coarser divisions of time, each a union of the one before's: single ticks, powers of ten of
/// them, seconds, minutes, hours, days, and, of instants, months, quarters, years, decades ...
/// A key is the number of a part of a level, ascending with time. Immutable.
class TimeGrid {
 public:
  /// ticks_per_second: a power of ten, or 1/86400 (days). `instants`: ticks count from 1970-01-01;
  /// else within a day.
  TimeGrid(double ticks_per_second, bool instants);

  int num_levels() const { return static_cast<int>(levels_.size()); }
  int64_t KeyAt(int level, int64_t ticks) const;
  /// The first tick of a part that 64 bits can hold.
  int64_t FirstTick(int level, int64_t key) const;

 private:
  struct Level {
    int64_t ticks = 0;   ///< of a part; 0: parts are months
    int64_t months = 0;  ///< of a part
  };
  int64_t DayOf(int64_t ticks) const;

  const double ticks_per_day_;
  std::vector<Level> levels_;
};

}  // namespace emberharmony::engine
