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
    int day_of_year = 1;
    for (int month = 1; month <= 12; ++month) {
      for (int day = 1; day <= DaysInMonth(year, month); ++day) {
        const CalendarDay found = CalendarDayOf(days);
        ASSERT_EQ(found.year, year) << year << "-" << month << "-" << day;
        ASSERT_EQ(found.month, month) << year << "-" << month << "-" << day;
        ASSERT_EQ(found.day, day) << year << "-" << month << "-" << day;
        ASSERT_EQ(found.day_of_year, day_of_year) << year << "-" << month << "-" << day;
        ASSERT_EQ(DayOfWeek(days), day_of_week);
        ASSERT_EQ(DaysOf(year, month, day), days);
        ++days;
        ++day_of_year;
        day_of_week = (day_of_week + 1) % 7;
      }
    }
  }
}

TEST(Calendar, RepeatsEvery400Years) {
  for (const int64_t days : {int64_t{-1}, int64_t{0}, int64_t{59}, int64_t{-719468}}) {
    for (const int64_t eras : {int64_t{-14000}, int64_t{5}, int64_t{14000}}) {
      const int64_t other = days + eras * 146097;
      EXPECT_EQ(CalendarDayOf(other).year, CalendarDayOf(days).year + 400 * eras);
      EXPECT_EQ(CalendarDayOf(other).month, CalendarDayOf(days).month);
      EXPECT_EQ(CalendarDayOf(other).day, CalendarDayOf(days).day);
      EXPECT_EQ(
          DaysOf(CalendarDayOf(other).year, CalendarDayOf(days).month, CalendarDayOf(days).day),
          other);
      EXPECT_EQ(DayOfWeek(other), DayOfWeek(days));
    }
  }
}

// `date -d 2005-01-01 +'%G %V'`, and the years around it, in which weeks 52, 53 and 1 change hands.
TEST(Calendar, IsoWeeksBelongToTheYearOfTheirThursday) {
  struct Case {
    int year, month, day, iso_year, week;
  };
  const Case cases[] = {{2005, 1, 1, 2004, 53},   {2005, 1, 2, 2004, 53},   {2005, 1, 3, 2005, 1},
                        {2005, 12, 31, 2005, 52}, {2006, 1, 1, 2005, 52},   {2006, 1, 2, 2006, 1},
                        {2007, 12, 31, 2008, 1},  {2008, 12, 28, 2008, 52}, {2008, 12, 29, 2009, 1},
                        {2009, 12, 31, 2009, 53}, {2010, 1, 3, 2009, 53},   {2010, 1, 4, 2010, 1},
                        {1969, 12, 31, 1970, 1},  {1900, 1, 1, 1900, 1},    {1, 1, 1, 1, 1}};
  for (const Case& c : cases) {
    const IsoWeek found = IsoWeekOf(DaysOf(c.year, c.month, c.day));
    EXPECT_EQ(found.year, c.iso_year) << c.year << "-" << c.month << "-" << c.day;
    EXPECT_EQ(found.week, c.week) << c.year << "-" << c.month << "-" << c.day;
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
