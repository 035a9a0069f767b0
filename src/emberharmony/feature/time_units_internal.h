#pragma once

#include <arrow/status.h>
#include <arrow/type.h>

#include <cstdint>
#include <string>
#include <type_traits>

#include "emberharmony/feature/calendar.h"
#include "emberharmony/feature/value_block.h"

namespace emberharmony::feature {

constexpr int64_t kSecondsPerDay = 86400;

/// UsageError unless the values are dates or timestamps.
arrow::Status CheckCalendarType(const std::string& step, const ColumnInfo& input);

/// How many of the units of a date or timestamp type make a day.
int64_t UnitsPerDay(const arrow::DataType& type);

/// Calls f with the number of units in a day as a constant, so that divisions by it become
/// multiplications.
template <class F>
void WithUnitsPerDay(int64_t units_per_day, F&& f) {
  switch (units_per_day) {
    case 1:
      return f(std::integral_constant<int64_t, 1>{});
    case kSecondsPerDay:
      return f(std::integral_constant<int64_t, kSecondsPerDay>{});
    case kSecondsPerDay * 1000:
      return f(std::integral_constant<int64_t, kSecondsPerDay * 1000>{});
    case kSecondsPerDay * 1000000:
      return f(std::integral_constant<int64_t, kSecondsPerDay * 1000000>{});
    default:
      return f(std::integral_constant<int64_t, kSecondsPerDay * 1000000000>{});
  }
}

/// How many units of its day have passed at `value`.
template <int64_t kUnitsPerDay>
int64_t IntoDay(int64_t value) {
  // The smallest instants' day begins before what 64 bits hold: the difference is taken modulo
  // 2^64.
  const int64_t days = FloorDivide(value, kUnitsPerDay);
  return static_cast<int64_t>(static_cast<uint64_t>(value) -
                              static_cast<uint64_t>(days) * static_cast<uint64_t>(kUnitsPerDay));
}

}  // namespace emberharmony::feature
