#include "emberharmony/bigquery/query_costs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace emberharmony::bigquery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class PricedJobs : public Jobs {
 public:
  arrow::Result<TableInfo> GetTable(const TableName&) override { return table; }
  arrow::Result<QueryEstimate> DryRun(const std::string& sql) override {
    asked = sql;
    return estimate;
  }
  arrow::Result<QueryResult> RunQuery(const QueryRequest&) override {
    return arrow::Status::NotImplemented("");
  }
  arrow::Result<int64_t> QueryNumber(const std::string&) override {
    return arrow::Status::NotImplemented("");
  }

  arrow::Result<TableInfo> table = TableInfo{};
  arrow::Result<QueryEstimate> estimate = QueryEstimate{};
  std::string asked;
};

const TableQuery kQuery{{"p", "d", "t"}, {"a"}, "a > 1", 5};

TEST(DescribeCosts, TellsPartitionsAndBytes) {
  PricedJobs jobs;
  TableInfo info;
  info.num_bytes = 4096;
  info.partition_column = "day";
  info.partition_type = "DAY";
  info.requires_partition_filter = true;
  info.clustering_columns = {"a", "b"};
  jobs.table = info;
  jobs.estimate = QueryEstimate{1024, 10 << 20, "US", "SELECT"};
  EXPECT_THAT(*DescribeCosts(&jobs, kQuery),
              ElementsAre(Pair("partitioned by", "day (DAY), a filter on it is required"),
                          Pair("clustered by", "a, b"),
                          Pair("bytes billed, by a dry run", "1 KiB of 4 KiB")));
  EXPECT_EQ(jobs.asked, "SELECT `a` FROM `p.d.t` WHERE a > 1");
}

TEST(DescribeCosts, LeavesOutWhatCannotBeFound) {
  PricedJobs jobs;
  jobs.table = arrow::Status::IOError("not allowed");
  jobs.estimate = arrow::Status::IOError("not allowed");
  EXPECT_THAT(*DescribeCosts(&jobs, kQuery), IsEmpty());
  jobs.estimate = arrow::Status::Cancelled("stopped");
  EXPECT_TRUE(DescribeCosts(&jobs, kQuery).status().IsCancelled());
}

}  // namespace
}  // namespace emberharmony::bigquery
