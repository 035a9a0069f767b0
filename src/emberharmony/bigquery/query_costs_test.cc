#include "emberharmony/bigquery/query_costs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace emberharmony::bigquery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class PricedJobs : public Jobs {
 public:
  arrow::Result<TableInfo> GetTable(const TableName&) override { return table; }
  arrow::Result<QueryEstimate> DryRun(const std::string& sql) override {
    asked.push_back(sql);
    if (!sizes.contains(sql)) return arrow::Status::IOError("not allowed");
    return QueryEstimate{sizes[sql], 10 << 20, "US", "SELECT"};
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
                          Pair("bytes billed, by a dry run", "1 KiB of 4 KiB")));
  EXPECT_EQ(jobs.asked.size(), 1u);
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

TEST(DescribeCosts, LeavesOutWhatCannotBeFound) {
  PricedJobs jobs;
  jobs.table = arrow::Status::IOError("not allowed");
  EXPECT_THAT(CostLinesOf(&jobs, kQuery), IsEmpty());
  jobs.table = arrow::Status::Cancelled("stopped");
  EXPECT_TRUE(FindCosts(&jobs, kQuery).status().IsCancelled());
}

}  // namespace
}  // namespace emberharmony::bigquery
