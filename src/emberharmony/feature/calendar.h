#pragma once

#include <cstdint>

namespace emberharmony::feature {

/// Floor of value / unit, for unit > 0: what counts days before 1970.
constexpr int64_t FloorDivide(int64_t value, int64_t unit) {
  const int64_t quotient = value / unit;
  return quotient - (value % unit < 0 ? 1 : 0);
}

/// A day in the proleptic Gregorian calendar.
struct CalendarDay {
  int64_t year = 1970;
  int month = 1;        ///< 1 to 12
  int day = 1;          ///< 1 to 31
  int day_of_year = 1;  ///< 1 to 366
};

constexpr bool IsLeapYear(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/// The day that is `days` after 1970-01-01.
///
/// Years are counted from March, so that the leap day is a year's last, and in eras of 400 years
/// (146,097 days); month lengths from March on follow (153 m + 2) / 5. After Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
constexpr CalendarDay CalendarDayOf(int64_t days) {
  constexpr int64_t kDaysPerEra = 146097;
  constexpr int64_t kDaysFrom0000March1To1970 = 719468;
  constexpr int kJanuary1FromMarch = 306;
  const int64_t shifted = days + kDaysFrom0000March1To1970;
  const int64_t era = FloorDivide(shifted, kDaysPerEra);
  const auto day_of_era = static_cast<uint32_t>(shifted - era * kDaysPerEra);
  const uint32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const auto day_from_march =
      static_cast<int>(day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
  const int month_from_march = (5 * day_from_march + 2) / 153;
  CalendarDay result;
  result.day = day_from_march - (153 * month_from_march + 2) / 5 + 1;
  result.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  result.year = era * 400 + year_of_era + (result.month <= 2 ? 1 : 0);
  result.day_of_year = day_from_march >= kJanuary1FromMarch
                           ? day_from_march - kJanuary1FromMarch + 1
                           : day_from_march + 60 + (IsLeapYear(result.year) ? 1 : 0);
  return result;
}

/// The day, counted from 1970-01-01, of a date of the proleptic Gregorian calendar (Hinnant's
/// days_from_civil).
constexpr int64_t DaysOf(int64_t year, int month, int day) {
  const int64_t march_year = month <= 2 ? year - 1 : year;
  const int64_t era = FloorDivide(march_year, 400);
  const int64_t year_of_era = march_year - era * 400;
  const int64_t day_from_march = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_from_march -
         719468;
}

/// Day of the week of a day counted from 1970-01-01, a Thursday: Monday is 0.
constexpr int DayOfWeek(int64_t days) {
  const int64_t shifted = days + 3;
  return static_cast<int>(shifted - FloorDivide(shifted, 7) * 7);
}

struct IsoWeek {
  int64_t year = 1970;
  int week = 1;  ///< 1 to 53
};

/// The week of a day by ISO 8601: weeks begin on Monday and belong to the year that holds their
/// Thursday.
constexpr IsoWeek IsoWeekOf(int64_t days) {
  const CalendarDay thursday = CalendarDayOf(days - DayOfWeek(days) + 3);
  return {thursday.year, (thursday.day_of_year - 1) / 7 + 1};
}

}  // namespace emberharmony::feature
