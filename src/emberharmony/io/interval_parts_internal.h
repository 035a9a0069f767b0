#pragma once

#include <arrow/type.h>

#include <cstdint>

namespace emberharmony::io {

/// An interval's three parts, which no calendar turns into one another: the form in which the same
/// interval is the same whatever Arrow's type for it.
struct IntervalParts {
  int32_t months = 0;
  int32_t days = 0;
  int64_t nanoseconds = 0;
};

inline IntervalParts PartsOf(int32_t months) { return {months, 0, 0}; }
inline IntervalParts PartsOf(const arrow::DayTimeIntervalType::DayMilliseconds& value) {
  constexpr int64_t kNanosInMilli = 1'000'000;
  return {0, value.days, value.milliseconds * kNanosInMilli};
}
inline IntervalParts PartsOf(const arrow::MonthDayNanoIntervalType::MonthDayNanos& value) {
  return {value.months, value.days, value.nanoseconds};
}

}  // namespace emberharmony::io
