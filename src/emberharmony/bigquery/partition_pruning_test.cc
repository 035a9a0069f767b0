#include "emberharmony/bigquery/partition_pruning.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <limits>
#include <string>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::bigquery {
namespace {

TableInfo PartitionedBy(const std::string& column, const std::string& column_type,
                        const std::string& type) {
  TableInfo info;
  info.partition_column = column;
  info.partition_type = type;
  info.fields = {{"other", "INTEGER", "NULLABLE", {}}, {column, column_type, "NULLABLE", {}}};
  return info;
}

std::string LeftBy(const TableInfo& table, const std::string& condition) {
  const auto pruning = FindPruning(table, condition);
  if (!pruning.ok()) return pruning.status().message();
  return pruning->has_value() ? (*pruning)->Text() : "not partitioned";
}

TEST(FindPruning, OfDays) {
  const TableInfo table = PartitionedBy("day", "DATE", "DAY");
  EXPECT_EQ(LeftBy(table, ""), "all");
  EXPECT_EQ(LeftBy(table, "other > 5"), "all");
  EXPECT_EQ(LeftBy(table, "day >= '2001-03-01'"), "20010301 and later");
  EXPECT_EQ(LeftBy(table, "DAY > DATE '2001-02-28' AND other IS NULL"), "20010301 and later");
  EXPECT_EQ(LeftBy(table, "'2001-03-01' > day"), "20010228 and earlier");
  EXPECT_EQ(LeftBy(table, "day BETWEEN '2000-02-28' AND '2000-03-01'"), "20000228 to 20000301");
  EXPECT_EQ(LeftBy(table, "day IN ('2001-01-03', '2001-01-01', '2001-01-02', '2001-06-01')"),
            "20010101 to 20010103, 20010601");
  EXPECT_EQ(LeftBy(table, "day != '2001-01-01'"), "20001231 and earlier, 20010102 and later");
  EXPECT_EQ(LeftBy(table, "NOT day NOT IN ('2001-01-01', NULL)"), "20010101");
  EXPECT_EQ(LeftBy(table, "day NOT IN ('2001-01-01', NULL)"), "none");
  EXPECT_EQ(LeftBy(table, "day = '2001-01-01' AND day = '2001-01-02'"), "none");
  EXPECT_EQ(LeftBy(table, "day = NULL"), "none");
  EXPECT_EQ(LeftBy(table, "day IS NULL"), "__NULL__");
  EXPECT_EQ(LeftBy(table, "day IS NOT NULL"), "all of rows with a value");
  EXPECT_EQ(LeftBy(table, "day IS NULL OR day = '1969-12-31'"), "19691231, __NULL__");
  // What also passes for another reason is left.
  EXPECT_EQ(LeftBy(table, "day = '2001-01-01' OR other = 1"), "all");
  EXPECT_EQ(LeftBy(table, "NOT (day = '2001-01-01' OR other = 1)"),
            "20001231 and earlier, 20010102 and later");
  EXPECT_EQ(LeftBy(table, "(day > '2001-01-01') IS NOT TRUE"), "all");
  EXPECT_EQ(LeftBy(table, "day = 'no date'"), "all of rows with a value");
}

TEST(FindPruning, OfInstants) {
  const TableInfo hours = PartitionedBy("moment", "TIMESTAMP", "HOUR");
  EXPECT_EQ(LeftBy(hours, "moment >= '2001-03-01 05:30:00'"), "2001030105 and later");
  EXPECT_EQ(LeftBy(hours, "moment < TIMESTAMP '2001-03-01 05:00:00+01:00'"),
            "2001030103 and earlier");
  EXPECT_EQ(LeftBy(hours, "moment <= TIMESTAMP '1969-12-31 23:00:00'"), "1969123123 and earlier");
  const TableInfo months = PartitionedBy("moment", "DATETIME", "MONTH");
  EXPECT_EQ(LeftBy(months, "moment > '2001-03-31 23:59:59.999999'"), "200104 and later");
  EXPECT_EQ(LeftBy(months, "moment >= '2000-12-31 00:00:00' AND moment < '2001-02-01 00:00:00'"),
            "200012 to 200101");
  EXPECT_EQ(LeftBy(PartitionedBy("moment", "DATE", "YEAR"),
                   "moment BETWEEN '1999-12-31' AND '2001-01-01'"),
            "1999 to 2001");
}

TEST(FindPruning, OfTheTimeOfIngestion) {
  TableInfo table = PartitionedBy("day", "DATE", "DAY");
  table.partition_column.clear();
  EXPECT_EQ(LeftBy(table, "day = '2001-01-01'"), "all");
  EXPECT_EQ(LeftBy(table, "_PARTITIONDATE = '2001-01-01'"), "20010101");
  EXPECT_EQ(LeftBy(table, "_PARTITIONDATE > '2001-01-01'"), "20010102 and later");
  EXPECT_EQ(LeftBy(table, "_PARTITIONTIME < '2001-01-02'"), "20010101 and earlier");
  EXPECT_EQ(LeftBy(table, "_PARTITIONTIME IS NULL"), "__UNPARTITIONED__");
}

TEST(FindPruning, OfRangesOfIntegers) {
  TableInfo table = PartitionedBy("n", "INTEGER", "RANGE");
  table.integer_ranges = {-10, 95, 10};
  EXPECT_EQ(LeftBy(table, "n = 9"), "0");
  EXPECT_EQ(LeftBy(table, "n BETWEEN -1 AND 10"), "-10 to 10");
  EXPECT_EQ(LeftBy(table, "n >= 80"), "80 to 90, __UNPARTITIONED__");
  EXPECT_EQ(LeftBy(table, "n = 95"), "__UNPARTITIONED__");
  EXPECT_EQ(LeftBy(table, "n < 0"), "-10, __UNPARTITIONED__");
  EXPECT_EQ(LeftBy(table, "n > 18446744073709551615"), "none");
  EXPECT_EQ((*FindPruning(table, "n IS NOT NULL"))->count_max, 11);
  table.integer_ranges = {};
  EXPECT_EQ(LeftBy(table, "n = 9"), "all") << "ranges that are not told";
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  table.integer_ranges = {-kMost, kMost, 1};
  EXPECT_EQ(LeftBy(table, "n = 9"), "all") << "more ranges than the service has";
  table.integer_ranges = {-kMost, kMost, kMost / 3};
  EXPECT_EQ((*FindPruning(table, "n != 0"))->count_max, 7) << "ranges about as wide as int64";
}

TEST(FindPruning, CountsPartitions) {
  const TableInfo days = PartitionedBy("day", "DATE", "DAY");
  EXPECT_EQ((*FindPruning(days, "day >= '2001-01-01' AND day < '2002-01-01'"))->count_max, 365);
  EXPECT_EQ((*FindPruning(days, "day = '2001-01-01' OR day = '2001-01-09'"))->count_max, 2);
  EXPECT_EQ((*FindPruning(days, "day >= '2001-01-01'"))->count_max, std::nullopt);
  EXPECT_EQ((*FindPruning(days, "day > day"))->count_max, std::nullopt);
  EXPECT_EQ((*FindPruning(days, "other > 1"))->leaves_all, true) << "what is not of the column";
  EXPECT_FALSE(FindPruning(TableInfo{}, "day = 1")->has_value());
  EXPECT_EQ(base::KindOf(FindPruning(days, "day =").status()), base::ErrorKind::kUsage);
}

TEST(FindPruning, CountsThePartitionsApart) {
  const TableInfo days = PartitionedBy("day", "DATE", "DAY");
  auto pruning = *FindPruning(days, "day IN ('2001-01-01', '2001-01-09') OR day IS NULL");
  EXPECT_EQ(pruning->Text(), "20010101, 20010109, __NULL__");
  EXPECT_EQ(pruning->count_max, 2);
  EXPECT_EQ(pruning->left_max(), 3);
  EXPECT_EQ((*FindPruning(days, "day IS NULL"))->left_max(), 1);
  EXPECT_EQ((*FindPruning(days, "day >= '2001-01-01'"))->left_max(), std::nullopt);
  EXPECT_EQ((*FindPruning(days, ""))->left_max(), std::nullopt);
  TableInfo ranges = PartitionedBy("n", "INTEGER", "RANGE");
  ranges.integer_ranges = {0, 100, 10};
  EXPECT_EQ((*FindPruning(ranges, "n >= 80 OR n IS NULL"))->left_max(), 4);
}

TEST(FindPruning, OfConstants) {
  TableInfo days = PartitionedBy("day", "DATE", "DAY");
  EXPECT_EQ(LeftBy(days, "FALSE"), "none");
  EXPECT_EQ(LeftBy(days, "NULL"), "none");
  EXPECT_EQ(LeftBy(days, "NOT TRUE AND other > 1"), "none");
  EXPECT_EQ((*FindPruning(days, "FALSE"))->left_max(), 0);
  EXPECT_EQ(LeftBy(days, "TRUE"), "all");
  EXPECT_EQ(LeftBy(days, "NOT FALSE"), "all");
  EXPECT_EQ(LeftBy(days, "FALSE OR day = '2001-01-01'"), "20010101");
  EXPECT_EQ(LeftBy(days, "TRUE AND day = '2001-01-01'"), "20010101");
  for (const char* never : {"1 = 0", "2 > 3 AND day = '2001-01-01'", "NOT 1 IN (1, 2)",
                            "'a' LIKE 'b%'", "1 = NULL", "1 IS NULL", "(1 = 1) IS FALSE",
                            "DATE '2001-01-01' > DATE '2001-01-02'", "2 BETWEEN 3 AND 4"}) {
    EXPECT_EQ(LeftBy(days, never), "none") << never;
  }
  for (const char* whatever : {"1 = 1", "NOT 1 = 0", "'a' LIKE 'a%'", "NOT 1 IS NULL", "0 = other",
                               "day = '2001-01-01' OR 1 = 1", "1 = 'not a number'"}) {
    EXPECT_EQ(LeftBy(days, whatever), "all") << whatever;
  }
  EXPECT_EQ(LeftBy(days, "day = '2001-01-01' OR 1 = 0"), "20010101");
  EXPECT_EQ(LeftBy(days, "day = '2001-01-01' AND NOT 1 = 0"), "20010101");
  EXPECT_EQ(LeftBy(days, "NOT (1 = NULL)"), "none") << "NOT NULL is NULL";
  days.partition_column.clear();
  EXPECT_EQ(LeftBy(days, "FALSE"), "none");
}

TEST(FindPruning, TellsWhatATableMayRequire) {
  TableInfo table = PartitionedBy("day", "DATE", "DAY");
  const auto meets = [&](const std::string& condition) {
    return (*FindPruning(table, condition))->meets_requirement;
  };
  for (const char* condition :
       {"day = '2001-01-01'", "DAY >= '2001-01-01' AND other > 1", "other > 1 AND NOT day IS NULL",
        "day IN ('2001-01-01') OR day > '2001-02-01'", "(other = 1 AND day = '2001-01-01')",
        "'2001-01-01' <= day", "day BETWEEN '2001-01-01' AND '2001-01-02'",
        "(day > '2001-01-01') IS TRUE", "day = '2001-01-01' OR 1 = 0"}) {
    EXPECT_TRUE(meets(condition)) << condition;
  }
  for (const char* condition :
       {"", "other > 1", "FALSE", "1 = 0", "day = '2001-01-01' OR other = 1", "day = other",
        "NOT (day = '2001-01-01' AND other = 1)", "_PARTITIONTIME > '2001-01-01'",
        // By these no partition can be left out.
        "day = day", "NOT day < day", "day = '2001-01-01' OR day = day", "day IN (day)",
        "day IN ('2001-01-01', day)", "day BETWEEN day AND '2001-01-01'", "day = DAY AND 1 = 1",
        "day LIKE '2001%'"}) {
    EXPECT_FALSE(meets(condition)) << condition;
  }
  table.partition_column.clear();
  EXPECT_TRUE(meets("_PARTITIONTIME > '2001-01-01'"));
  EXPECT_TRUE(meets("_partitiondate = '2001-01-01' AND other = 1"));
  EXPECT_FALSE(meets("day = '2001-01-01'"));
}

TEST(FindPruning, TakesConditionsOfManyTerms) {
  const TableInfo days = PartitionedBy("day", "DATE", "DAY");
  std::string list;
  std::string chain = "day != '1990-01-01'";
  for (int i = 0; i < 20'000; ++i) {
    const std::chrono::year_month_day date(std::chrono::sys_days(std::chrono::days(2 * i)));
    char text[32];
    std::snprintf(text, sizeof(text), "'%04d-%02u-%02u'", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    list += (i == 0 ? "" : ", ") + std::string(text);
    chain += " AND day != " + std::string(text);
  }
  EXPECT_EQ(LeftBy(days, "day IN (" + list + ")"), "19700101 to 20790706");
  // More than can be told apart: what is left out in truth may be taken to be left.
  const auto pruning = *FindPruning(days, chain);
  EXPECT_LE(pruning->left.size(), 1001u);
  EXPECT_TRUE(pruning->Holds("19700102"));
  EXPECT_FALSE(pruning->null_left);
  // Between the days of the list there are others, though the list has more than can be told apart.
  const auto between = *FindPruning(days, "day NOT IN (" + list + ")");
  EXPECT_TRUE(between->Holds("19700102"));
  EXPECT_TRUE(between->Holds("20790708"));
}

}  // namespace
}  // namespace emberharmony::bigquery
