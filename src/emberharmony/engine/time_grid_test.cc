#include "emberharmony/engine/time_grid.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace emberharmony::engine {
namespace {

const std::vector<int64_t> kTicks = {-62135596800000000,
                                     -1,
                                     0,
                                     1,
                                     999999,
                                     86399999999,
                                     86400000000,
                                     978307200000000,
                                     1709164800000000,
                                     253402300799000000};

TEST(TimeGridTest, EveryLevelIsAUnionOfTheOneBefore) {
  const TimeGrid grid(1e6, /*instants=*/true);
  for (int level = 0; level + 1 < grid.num_levels(); ++level) {
    for (const int64_t ticks : kTicks) {
      const int64_t key = grid.KeyAt(level, ticks);
      const int64_t from = grid.FirstTick(level, key);
      const int64_t to = grid.FirstTick(level, key + 1);
      EXPECT_LE(from, ticks) << level;
      EXPECT_GT(to, ticks) << level;
      // The part before the next edge belongs to one coarser part.
      EXPECT_EQ(grid.KeyAt(level + 1, from), grid.KeyAt(level + 1, ticks));
      EXPECT_EQ(grid.KeyAt(level + 1, to - 1), grid.KeyAt(level + 1, ticks));
    }
  }
}

TEST(TimeGridTest, MonthsAndYearsOfDays) {
  const TimeGrid days(1 / 86400., /*instants=*/true);
  EXPECT_EQ(days.KeyAt(0, 19782), 19782);
  // 2024-02-29 lies in month 12 * 54 + 1 since January 1970, which begins on 2024-02-01.
  EXPECT_EQ(days.KeyAt(1, 19782), 649);
  EXPECT_EQ(days.FirstTick(1, 649), 19754);
  EXPECT_EQ(days.KeyAt(1, -1), -1);
  EXPECT_EQ(days.FirstTick(3, 54), 19723);  // 2024-01-01
}

TEST(TimeGridTest, TimesOfDayEndWithTheDay) {
  const TimeGrid grid(1e3, /*instants=*/false);
  EXPECT_EQ(grid.KeyAt(grid.num_levels() - 1, 86399999), 0);
}

TEST(TimeGridTest, TicksFarBeyondTheCalendarStayInOrder) {
  const TimeGrid grid(1, /*instants=*/true);
  for (int level = 0; level < grid.num_levels(); ++level) {
    EXPECT_LE(grid.KeyAt(level, INT64_MIN), grid.KeyAt(level, 0));
    EXPECT_GE(grid.KeyAt(level, INT64_MAX), grid.KeyAt(level, 0));
  }
}

}  // namespace
}  // namespace emberharmony::engine
