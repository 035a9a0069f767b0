#include "emberharmony/bigquery/server/partition_dates.h"

#include <gtest/gtest.h>

#include <string>

namespace emberharmony::bigquery::server {
namespace {

std::string Without(const std::string& text) {
  const auto expression = io::filter::ParseExpression(text, "row_restriction");
  if (!expression.ok()) return expression.status().message();
  const auto renewed = WithoutPartitionDates(*expression);
  return renewed.ok() ? io::filter::WriteSql(**renewed) : renewed.status().message();
}

TEST(WithoutPartitionDates, SaysTheSameWithTimes) {
  const std::string day = "TIMESTAMP '2001-02-03 00:00:00+00:00'";
  EXPECT_EQ(Without("_partitiondate >= '2001-02-03'"), "_PARTITIONTIME >= " + day);
  EXPECT_EQ(Without("DATE '2001-02-03' = _PARTITIONDATE AND x = 'a'"),
            day + " = _PARTITIONTIME AND x = 'a'");
  EXPECT_EQ(Without("NOT (_PARTITIONDATE IN ('2001-02-03', NULL) OR _PARTITIONDATE IS NULL)"),
            "NOT (_PARTITIONTIME IN (" + day + ", NULL) OR _PARTITIONTIME IS NULL)");
  EXPECT_EQ(Without("_PARTITIONDATE NOT BETWEEN '2001-02-03' AND DATETIME '2001-02-03 12:00:00'"),
            "_PARTITIONTIME NOT BETWEEN " + day + " AND TIMESTAMP '2001-02-03 12:00:00+00:00'");
  EXPECT_EQ(Without("day = '2001-02-03' AND _PARTITIONTIME > '2001-02-03'"),
            "day = '2001-02-03' AND _PARTITIONTIME > '2001-02-03'");
  EXPECT_EQ(
      Without("CAST(_PARTITIONDATE AS STRING) LIKE '2001%' AND CAST(day AS DATE) > '2001-01-01'"),
      "CAST(CAST(_PARTITIONTIME AS DATE) AS STRING) LIKE '2001%' AND "
      "CAST(day AS DATE) > '2001-01-01'");
  EXPECT_EQ(Without("CAST(_PARTITIONDATE AS DATE) IS NULL"),
            "CAST(_PARTITIONTIME AS DATE) IS NULL");
}

TEST(WithoutPartitionDates, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(Without("_PARTITIONDATE = day"),
            "this server compares _PARTITIONDATE with constants alone");
  EXPECT_EQ(Without("_PARTITIONDATE = CAST(day AS DATE)"),
            "this server compares _PARTITIONDATE with constants alone");
  EXPECT_EQ(Without("_PARTITIONDATE = TIMESTAMP '2001-02-03 00:00:00+00:00'"),
            "_PARTITIONDATE is a DATE, which cannot be compared with a TIMESTAMP");
  EXPECT_NE(Without("_PARTITIONDATE = 'no date'").find("'no date' is no DATE"), std::string::npos);
}

}  // namespace
}  // namespace emberharmony::bigquery::server
