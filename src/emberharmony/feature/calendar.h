#pragma once

#include <cstdint>

namespace emberharmony::feature {

/// Floor of value / unit, for unit > 0: what counts days before 1970.
constexpr int64_t FloorDivide(int64_t value, int64_t unit) {
  const int64_t quotient = value / unit;
  return quotient - (value % unit < 0 ? 1 : 0);
}

struct MonthAndDay {
  int month = 1;  ///< 1 to 12
  int day = 1;    ///< 1 to 31
};

/// Month and day of the month of a day counted from 1970-01-01, in the proleptic Gregorian
/// calendar.
///
/// Years are counted from March, so that the leap day is a year's last, and in eras of 400 years
/// (146,097 days); month lengths from March on follow (153 m + 2) / 5. After Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
constexpr MonthAndDay MonthAndDayOf(int64_t days) {
  constexpr int64_t kDaysPerEra = 146097;
  constexpr int64_t kDaysFrom0000March1To1970 = 719468;
  const int64_t shifted = days + kDaysFrom0000March1To1970;
  const auto day_of_era =
      static_cast<uint32_t>(shifted - FloorDivide(shifted, kDaysPerEra) * kDaysPerEra);
  const uint32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t month_from_march = (5 * day_of_year + 2) / 153;
  const uint32_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const uint32_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {static_cast<int>(month), static_cast<int>(day)};
}

/// Day of the week of a day counted from 1970-01-01, a Thursday: Monday is 0.
constexpr int DayOfWeek(int64_t days) {
  const int64_t shifted = days + 3;
  return static_cast<int>(shifted - FloorDivide(shifted, 7) * 7);
}

}  // namespace emberharmony::feature
