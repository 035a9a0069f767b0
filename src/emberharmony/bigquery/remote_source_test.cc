#include "emberharmony/bigquery/remote_source.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/queried_table_internal.h"

namespace emberharmony::bigquery {
namespace {

using arrow::Result;
using arrow::Status;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kMinuteMicros = int64_t{60} * 1'000'000;

/// A table whose partitions must be restricted, or one whose rows take their time.
struct TimedTable {
  std::string required;     ///< what a restriction must hold
  std::string wrong = "~";  ///< and what it must not
  std::string fault = "without a filter that can be used for partition elimination";
  std::vector<std::string> restrictions;  ///< of the sessions that were asked for
  int64_t now_micros = 1'000 * kMinuteMicros;
  int64_t minutes = 0;  ///< that a tenth of the rows takes
};

class TimedDownload : public TableDownload {
 public:
  explicit TimedDownload(TimedTable* table) : table_(table) {
    session_.num_streams = 1;
    session_.estimated_row_count = 1'000;
    session_.expire_micros = table->now_micros + 360 * kMinuteMicros;
  }
  const SessionInfo& session() const override { return session_; }
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  Result<std::unique_ptr<TableDownload>> OpenAnother(
      const ReadRequest&, const std::function<Status()>&) const override {
    return Status::NotImplemented("");
  }
  Status Run(MessageSink*, int, std::optional<int64_t>,
             const std::function<Status()>& check_stop) override {
    for (int tenth = 0; tenth < 10; ++tenth) {
      counters_.rows += 100;
      table_->now_micros += table_->minutes * kMinuteMicros;
      ARROW_RETURN_NOT_OK(check_stop());
    }
    return Status::OK();
  }
  ReadCounters counters() const override { return counters_; }

 private:
  TimedTable* const table_;
  SessionInfo session_;
  ReadCounters counters_;
  const std::shared_ptr<arrow::Schema> schema_ =
      arrow::schema({arrow::field("day", arrow::date32())});
};

class TimedPlugin : public Plugin {
 public:
  explicit TimedPlugin(TimedTable* table) : table_(table) {}
  std::string Describe() const override { return ""; }
  void SetLogLevel(base::LogLevel) override {}
  Result<std::unique_ptr<TableReader>> OpenTable(const ReadRequest&, const ReadOptions&) override {
    return Status::NotImplemented("");
  }
  Result<std::unique_ptr<TableDownload>> OpenDownload(const ReadRequest& request,
                                                      const ReadOptions&) override {
    table_->restrictions.push_back(request.row_restriction);
    const bool is_wrong = request.row_restriction.find(table_->wrong) != std::string::npos;
    if (is_wrong || request.row_restriction.find(table_->required) == std::string::npos) {
      return base::UsageError(table_->fault + " (" + request.row_restriction + ")");
    }
    return std::make_unique<TimedDownload>(table_);
  }
  Result<std::unique_ptr<Server>> StartServer(const ServerOptions&) override {
    return Status::NotImplemented("");
  }
  Result<std::unique_ptr<Jobs>> ConnectJobs(const JobOptions&) override {
    return Status::NotImplemented("");
  }

 private:
  TimedTable* const table_;
};

class RemoteSourceTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<io::RemoteTable>> Open(const std::string& filter) {
    RemoteSourceOptions options;
    options.now_micros = [this] { return table_.now_micros; };
    return OpenStoredTable(&plugin_, options, {"p", "d", "t"}, {}, filter, [] { return Status(); });
  }

  TimedTable table_;
  TimedPlugin plugin_{&table_};
};

TEST_F(RemoteSourceTest, TablesAreShownWithoutAFilter) {
  ASSERT_TRUE(Open("nothere > 1").ok());
  EXPECT_THAT(table_.restrictions, ElementsAre(""));
}

TEST_F(RemoteSourceTest, TablesThatRequireAFilterAreShownWithIt) {
  table_.required = "day >";
  const auto table = Open("day > '2001-01-01'");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table_.restrictions, ElementsAre("", "day > '2001-01-01'"));
  EXPECT_EQ((*table)->schema()->field_names(), std::vector<std::string>{"day"});
  EXPECT_THAT((*table)->filter_schema()->field_names(),
              ElementsAre("day", "_PARTITIONTIME", "_PARTITIONDATE"));
}

TEST_F(RemoteSourceTest, AWrongTermDoesNotHideTheTable) {
  table_.required = "day >";
  table_.wrong = "dya";
  ASSERT_TRUE(Open("dya < 5 AND day > '2001-01-01'").ok());
  EXPECT_THAT(table_.restrictions,
              ElementsAre("", "dya < 5 AND day > '2001-01-01'", "dya < 5", "day > '2001-01-01'"));
}

TEST_F(RemoteSourceTest, OfTwoRefusalsTheOneThatHelpsIsTold) {
  table_.required = "day >";
  EXPECT_THAT(Open("").status().message(), HasSubstr("partition elimination ()"));
  EXPECT_THAT(Open("x = 1").status().message(), HasSubstr("partition elimination (x = 1)"));
  EXPECT_THAT(Open("x = 1 AND y = 2").status().message(),
              HasSubstr("partition elimination (x = 1 AND y = 2)"));
  // What is wrong with the table itself is told of the table, and nothing more is asked for.
  table_.fault = "the table is a view";
  table_.restrictions.clear();
  EXPECT_THAT(Open("x = 1").status().message(), HasSubstr("the table is a view ()"));
  EXPECT_THAT(table_.restrictions, ElementsAre(""));
}

TEST_F(RemoteSourceTest, WhatIsForetoldOfASessionStandsInTheReport) {
  for (const int64_t minutes : {1, 30, 60}) {
    table_.minutes = minutes;
    auto rows = (*Open(""))->Ask({}, 1 << 20, [] { return Status(); });
    ASSERT_TRUE(rows.ok()) << rows.status();
    const auto source = (*rows)->Fetch({});
    ASSERT_TRUE(source.ok()) << source.status();
    if (minutes < 60) {
      EXPECT_THAT((*source)->warnings(), IsEmpty()) << minutes;
    } else {
      EXPECT_THAT((*source)->warnings(),
                  ElementsAre(HasSubstr("p.d.t: 100 of about 1000 rows have come in 60 minutes")));
    }
  }
}

}  // namespace
}  // namespace emberharmony::bigquery
