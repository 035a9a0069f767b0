#include "emberharmony/feature/calendar.h"

#include <gtest/gtest.h>

namespace emberharmony::feature {
namespace {

bool IsLeap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int DaysInMonth(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && IsLeap(year) ? 1 : 0);
}

TEST(Calendar, AgreesWithCountingDayByDay) {
  // 0001-01-01 was day -719162, a Monday in the proleptic Gregorian calendar.
  int64_t days = -719162;
  int day_of_week = 0;
  for (int year = 1; year <= 2500; ++year) {
    for (int month = 1; month <= 12; ++month) {
      for (int day = 1; day <= DaysInMonth(year, month); ++day) {
        const MonthAndDay found = MonthAndDayOf(days);
        ASSERT_EQ(found.month, month) << year << "-" << month << "-" << day;
        ASSERT_EQ(found.day, day) << year << "-" << month << "-" << day;
        ASSERT_EQ(DayOfWeek(days), day_of_week);
        ++days;
        day_of_week = (day_of_week + 1) % 7;
      }
    }
  }
}

TEST(Calendar, RepeatsEvery400Years) {
  for (const int64_t days : {int64_t{-1}, int64_t{0}, int64_t{59}, int64_t{-719468}}) {
    for (const int64_t eras : {int64_t{-14000}, int64_t{5}, int64_t{14000}}) {
      const int64_t other = days + eras * 146097;
      EXPECT_EQ(MonthAndDayOf(other).month, MonthAndDayOf(days).month);
      EXPECT_EQ(MonthAndDayOf(other).day, MonthAndDayOf(days).day);
      EXPECT_EQ(DayOfWeek(other), DayOfWeek(days));
    }
  }
}

TEST(Calendar, FloorDivideRoundsDown) {
  EXPECT_EQ(FloorDivide(-1, 86400), -1);
  EXPECT_EQ(FloorDivide(-86400, 86400), -1);
  EXPECT_EQ(FloorDivide(-86401, 86400), -2);
  EXPECT_EQ(FloorDivide(86399, 86400), 0);
}

}  // namespace
}  // namespace emberharmony::feature
