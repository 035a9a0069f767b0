#include "emberharmony/engine/time_grid.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace emberharmony::engine {

namespace {

constexpr double kDaySeconds = 86400;
// Beyond some ten thousand years calendars end.
constexpr int64_t kDaysMax = 4000000;

int64_t FloorDivide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b < 0 ? quotient - 1 : quotient;
}

int64_t MonthOf(int64_t day) {
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(day)))};
  return (static_cast<int64_t>(static_cast<int>(date.year())) - 1970) * 12 +
         static_cast<int64_t>(static_cast<unsigned>(date.month())) - 1;
}

int64_t FirstDayOf(int64_t month) {
  const int64_t year = FloorDivide(month, 12);
  const std::chrono::year_month_day date{
      std::chrono::year(static_cast<int>(1970 + year)),
      std::chrono::month(static_cast<unsigned>(month - 12 * year + 1)), std::chrono::day(1)};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

}  // namespace

TimeGrid::TimeGrid(double ticks_per_second, bool instants)
    : ticks_per_day_(ticks_per_second * kDaySeconds) {
  const auto per_second = static_cast<int64_t>(ticks_per_second);  // 0: a tick is a day
  for (int64_t ticks = 1; ticks < per_second; ticks *= 10) levels_.push_back({ticks, 0});
  if (per_second > 0) {
    for (const int64_t seconds : {1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200}) {
      levels_.push_back({seconds * per_second, 0});
    }
  }
  levels_.push_back({std::max<int64_t>(1, per_second * static_cast<int64_t>(kDaySeconds)), 0});
  if (!instants) return;
  for (const int64_t months : {1, 3, 12, 120, 1200, 12000}) levels_.push_back({0, months});
}

int64_t TimeGrid::DayOf(int64_t ticks) const {
  const auto per_day = static_cast<int64_t>(std::max(1.0, ticks_per_day_));
  return std::clamp(FloorDivide(ticks, per_day), -kDaysMax, kDaysMax);
}

int64_t TimeGrid::KeyAt(int level, int64_t ticks) const {
  const Level& at = levels_[static_cast<size_t>(level)];
  if (at.months > 0) return FloorDivide(MonthOf(DayOf(ticks)), at.months);
  return at.ticks == 1 ? ticks : FloorDivide(ticks, at.ticks);
}

int64_t TimeGrid::FirstTick(int level, int64_t key) const {
  const Level& at = levels_[static_cast<size_t>(level)];
  int64_t parts = key;
  int64_t ticks_per_part = at.ticks;
  if (at.months > 0) {
    parts = FirstDayOf(std::clamp(key * at.months, MonthOf(-kDaysMax), MonthOf(kDaysMax)));
    ticks_per_part = static_cast<int64_t>(std::max(1.0, ticks_per_day_));
  }
  int64_t tick = 0;
  if (!__builtin_mul_overflow(parts, ticks_per_part, &tick)) return tick;
  return parts < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

}  // namespace emberharmony::engine
