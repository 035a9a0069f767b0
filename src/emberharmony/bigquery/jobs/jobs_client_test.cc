#include "emberharmony/bigquery/jobs/jobs_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/jobs/scripted_http_internal.h"

namespace emberharmony::bigquery::jobs {
namespace {

using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;

constexpr const char* kBase = "http://localhost:9/bigquery/v2/";
constexpr const char* kDry =
    R"({"status": {"state": "DONE"}, "jobReference": {"projectId": "pay", "location": "EU"},
        "statistics": {"totalBytesProcessed": "10485761",
                       "query": {"statementType": "SELECT"}}})";
constexpr const char* kInserted =
    R"({"status": {"state": "RUNNING"},
        "jobReference": {"projectId": "pay", "jobId": "job1", "location": "EU"}})";
constexpr const char* kComplete = R"({"jobComplete": true, "totalRows": "123"})";
constexpr const char* kDone =
    R"({"status": {"state": "DONE"},
        "configuration": {"query": {"destinationTable":
            {"projectId": "pay", "datasetId": "_anon", "tableId": "t1"}}},
        "statistics": {"query": {"totalBytesProcessed": "5", "totalBytesBilled": "10485760",
                                 "cacheHit": false}}})";

std::string Failed(const std::string& reason, const std::string& message = "why") {
  return json{
      {"status", {{"state", "DONE"}, {"errorResult", {{"reason", reason}, {"message", message}}}}}}
      .dump();
}

std::string Error(const std::string& reason, const std::string& message = "why") {
  return json{{"error",
               {{"message", message},
                {"errors", json::array({{{"reason", reason}, {"message", message}}})}}}}
      .dump();
}

class JobsClientTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.connection.rest_endpoint = "http://localhost:9";
    options_.connection.billing_project = "pay";
    options_.check_stop = [this] {
      return stopped_ ? arrow::Status::Cancelled("stopped") : arrow::Status::OK();
    };
  }
  std::unique_ptr<Jobs> Make() {
    auto jobs = MakeJobs(options_, {&transport_, &clock_, EnvironmentOf(variables_),
                                    [this] { return "job" + std::to_string(++num_ids_); }});
    EXPECT_TRUE(jobs.ok()) << jobs.status().message();
    return jobs.ok() ? *std::move(jobs) : nullptr;
  }
  std::string Url(size_t i) { return transport_.requests.at(i).url.substr(strlen(kBase)); }
  json Body(size_t i) { return json::parse(transport_.requests.at(i).body); }

  ScriptedTransport transport_;
  ScriptedClock clock_;
  JobOptions options_;
  std::map<std::string, std::string> variables_;
  int num_ids_ = 0;
  bool stopped_ = false;
};

TEST_F(JobsClientTest, RunsAQueryToItsTable) {
  auto jobs = Make();
  transport_.Answer(200, kDry)
      .Answer(200, kInserted)
      .Answer(200, R"({"jobComplete": false})")
      .Answer(200, kComplete)
      .Answer(200, kDone);
  const auto result = jobs->RunQuery({"SELECT 1", std::nullopt, 7});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->table, (TableName{"pay", "_anon", "t1"}));
  EXPECT_EQ(result->num_rows, 123);
  EXPECT_EQ(result->bytes_processed, 5);
  EXPECT_EQ(result->bytes_billed, 10485760);
  EXPECT_FALSE(result->from_cache);
  EXPECT_EQ(result->job_id, "job1");
  EXPECT_EQ(result->location, "EU");

  EXPECT_EQ(transport_.requests[0].method, "POST");
  EXPECT_EQ(Body(0)["configuration"]["dryRun"], true);
  EXPECT_EQ(Url(1), "projects/pay/jobs");
  EXPECT_EQ(Body(1), json::parse(R"({"configuration": {"query": {
      "query": "SELECT 1", "useLegacySql": false, "maximumBytesBilled": "7"}},
      "jobReference": {"projectId": "pay", "jobId": "job1", "location": "EU"}})"));
  EXPECT_EQ(Url(2), "projects/pay/queries/job1?location=EU&maxResults=0&timeoutMs=10000");
  EXPECT_EQ(Url(4), "projects/pay/jobs/job1?location=EU");
  for (const HttpRequest& request : transport_.requests) {
    EXPECT_GT(request.timeout_ms, 0);
    for (const std::string& header : request.headers) {
      EXPECT_FALSE(header.starts_with("Authorization")) << "a loopback host gets no credentials";
    }
  }
}

TEST_F(JobsClientTest, ALocationThatNobodyToldIsNotNamed) {
  auto jobs = Make();
  transport_.Answer(200, "{}").Answer(200, "{}").Answer(200, kComplete).Answer(200, kDone);
  ASSERT_TRUE(jobs->RunQuery({"SELECT 1", std::nullopt, 0}).ok());
  EXPECT_EQ(Body(1)["jobReference"], json::parse(R"({"projectId": "pay", "jobId": "job1"})"));
  EXPECT_EQ(Url(2), "projects/pay/queries/job1?maxResults=0&timeoutMs=10000");
  EXPECT_EQ(Url(3), "projects/pay/jobs/job1");
}

TEST_F(JobsClientTest, AnInsertionWhoseAnswerWasLostIsThere) {
  auto jobs = Make();
  transport_.Answer(200, kDry)
      .Answer(0, "")
      .Answer(409, Error("duplicate", "Already Exists: Job pay:EU.job1"))
      .Answer(200, kComplete)
      .Answer(200, kDone);
  const auto result = jobs->RunQuery({"SELECT 1", std::nullopt, 0});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->location, "EU");
  EXPECT_EQ(Body(1)["jobReference"], Body(2)["jobReference"]);
  EXPECT_THAT(Url(3), HasSubstr("queries/job1?location=EU"));
}

TEST_F(JobsClientTest, AJobsOwnFailureIsNoFailureOfThePoll) {
  auto jobs = Make();
  // The poll tells the job's reason, which could be tried again if it were the poll's own.
  transport_.Answer(200, kDry)
      .Answer(200, kInserted)
      .Answer(400, Error("invalidQuery", "Division by zero"))
      .Answer(200, Failed("invalidQuery", "Division by zero"));
  const auto result = jobs->RunQuery({"SELECT 1/0", std::nullopt, 0});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(), HasSubstr("query job1: Division by zero (invalidQuery)"));
  EXPECT_EQ(base::KindOf(result.status()), base::ErrorKind::kUsage);
  EXPECT_TRUE(clock_.pauses.empty());
}

TEST_F(JobsClientTest, AJobThatFailedForAPassingReasonIsRunAnewUnderAnotherName) {
  auto jobs = Make();
  transport_.Answer(200, kDry)
      .Answer(200, kInserted)
      .Answer(503, Error("backendError"))
      .Answer(200, Failed("backendError"))
      .Answer(200, R"({"jobReference": {"location": "EU"}})")
      .Answer(200, kComplete)
      .Answer(200, kDone);
  const auto result = jobs->RunQuery({"SELECT 1", std::nullopt, 0});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->job_id, "job2");
  EXPECT_EQ(Body(4)["jobReference"]["jobId"], "job2");

  // But only one that has changed nothing.
  const std::string dry =
      json{{"statistics", {{"query", {{"statementType", "CREATE_TABLE_AS_SELECT"}}}}}}.dump();
  transport_.Answer(200, dry)
      .Answer(200, kInserted)
      .Answer(503, Error("backendError"))
      .Answer(200, Failed("backendError"));
  EXPECT_FALSE(jobs->RunQuery({"CREATE TABLE a.b AS SELECT 1", std::nullopt, 0}).ok());
}

TEST_F(JobsClientTest, ThePollsOwnFailureIsTriedAgain) {
  auto jobs = Make();
  const char* running = R"({"status": {"state": "RUNNING"}})";
  transport_.Answer(200, kDry)
      .Answer(200, kInserted)
      .Answer(0, "")
      .Answer(503, Error("backendError"))
      .Answer(200, running)
      .Answer(200, kComplete)
      .Answer(200, kDone);
  ASSERT_TRUE(jobs->RunQuery({"SELECT 1", std::nullopt, 0}).ok());
  // A poll that fails although its job is done is asked again for the number of rows.
  transport_.Answer(200, kDry)
      .Answer(200, kInserted)
      .Answer(503, Error("backendError"))
      .Answer(200, kDone)
      .Answer(200, kComplete)
      .Answer(200, kDone);
  EXPECT_EQ(jobs->RunQuery({"SELECT 1", std::nullopt, 0})->num_rows, 123);
  EXPECT_EQ(transport_.num_left(), 0u);
}

TEST_F(JobsClientTest, AQueryThatYieldsNoRowsIsNotRun) {
  auto jobs = Make();
  transport_.Answer(200, R"({"statistics": {"query": {"statementType": "DELETE"}}})");
  const auto result = jobs->RunQuery({"DELETE FROM a.b WHERE TRUE", std::nullopt, 0});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(), EndsWith("found DELETE"));
  EXPECT_EQ(transport_.requests.size(), 1u);
}

TEST_F(JobsClientTest, StoppingCancelsTheJob) {
  auto jobs = Make();
  transport_.Answer(200, kDry)
      .Answer(200, kInserted)
      .Answer(200, R"({"jobComplete": false})")
      .Answer(200, "{}");
  transport_.on_send = [this](const HttpRequest& request) {
    stopped_ = request.url.find("/queries/") != std::string::npos;
  };
  const auto result = jobs->RunQuery({"SELECT 1", std::nullopt, 0});
  EXPECT_TRUE(result.status().IsCancelled());
  ASSERT_EQ(transport_.requests.size(), 4u);
  EXPECT_EQ(Url(3), "projects/pay/jobs/job1/cancel?location=EU");
  EXPECT_LT(transport_.requests[3].timeout_ms, 1000);
}

TEST_F(JobsClientTest, DryRunTellsBytesAndMistakes) {
  auto jobs = Make();
  transport_.Answer(200, kDry);
  const auto estimate = jobs->DryRun("SELECT 1");
  ASSERT_TRUE(estimate.ok());
  EXPECT_EQ(estimate->bytes_processed, 10485761);
  EXPECT_EQ(estimate->bytes_billed, 11 << 20);
  EXPECT_EQ(estimate->location, "EU");
  const std::pair<const char*, int64_t> kBilled[] = {
      {"0", 0}, {"1", 10 << 20}, {"10485760", 10 << 20}, {"9223372036854775807", -1}};
  for (const auto& [bytes, billed] : kBilled) {
    transport_.Answer(200, json{{"statistics", {{"totalBytesProcessed", bytes}}}}.dump());
    const int64_t found = jobs->DryRun("SELECT 1")->bytes_billed;
    if (billed < 0) {
      EXPECT_GT(found, 0);
    } else {
      EXPECT_EQ(found, billed) << bytes;
    }
  }
  transport_.Answer(400, Error("invalidQuery", "Syntax error at [1:1]"));
  const auto wrong = jobs->DryRun("SELEC");
  EXPECT_EQ(base::KindOf(wrong.status()), base::ErrorKind::kUsage);
  EXPECT_THAT(wrong.status().message(), HasSubstr("Syntax error at [1:1] (invalidQuery)"));
}

TEST_F(JobsClientTest, DestinationIsPartOfTheRequest) {
  auto jobs = Make();
  transport_.Answer(200, kDry).Answer(200, kInserted).Answer(200, kComplete).Answer(200, kDone);
  ASSERT_TRUE(jobs->RunQuery({"SELECT 1", TableName{"p", "d", "t"}, 0}).ok());
  EXPECT_EQ(Body(1)["configuration"]["query"]["destinationTable"],
            json::parse(R"({"projectId": "p", "datasetId": "d", "tableId": "t"})"));
  EXPECT_EQ(Body(1)["configuration"]["query"]["writeDisposition"], "WRITE_TRUNCATE");
}

TEST_F(JobsClientTest, QueryNumberReadsTheOnlyCell) {
  auto jobs = Make();
  const auto run = [&](const char* rows) {
    transport_.Answer(200, kDry)
        .Answer(200, kInserted)
        .Answer(200, std::string(R"({"jobComplete": true, "rows": )") + rows + "}")
        .Answer(200, kDone);
    return jobs->QueryNumber("SELECT COUNT(*)");
  };
  EXPECT_EQ(*run(R"([{"f": [{"v": "42"}]}])"), 42);
  for (const char* rows : {"[]", "1", R"([{"f": [{"v": null}]}])", R"([{"f": []}])", "[1]",
                           R"([{"f": [{"v": "1"}, {"v": "2"}]}])", R"([{"f": [{"v": "x"}]}])"}) {
    EXPECT_FALSE(run(rows).ok()) << rows;
  }
}

TEST_F(JobsClientTest, TablesTellWhatTheyAre) {
  auto jobs = Make();
  transport_.Answer(200, R"({"type": "TABLE", "location": "US", "numRows": "7", "numBytes": "70",
      "timePartitioning": {"type": "DAY", "field": "d", "requirePartitionFilter": true},
      "clustering": {"fields": ["a", "b"]},
      "schema": {"fields": [{"name": "r", "type": "RECORD", "mode": "REPEATED",
                             "fields": [{"name": "x", "type": "STRING"}]}]}})");
  const auto table = jobs->GetTable(TableName{"example.com:p", "d", "a b"});
  ASSERT_TRUE(table.ok()) << table.status().message();
  EXPECT_EQ(Url(0), "projects/example.com%3Ap/datasets/d/tables/a%20b");
  EXPECT_EQ(table->kind, TableKind::kTable);
  EXPECT_EQ(table->num_rows, 7);
  EXPECT_EQ(table->num_bytes, 70);
  EXPECT_EQ(table->location, "US");
  EXPECT_EQ(table->partition_column, "d");
  EXPECT_EQ(table->partition_type, "DAY");
  EXPECT_TRUE(table->requires_partition_filter);
  EXPECT_THAT(table->clustering_columns, testing::ElementsAre("a", "b"));
  ASSERT_EQ(table->fields.size(), 1u);
  EXPECT_EQ(table->fields[0].mode, "REPEATED");
  EXPECT_EQ(table->fields[0].fields.at(0).name, "x");
  EXPECT_EQ(table->fields[0].fields[0].mode, "NULLABLE");

  transport_.Answer(200, R"({"type": "TABLE", "numPartitions": "12", "rangePartitioning":
      {"field": "n", "range": {"start": "-5", "end": "100", "interval": "10"}}})");
  const auto ranged = jobs->GetTable({"p", "d", "t"});
  EXPECT_EQ(ranged->partition_type, "RANGE");
  EXPECT_EQ(ranged->partition_column, "n");
  EXPECT_EQ(ranged->integer_ranges.start, -5);
  EXPECT_EQ(ranged->integer_ranges.end, 100);
  EXPECT_EQ(ranged->integer_ranges.interval, 10);
  EXPECT_EQ(ranged->num_partitions, 12);

  const std::pair<const char*, TableKind> kKinds[] = {
      {"VIEW", TableKind::kView},         {"MATERIALIZED_VIEW", TableKind::kMaterializedView},
      {"EXTERNAL", TableKind::kExternal}, {"SNAPSHOT", TableKind::kSnapshot},
      {"MODEL", TableKind::kOther},       {"", TableKind::kOther}};
  for (const auto& [type, kind] : kKinds) {
    transport_.Answer(200, json{{"type", type}, {"numRows", "0"}}.dump());
    const auto info = jobs->GetTable({"p", "d", "t"});
    EXPECT_EQ(info->kind, kind) << type;
    EXPECT_EQ(info->num_rows.has_value(),
              kind != TableKind::kView && kind != TableKind::kMaterializedView);
  }
  transport_.Answer(404, Error("notFound", "Not found: Table p:d.t"));
  const auto missing = jobs->GetTable({"p", "d", "t"});
  EXPECT_THAT(missing.status().message(), HasSubstr("table p.d.t: Not found: Table p:d.t"));
  EXPECT_EQ(base::KindOf(missing.status()), base::ErrorKind::kData);
}

TEST_F(JobsClientTest, AnswersOfOtherFormsAreErrorsAndNoCrash) {
  auto jobs = Make();
  for (const char* answer :
       {"{}", R"({"schema": 1})", R"({"schema": {"fields": 1}})", R"({"schema": {"fields": [1]}})",
        R"({"numRows": -1.5, "clustering": {"fields": {}}, "type": []})"}) {
    transport_.Answer(200, answer);
    EXPECT_TRUE(jobs->GetTable({"p", "d", "t"}).ok()) << answer;
  }
  std::string deep = R"({"schema": )";
  for (int i = 0; i < 100; ++i) deep += R"({"fields": [{"name": "x", "fields": [)";
  transport_.Answer(200, deep);
  EXPECT_FALSE(jobs->GetTable({"p", "d", "t"}).ok());
  // A job that is done and left no table.
  transport_.Answer(200, kDry).Answer(200, kInserted).Answer(200, kComplete).Answer(200, "{}");
  EXPECT_THAT(jobs->RunQuery({"SELECT 1", std::nullopt, 0}).status().message(),
              HasSubstr("left no table"));
}

TEST_F(JobsClientTest, SettingsComeFromTheOptionsThenTheEnvironment) {
  options_.connection = {};
  variables_ = {{"BIGQUERY_EMULATOR_HOST", "localhost:9"}, {"GOOGLE_CLOUD_PROJECT", "env"}};
  options_.location = "asia";
  auto jobs = Make();
  transport_.Answer(200, kDry);
  ASSERT_TRUE(jobs->DryRun("SELECT 1").ok());
  EXPECT_EQ(transport_.requests[0].url, std::string(kBase) + "projects/env/jobs");
  EXPECT_EQ(Body(0)["jobReference"], json::parse(R"({"projectId": "env", "location": "asia"})"));

  variables_.erase("GOOGLE_CLOUD_PROJECT");
  const auto nobody = Make()->DryRun("SELECT 1");
  EXPECT_EQ(base::KindOf(nobody.status()), base::ErrorKind::kUsage);
  EXPECT_THAT(nobody.status().message(), HasSubstr("--project"));

  const auto fault_of = [&] {
    return MakeJobs(options_, {&transport_, &clock_, EnvironmentOf(variables_), {}})
        .status()
        .message();
  };
  variables_["BIGQUERY_EMULATOR_HOST"] = "http://bigquery.example.com";
  EXPECT_THAT(fault_of(), HasSubstr("plain text"));
  variables_ = {{"HOME", "/nonexistent"}, {"GOOGLE_CLOUD_UNIVERSE_DOMAIN", "example.com"}};
  transport_.Answer(200, "other.org", {{"metadata-flavor", "Google"}});
  EXPECT_THAT(fault_of(), HasSubstr("universe other.org, expected example.com"));
}

TEST_F(JobsClientTest, TheUniverseOfTheCredentialsNamesTheHost) {
  options_.connection = {};
  options_.connection.billing_project = "pay";
  variables_ = {{"HOME", "/nonexistent"}};
  transport_.Answer(200, "example.com", {{"metadata-flavor", "Google"}});
  auto jobs = Make();
  transport_
      .Answer(200, R"({"access_token": "tok", "expires_in": 3600})",
              {{"metadata-flavor", "Google"}})
      .Answer(200, kDry);
  ASSERT_TRUE(jobs->DryRun("SELECT 1").ok());
  EXPECT_EQ(transport_.requests.back().url,
            "https://bigquery.example.com/bigquery/v2/projects/pay/jobs");
  EXPECT_TRUE(HasHeader(transport_.requests.back(), "Authorization: Bearer tok"));
}

}  // namespace
}  // namespace emberharmony::bigquery::jobs
