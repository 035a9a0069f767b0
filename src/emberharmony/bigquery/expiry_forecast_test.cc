#include "emberharmony/bigquery/expiry_forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace emberharmony::bigquery {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMinute = 60'000'000;
constexpr int64_t kBegin = 1'700'000'000'000'000;
constexpr int64_t kExpire = kBegin + 360 * kMinute;

TEST(ExpiryForecast, WarnsOnceWhereTheRateIsTooLow) {
  ExpiryForecast forecast(kBegin, kExpire, 360'000);
  // A thousand rows a minute are just enough.
  EXPECT_EQ(forecast.Look(kBegin + 10 * kMinute, 10'001), "");
  EXPECT_EQ(forecast.Look(kBegin + 359 * kMinute, 359'001), "");
  const std::string warning = forecast.Look(kBegin + 359 * kMinute, 358'000);
  EXPECT_THAT(warning, HasSubstr("358000 of about 360000 rows have come in 359 minutes"));
  EXPECT_THAT(warning, HasSubstr("2023-11-15 04:13:20 UTC"));
  EXPECT_THAT(warning, HasSubstr("--where"));
  EXPECT_EQ(forecast.Look(kBegin + 359 * kMinute, 358'000), "");
}

TEST(ExpiryForecast, WarnsLongBeforeTheEnd) {
  ExpiryForecast forecast(kBegin, kExpire, 1'000'000'000);
  EXPECT_EQ(forecast.Look(kBegin + kMinute - 1, 0), "") << "the first minute tells nothing";
  EXPECT_NE(forecast.Look(kBegin + kMinute, 2'000'000), "");
}

TEST(ExpiryForecast, ForetellsNothingFromWhatIsNotKnown) {
  EXPECT_EQ(ExpiryForecast(kBegin, 0, 1000).Look(kBegin + 100 * kMinute, 1), "");
  EXPECT_EQ(ExpiryForecast(kBegin, kExpire, 0).Look(kBegin + 100 * kMinute, 1), "");
  // More rows than were estimated.
  EXPECT_EQ(ExpiryForecast(kBegin, kExpire, 10).Look(kBegin + 100 * kMinute, 11), "");
  EXPECT_NE(ExpiryForecast(kBegin, kExpire, 10).Look(kBegin + 100 * kMinute, 0), "");
}

}  // namespace
}  // namespace emberharmony::bigquery
