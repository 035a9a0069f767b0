#include "emberharmony/bigquery/query_costs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace emberharmony::bigquery {
namespace {

using testing::ElementsAre;
using testing::Pair;

class PricedJobs : public Jobs {
 public:
  arrow::Result<TableInfo> GetTable(const TableName&) override { return table; }
  arrow::Result<QueryEstimate> DryRun(const std::string& sql) override {
    asked.push_back(sql);
    if (!sizes.contains(sql)) return arrow::Status::IOError("not allowed");
    return QueryEstimate{sizes[sql], 10 << 20, "US", "SELECT", {}};
  }
  arrow::Result<QueryResult> RunQuery(const QueryRequest&) override {
    return arrow::Status::NotImplemented("");
  }
  arrow::Result<int64_t> QueryNumber(const std::string&) override {
    return arrow::Status::NotImplemented("");
  }

  arrow::Result<TableInfo> table = TableInfo{};
  std::map<std::string, int64_t> sizes;
  std::vector<std::string> asked;
};

const TableQuery kQuery{{"p", "d", "t"}, {"a"}, "a > 1", 5};

std::vector<std::pair<std::string, std::string>> CostLinesOf(PricedJobs* jobs,
                                                             const TableQuery& query) {
  const auto costs = FindCosts(jobs, query);
  if (!costs.ok()) return {{"error", costs.status().message()}};
  return DescribeCosts(*costs);
}

TableInfo DailyTable() {
  TableInfo info;
  info.num_bytes = 4096;
  info.partition_column = "day";
  info.partition_type = "DAY";
  info.num_partitions = 90;
  info.fields = {{"day", "DATE", "NULLABLE", {}}, {"a", "INTEGER", "NULLABLE", {}}};
  return info;
}

TEST(DescribeCosts, TellsPartitionsAndBytes) {
  PricedJobs jobs;
  TableInfo info = DailyTable();
  info.num_partitions.reset();
  info.requires_partition_filter = true;
  info.clustering_columns = {"a", "b"};
  jobs.table = info;
  jobs.sizes["SELECT `a` FROM `p.d.t` WHERE a > 1"] = 1024;
  EXPECT_THAT(CostLinesOf(&jobs, kQuery),
              ElementsAre(Pair("partitioned by", "day (DAY), a filter on it is required"),
                          Pair("clustered by", "a, b"),
                          Pair("partitions pruned", "none: the condition does not restrict day"),
                          Pair("the service will refuse it",
                               "the table requires a condition (--where) that restricts day"),
                          Pair("bytes billed, by a dry run", "1 KiB of 4 KiB")));
  EXPECT_EQ(jobs.asked.size(), 1u);
}

TEST(DescribeCosts, CountsThePartitionsItLists) {
  PricedJobs jobs;
  jobs.table = DailyTable();
  TableQuery query = kQuery;
  query.filter = "day IN ('2001-03-01', '2001-03-05') OR day IS NULL";
  EXPECT_THAT(
      CostLinesOf(&jobs, query),
      ElementsAre(testing::_, Pair("partitions left", "20010301, 20010305, __NULL__ (at most 3)"),
                  Pair("partitions pruned", "all others, at least 87 of 90")));
}

TEST(DescribeCosts, TellsWhyNoPartitionIsPruned) {
  PricedJobs jobs;
  jobs.table = DailyTable();
  TableQuery query = kQuery;
  query.filter = "";
  const auto lines = [&] {
    const auto told = CostLinesOf(&jobs, query);
    return std::map<std::string, std::string>(told.begin(), told.end());
  };
  EXPECT_EQ(lines()["partitions pruned"], "none: no condition is given (--where)");
  query.filter = "FALSE";
  EXPECT_EQ(lines()["partitions left"], "none");
  EXPECT_EQ(lines()["partitions pruned"], "all: no row can pass the condition");
  query.filter = "a > 1";
  EXPECT_EQ(lines().count("the service will refuse it"), 0u);
  // Of a table of rows by the time at which they came no column tells that time.
  jobs.table->partition_column.clear();
  EXPECT_THAT(lines()["partitions pruned"], testing::HasSubstr("restrict _PARTITIONTIME"));
  jobs.table->requires_partition_filter = true;
  EXPECT_THAT(lines()["the service will refuse it"], testing::HasSubstr("_PARTITIONTIME"));
  query.filter = "_PARTITIONDATE = '2001-03-01'";
  EXPECT_EQ(lines()["partitions left"], "20010301");
  EXPECT_EQ(lines().count("the service will refuse it"), 0u);
}

TEST(DescribeCosts, ForetellsARefusal) {
  PricedJobs jobs;
  jobs.table = DailyTable();
  jobs.table->requires_partition_filter = true;
  TableQuery query = kQuery;
  for (const char* refused : {"", "a > 1", "FALSE", "day = '2001-03-01' OR a > 1", "day > a"}) {
    query.filter = refused;
    EXPECT_TRUE(FindCosts(&jobs, query)->will_be_refused()) << refused;
  }
  query.filter = "day = '2001-03-01' AND a > 1";
  EXPECT_FALSE(FindCosts(&jobs, query)->will_be_refused());
}

TEST(DescribeCosts, TellsWhichPartitionsArePruned) {
  PricedJobs jobs;
  jobs.table = DailyTable();
  TableQuery query = kQuery;
  query.filter = "Day BETWEEN '2001-03-01' AND '2001-03-31' AND a > 1";
  const std::string pruned =
      "SELECT `a` FROM `p.d.t` WHERE Day BETWEEN '2001-03-01' AND '2001-03-31' AND a > 1";
  jobs.sizes[pruned] = 1024;
  // The column of the condition is billed, too.
  jobs.sizes["SELECT `a`, `day` FROM `p.d.t`"] = 3072;
  EXPECT_THAT(CostLinesOf(&jobs, query),
              ElementsAre(Pair("partitioned by", "day (DAY), 90 partitions"),
                          Pair("partitions left", "20010301 to 20010331 (at most 31)"),
                          Pair("partitions pruned",
                               "all others, at least 59 of 90; by dry runs, 2 KiB of "
                               "the 3 KiB that these columns have"),
                          Pair("bytes billed, by a dry run", "1 KiB of 4 KiB")));
  // Where a filter is required the service prices no query without one.
  jobs.table->requires_partition_filter = true;
  jobs.asked.clear();
  EXPECT_THAT(CostLinesOf(&jobs, query),
              testing::Contains(Pair("partitions pruned", "all others, at least 59 of 90")));
  EXPECT_THAT(jobs.asked, ElementsAre(pruned));
  // Without an end nobody knows how many partitions there can be.
  query.filter = "day >= '2001-03-01'";
  EXPECT_THAT(CostLinesOf(&jobs, query),
              ElementsAre(testing::_, Pair("partitions left", "20010301 and later"),
                          Pair("partitions pruned", "all others")));
}

TEST(DescribeCosts, TellsWhatCannotBeFound) {
  PricedJobs jobs;
  jobs.table = arrow::Status::IOError("not allowed");
  EXPECT_THAT(CostLinesOf(&jobs, kQuery),
              ElementsAre(Pair("how it is partitioned", "unknown: not allowed")));
  jobs.table = arrow::Status::Cancelled("stopped");
  EXPECT_TRUE(FindCosts(&jobs, kQuery).status().IsCancelled());
}

}  // namespace
}  // namespace emberharmony::bigquery
