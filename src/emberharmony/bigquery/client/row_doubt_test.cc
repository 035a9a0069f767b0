#include "emberharmony/bigquery/client/row_doubt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace emberharmony::bigquery::client {
namespace {

using ::testing::HasSubstr;

TEST(DoubtOfRows, IsOfAnotherNumberThanWasEstimatedAndNotProven) {
  EXPECT_THAT(DoubtOfRows(500, 400, false),
              HasSubstr("400 rows have come, but the session's estimate is 500"));
  EXPECT_THAT(DoubtOfRows(500, 600, false), HasSubstr("600 rows"));
  EXPECT_EQ(DoubtOfRows(500, 500, false), "");
  EXPECT_EQ(DoubtOfRows(500, 400, true), "");
  EXPECT_EQ(DoubtOfRows(0, 400, false), "");
}

}  // namespace
}  // namespace emberharmony::bigquery::client
