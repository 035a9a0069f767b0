#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/queried_table_internal.h"

namespace emberharmony::bigquery {
namespace {

using testing::HasSubstr;

const TableName kView{"p", "d", "v"};

class FakeJobs : public Jobs {
 public:
  explicit FakeJobs(TableKind kind) : kind_(kind) {}
  arrow::Result<TableInfo> GetTable(const TableName& table) override {
    if (table != kView) return arrow::Status::IOError("no such table");
    TableInfo info;
    info.kind = kind_;
    info.fields = {{"a", "INTEGER", "NULLABLE", {}}};
    return info;
  }
  arrow::Result<QueryEstimate> DryRun(const std::string&) override { return QueryEstimate{}; }
  arrow::Result<QueryResult> RunQuery(const QueryRequest&) override {
    return arrow::Status::IOError("the query failed");
  }
  arrow::Result<int64_t> QueryNumber(const std::string&) override { return 0; }

 private:
  const TableKind kind_;
};

class FakePlugin : public Plugin {
 public:
  std::string Describe() const override { return "fake"; }
  void SetLogLevel(base::LogLevel) override {}
  arrow::Result<std::unique_ptr<TableReader>> OpenTable(const ReadRequest&,
                                                        const ReadOptions&) override {
    return base::DataError("not a table");
  }
  arrow::Result<std::unique_ptr<TableDownload>> OpenDownload(const ReadRequest&,
                                                             const ReadOptions&) override {
    return base::DataError("not a table");
  }
  arrow::Result<std::unique_ptr<Server>> StartServer(const ServerOptions&) override {
    return arrow::Status::NotImplemented("");
  }
  arrow::Result<std::unique_ptr<Jobs>> ConnectJobs(const JobOptions& options) override {
    project = options.connection.billing_project;
    ++num_connections;
    return std::make_unique<FakeJobs>(kind);
  }

  TableKind kind = TableKind::kView;
  std::string project;
  int num_connections = 0;
};

class OpenViewInsteadTest : public testing::Test {
 protected:
  void SetUp() override { options_.connection.rest_endpoint = "http://localhost:1"; }
  auto Open(const TableName& name, const arrow::Status& fault) {
    return OpenViewInstead(&plugin_, options_, name, fault, {});
  }

  FakePlugin plugin_;
  RemoteSourceOptions options_;
};

TEST_F(OpenViewInsteadTest, AViewHasItsSchemaBeforeItsQueryIsRun) {
  const auto view = Open(kView, base::DataError("not a table"));
  ASSERT_TRUE(view.ok()) << view.status().message();
  EXPECT_EQ((*view)->schema()->ToString(), "a: int64");
  EXPECT_EQ(plugin_.project, "p") << "the view's own project pays";
  const auto rows = (*view)->Ask({{"a"}, "a > 1", std::nullopt}, 1 << 20, {});
  EXPECT_THAT(rows.status().message(), HasSubstr("the query failed"));
}

TEST_F(OpenViewInsteadTest, TheFirstErrorStandsForAllElse) {
  const arrow::Status fault = base::DataError("the first error");
  EXPECT_EQ(Open({"p", "d", "other"}, fault).status().message(), "the first error");
  plugin_.kind = TableKind::kTable;
  EXPECT_EQ(Open(kView, fault).status().message(), "the first error");
  EXPECT_EQ(plugin_.num_connections, 2);
  // What has to do with neither the table nor the service is not looked into.
  EXPECT_TRUE(Open(kView, arrow::Status::Cancelled("stopped")).status().IsCancelled());
  EXPECT_TRUE(Open(kView, arrow::Status::OutOfMemory("")).status().IsOutOfMemory());
  EXPECT_EQ(plugin_.num_connections, 2);
  // A Storage Read server of one's own has no REST API beside it.
  unsetenv("BIGQUERY_EMULATOR_HOST");
  options_.connection = {};
  options_.connection.storage_endpoint = "localhost:1";
  EXPECT_EQ(Open(kView, fault).status().message(), "the first error");
  EXPECT_EQ(plugin_.num_connections, 2);
}

TEST_F(OpenViewInsteadTest, ViewsHaveNoPast) {
  options_.snapshot_micros = 1;
  EXPECT_THAT(Open(kView, base::DataError("x")).status().message(), HasSubstr("--snapshot-time"));
  options_.query = "SELECT 1";
  EXPECT_THAT(OpenQueryResult(&plugin_, options_, {}).status().message(),
              HasSubstr("FOR SYSTEM_TIME AS OF"));
}

TEST(MayHaveOrder, FindsItHoweverItIsWritten) {
  for (const char* sql : {"SELECT 1 ORDER BY 1", "select 1\norder\tby 1", "SELECT (1)ORDER BY(1)",
                          "SELECT 1 ORDER  BY\n1"}) {
    EXPECT_TRUE(MayHaveOrder(sql)) << sql;
  }
  for (const char* sql : {"", "SELECT 1", "SELECT order_by FROM t", "SELECT border, byte FROM t",
                          "SELECT order by_"}) {
    EXPECT_FALSE(MayHaveOrder(sql)) << sql;
  }
}

}  // namespace
}  // namespace emberharmony::bigquery
