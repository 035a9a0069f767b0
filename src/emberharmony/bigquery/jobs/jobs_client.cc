#include "emberharmony/bigquery/jobs/jobs_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/printable_text.h"
#include "emberharmony/bigquery/jobs/curl_transport.h"
#include "emberharmony/bigquery/jobs/json_fields_internal.h"

namespace emberharmony::bigquery::jobs {
namespace {

using nlohmann::json;

/// How long the service may hold an answer back until the query is done.
constexpr int64_t kJobPollMillis = 10000;
constexpr int64_t kAnswerMillis = 60000;
/// Telling the service that nobody waits any more must not make anybody wait.
constexpr int64_t kCancelMillis = 900;
constexpr int64_t kFirstPauseMillis = 100;
constexpr int64_t kPauseMillisMax = 2000;
constexpr int64_t kMebibyte = int64_t{1} << 20;
constexpr int64_t kBilledBytesMin = 10 * kMebibyte;

/// "On-demand pricing: rounded up to the nearest MB, with a minimum of 10 MB".
int64_t BilledBytes(int64_t processed) {
  if (processed <= 0) return 0;
  // No table comes near the upper end, but an answer may.
  processed = std::min(processed, std::numeric_limits<int64_t>::max() - kMebibyte);
  return std::max(kBilledBytesMin, (processed + kMebibyte - 1) / kMebibyte * kMebibyte);
}

struct Job {
  std::string id;
  std::string location;
};

/// What came of a job.
struct Outcome {
  json job;     ///< what jobs.get answered
  json result;  ///< what getQueryResults answered; null if it gave nothing but an error

  std::string failure() const { return TextAt(job, {"status", "errorResult", "message"}); }
  std::string reason() const { return TextAt(job, {"status", "errorResult", "reason"}); }
  bool failed() const { return At(job, {"status", "errorResult"}) != nullptr; }
};

/// Fails well only if a new job may do better, which a job that changed nothing may be.
bool MayRepeat(const Outcome& outcome, const std::string& statement_type) {
  const std::string reason = outcome.reason();
  return statement_type == "SELECT" &&
         (IsRetryableReason(reason) || reason == "jobBackendError" ||
          reason == "jobInternalError" || reason == "jobRateLimitExceeded");
}

arrow::Status FailureOf(const Outcome& outcome, const Job& job) {
  const std::string reason = outcome.reason();
  std::string text =
      base::PrintableText(fmt::format("BigQuery, query {}: {}{}", job.id, outcome.failure(),
                                      reason.empty() ? "" : fmt::format(" ({})", reason)));
  const bool usage =
      reason == "invalidQuery" || reason == "invalid" || reason == "bytesBilledLimitExceeded";
  return usage ? base::UsageError(std::move(text)) : base::DataError(std::move(text));
}

class JobsClient : public Jobs {
 public:
  JobsClient(std::string project, std::string location, StopCheck stop, JobsParts parts,
             std::unique_ptr<HttpTransport> own_transport, std::unique_ptr<TokenSource> tokens,
             std::string base_url, std::string quota_project)
      : project_(std::move(project)),
        location_(std::move(location)),
        stop_(std::move(stop)),
        parts_(std::move(parts)),
        own_transport_(std::move(own_transport)),
        tokens_(std::move(tokens)),
        rest_(std::move(base_url), std::move(quota_project), parts_.transport, tokens_.get(),
              parts_.clock) {}

  arrow::Result<TableInfo> GetTable(const TableName& table) override;
  arrow::Result<QueryEstimate> DryRun(const std::string& sql) override;
  arrow::Result<QueryResult> RunQuery(const QueryRequest& request) override;
  arrow::Result<int64_t> QueryNumber(const std::string& sql) override;

 private:
  arrow::Status CheckProject() const;
  /// "?location=EU&a=b": where the job is, if that is known, and further parameters.
  static std::string JobQuery(const Job& job, std::vector<std::string> parameters = {});
  std::string JobsPath() const { return fmt::format("projects/{}/jobs", PercentEncode(project_)); }
  json Configuration(const QueryRequest& request) const;
  /// Sets the job's location where only the service knew it.
  arrow::Status Insert(const QueryRequest& request, Job* job);
  arrow::Result<json> GetJob(const Job& job);
  arrow::Result<Outcome> Await(const Job& job, int max_results);
  void Cancel(const Job& job);
  /// Runs the query to its good end; `*job` is the one that did.
  arrow::Result<Outcome> Run(const QueryRequest& request, int max_results, Job* job);

  const std::string project_;
  const std::string location_;
  const StopCheck stop_;
  const JobsParts parts_;
  const std::unique_ptr<HttpTransport> own_transport_;
  const std::unique_ptr<TokenSource> tokens_;
  RestClient rest_;
  /// The last dry run, of which no run has been made: who asks for the price and then runs the
  /// query need not ask twice.
  std::optional<std::string> estimated_sql_;
  QueryEstimate estimate_;
};

arrow::Status JobsClient::CheckProject() const {
  if (!project_.empty()) return arrow::Status::OK();
  return base::UsageError(
      "a query needs a project that it belongs to, and that pays: name it (--project), or "
      "set GOOGLE_CLOUD_PROJECT");
}

arrow::Result<TableInfo> JobsClient::GetTable(const TableName& table) {
  RestCall call;
  call.path = fmt::format("projects/{}/datasets/{}/tables/{}", PercentEncode(table.project),
                          PercentEncode(table.dataset), PercentEncode(table.table));
  ARROW_ASSIGN_OR_RAISE(const RestAnswer answer, rest_.Call(call, stop_));
  if (!answer.ok()) return answer.ToStatus("table " + table.Text());
  return ReadTableInfo(answer.body);
}

std::string JobsClient::JobQuery(const Job& job, std::vector<std::string> parameters) {
  if (!job.location.empty()) {
    parameters.insert(parameters.begin(), "location=" + PercentEncode(job.location));
  }
  return parameters.empty() ? "" : fmt::format("?{}", fmt::join(parameters, "&"));
}

json JobsClient::Configuration(const QueryRequest& request) const {
  json query = {{"query", request.sql}, {"useLegacySql", false}};
  if (request.destination) {
    query["destinationTable"] = {{"projectId", request.destination->project},
                                 {"datasetId", request.destination->dataset},
                                 {"tableId", request.destination->table}};
    query["writeDisposition"] = "WRITE_TRUNCATE";
    query["createDisposition"] = "CREATE_IF_NEEDED";
  }
  if (request.bytes_billed_max > 0) {
    query["maximumBytesBilled"] = std::to_string(request.bytes_billed_max);
  }
  return {{"query", std::move(query)}};
}

arrow::Result<QueryEstimate> JobsClient::DryRun(const std::string& sql) {
  if (sql.find_first_not_of(" \t\r\n") == std::string::npos) {
    return base::UsageError("expected a query, as SELECT ..., found an empty text");
  }
  ARROW_RETURN_NOT_OK(CheckProject());
  RestCall call;
  call.method = "POST";
  call.path = JobsPath();
  call.body = {{"configuration", Configuration(QueryRequest{sql, std::nullopt, 0})}};
  call.body["configuration"]["dryRun"] = true;
  if (!location_.empty()) {
    call.body["jobReference"] = {{"projectId", project_}, {"location", location_}};
  }
  ARROW_ASSIGN_OR_RAISE(const RestAnswer answer, rest_.Call(call, stop_));
  if (!answer.ok()) return answer.ToStatus("dry run of a query");
  // What is wrong with the query may also be told as a job that failed.
  const Outcome outcome{answer.body, nullptr};
  if (outcome.failed()) return FailureOf(outcome, Job{"(dry run)", ""});
  QueryEstimate estimate;
  estimate.bytes_processed =
      IntegerAt(answer.body, {"statistics", "totalBytesProcessed"}).value_or(0);
  estimate.bytes_billed = BilledBytes(estimate.bytes_processed);
  estimate.location = TextAt(answer.body, {"jobReference", "location"});
  if (estimate.location.empty()) estimate.location = location_;
  estimate.statement_type = TextAt(answer.body, {"statistics", "query", "statementType"});
  if (const json* schema = At(answer.body, {"statistics", "query", "schema"})) {
    estimate.fields = ReadFields(*schema);
  }
  estimated_sql_ = sql;
  estimate_ = estimate;
  return estimate;
}

arrow::Status JobsClient::Insert(const QueryRequest& request, Job* job) {
  RestCall call;
  call.method = "POST";
  call.path = JobsPath();
  call.body = {{"configuration", Configuration(request)},
               {"jobReference", {{"projectId", project_}, {"jobId", job->id}}}};
  if (!job->location.empty()) call.body["jobReference"]["location"] = job->location;
  ARROW_ASSIGN_OR_RAISE(const RestAnswer answer, rest_.Call(call, stop_));
  // The name is ours alone: what is there already is this job, whose first answer was lost.
  if (answer.status == 409) return arrow::Status::OK();
  if (!answer.ok()) return answer.ToStatus("a query");
  if (std::string told = TextAt(answer.body, {"jobReference", "location"}); !told.empty()) {
    job->location = std::move(told);
  }
  return arrow::Status::OK();
}

arrow::Result<json> JobsClient::GetJob(const Job& job) {
  RestCall call;
  call.path = fmt::format("{}/{}{}", JobsPath(), PercentEncode(job.id), JobQuery(job));
  ARROW_ASSIGN_OR_RAISE(RestAnswer answer, rest_.Call(call, stop_));
  if (!answer.ok()) return answer.ToStatus("state of query " + job.id);
  return std::move(answer.body);
}

void JobsClient::Cancel(const Job& job) {
  RestCall call;
  call.method = "POST";
  call.path = fmt::format("{}/{}/cancel{}", JobsPath(), PercentEncode(job.id), JobQuery(job));
  call.timeout_ms = kCancelMillis;
  // Whatever it answers: the query ends by itself as well, only later.
  (void)rest_.TryOnce(call, {});
}

arrow::Result<Outcome> JobsClient::Await(const Job& job, int max_results) {
  RestCall poll;
  poll.path =
      fmt::format("projects/{}/queries/{}{}", PercentEncode(project_), PercentEncode(job.id),
                  JobQuery(job, {fmt::format("maxResults={}", max_results),
                                 fmt::format("timeoutMs={}", kJobPollMillis)}));
  poll.timeout_ms = kJobPollMillis + kAnswerMillis;
  Backoff backoff = rest_.NewBackoff();
  int64_t pause = kFirstPauseMillis;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(RestAnswer answer, rest_.TryOnce(poll, stop_));
    if (answer.ok() && FlagAt(answer.body, {"jobComplete"})) {
      ARROW_ASSIGN_OR_RAISE(json state, GetJob(job));
      return Outcome{std::move(state), std::move(answer.body)};
    }
    if (answer.ok()) {
      backoff.Reset();
      ARROW_RETURN_NOT_OK(parts_.clock->Sleep(pause, stop_));
      pause = std::min(pause * 2, kPauseMillisMax);
      continue;
    }
    // The failure of a job is told as the failure of this call, with the job's reason: only the
    // job itself tells which of the two it is.
    if (answer.status != 0) {
      ARROW_ASSIGN_OR_RAISE(json state, GetJob(job));
      Outcome outcome{std::move(state), nullptr};
      const bool done = TextAt(outcome.job, {"status", "state"}) == "DONE";
      if (done && (outcome.failed() || !answer.retryable())) return outcome;
    }
    if (!answer.retryable()) return answer.ToStatus("query " + job.id);
    ARROW_ASSIGN_OR_RAISE(const bool again, backoff.Wait(answer.retry_after_ms, stop_));
    if (!again) {
      answer.message += fmt::format(" (after {} tries)", backoff.tries());
      return answer.ToStatus("query " + job.id);
    }
  }
}

arrow::Result<Outcome> JobsClient::Run(const QueryRequest& request, int max_results, Job* job) {
  // Names the location, without which a job whose insertion went unanswered cannot be found again.
  QueryEstimate estimate = estimate_;
  if (estimated_sql_ != request.sql) {
    ARROW_ASSIGN_OR_RAISE(estimate, DryRun(request.sql));
  }
  estimated_sql_.reset();  // a price is good for one run
  const std::string& type = estimate.statement_type;
  if (!type.empty() && type != "SELECT" && type != "CREATE_TABLE_AS_SELECT") {
    return base::UsageError(fmt::format(
        "expected a query that yields rows (SELECT, or CREATE TABLE AS SELECT), found {}", type));
  }
  Backoff backoff = rest_.NewBackoff();
  for (;;) {
    *job = Job{parts_.new_job_id(), estimate.location};
    const arrow::Status inserted = Insert(request, job);
    arrow::Result<Outcome> outcome =
        inserted.ok() ? Await(*job, max_results) : arrow::Result<Outcome>(inserted);
    if (!outcome.ok()) {
      // It may have been inserted although the answer has not come.
      if (base::KindOf(outcome.status()) == base::ErrorKind::kInterrupted) Cancel(*job);
      return outcome.status();
    }
    if (!outcome->failed()) return outcome;
    if (!MayRepeat(*outcome, type)) return FailureOf(*outcome, *job);
    ARROW_ASSIGN_OR_RAISE(const bool again, backoff.Wait(0, stop_));
    if (!again) return FailureOf(*outcome, *job);
  }
}

arrow::Result<QueryResult> JobsClient::RunQuery(const QueryRequest& request) {
  Job job;
  ARROW_ASSIGN_OR_RAISE(const Outcome outcome, Run(request, 0, &job));
  const json* table = At(outcome.job, {"configuration", "query", "destinationTable"});
  if (table == nullptr) table = At(outcome.job, {"statistics", "query", "ddlTargetTable"});
  QueryResult result;
  if (table != nullptr) {
    result.table = TableName{TextAt(*table, {"projectId"}), TextAt(*table, {"datasetId"}),
                             TextAt(*table, {"tableId"})};
  }
  if (result.table.table.empty()) {
    return base::DataError(fmt::format(
        "BigQuery, query {}: it has left no table that its rows could be read from", job.id));
  }
  result.num_rows = IntegerAt(outcome.result, {"totalRows"});
  result.bytes_processed =
      IntegerAt(outcome.job, {"statistics", "query", "totalBytesProcessed"}).value_or(0);
  result.bytes_billed =
      IntegerAt(outcome.job, {"statistics", "query", "totalBytesBilled"}).value_or(0);
  result.from_cache = FlagAt(outcome.job, {"statistics", "query", "cacheHit"});
  result.job_id = job.id;
  result.location = job.location;
  return result;
}

arrow::Result<int64_t> JobsClient::QueryNumber(const std::string& sql) {
  Job job;
  ARROW_ASSIGN_OR_RAISE(const Outcome outcome, Run(QueryRequest{sql, std::nullopt, 0}, 1, &job));
  const json* rows = Member(outcome.result, "rows");
  if (rows != nullptr && rows->is_array() && rows->size() == 1) {
    const json* cells = Member(rows->front(), "f");
    if (cells != nullptr && cells->is_array() && cells->size() == 1) {
      if (const auto number = IntegerAt(cells->front(), {"v"})) return *number;
    }
  }
  return base::DataError(
      fmt::format("BigQuery, query {}: expected one number as its result", job.id));
}

std::string NewJobId() {
  std::random_device device;
  return fmt::format("ember_{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

std::string FirstNotEmpty(std::initializer_list<std::string> texts) {
  for (const std::string& text : texts) {
    if (!text.empty()) return text;
  }
  return "";
}

struct Endpoint {
  std::string base_url;
  bool loopback = false;
};

arrow::Result<Endpoint> EndpointOf(const std::string& address) {
  ARROW_ASSIGN_OR_RAISE(Url url, ParseUrl(address));
  const bool loopback = IsLoopbackHost(url.host);
  if (!loopback && !url.https) {
    return base::UsageError(fmt::format(
        "the REST endpoint {} would carry credentials in plain text: expected https", address));
  }
  constexpr std::string_view kPath = "/bigquery/v2";
  if (!url.path.ends_with(kPath)) url.path += kPath;
  return Endpoint{url.Text(), loopback};
}

/// Whose tables are on this machine does not mean Google's queries.
arrow::Status CheckStorageIsGoogles(const std::string& storage_endpoint) {
  const arrow::Result<Url> url = ParseUrl(storage_endpoint);
  if (storage_endpoint.empty() || !url.ok() || !IsLoopbackHost(url->host)) {
    return arrow::Status::OK();
  }
  return base::UsageError(fmt::format(
      "queries, and what is known of tables, need the REST API, and only a Storage Read server was "
      "named ({}): name a REST server as well (--bigquery-rest-endpoint, or "
      "$BIGQUERY_EMULATOR_HOST)",
      storage_endpoint));
}

arrow::Result<std::unique_ptr<Jobs>> Make(const JobOptions& options, const JobsParts& parts,
                                          std::unique_ptr<HttpTransport> own_transport) {
  const Connection& connection = options.connection;
  const auto variable = [&](const char* name) { return parts.environment.variable(name); };
  std::string universe =
      FirstNotEmpty({connection.universe_domain, variable("GOOGLE_CLOUD_UNIVERSE_DOMAIN")});
  std::string address =
      FirstNotEmpty({connection.rest_endpoint, variable("BIGQUERY_EMULATOR_HOST")});
  Endpoint endpoint;
  if (!address.empty()) {
    ARROW_ASSIGN_OR_RAISE(endpoint, EndpointOf(address));
  } else {
    ARROW_RETURN_NOT_OK(CheckStorageIsGoogles(FirstNotEmpty(
        {connection.storage_endpoint, variable("GOOGLE_CLOUD_CPP_BIGQUERY_READ_ENDPOINT")})));
  }
  std::unique_ptr<TokenSource> tokens;
  std::string quota_project =
      FirstNotEmpty({connection.quota_project, variable("GOOGLE_CLOUD_CPP_USER_PROJECT")});
  if (!endpoint.loopback) {
    ARROW_ASSIGN_OR_RAISE(tokens, MakeTokenSource(parts.environment, parts.transport, parts.clock));
    if (quota_project.empty()) quota_project = tokens->quota_project();
    ARROW_ASSIGN_OR_RAISE(const std::string own, tokens->UniverseDomain(options.check_stop));
    if (universe.empty()) universe = own;
    if (universe != own) {
      return base::UsageError(
          fmt::format("the credentials are for the universe {}, expected {} as the settings say",
                      own, universe));
    }
    if (address.empty()) {
      ARROW_ASSIGN_OR_RAISE(endpoint, EndpointOf("https://bigquery." + universe));
    }
  }
  const std::string project =
      FirstNotEmpty({connection.billing_project, variable("GOOGLE_CLOUD_PROJECT"), quota_project});
  return std::make_unique<JobsClient>(project, options.location, options.check_stop, parts,
                                      std::move(own_transport), std::move(tokens),
                                      endpoint.base_url, quota_project);
}

}  // namespace

arrow::Result<std::unique_ptr<Jobs>> MakeJobs(const JobOptions& options, const JobsParts& parts) {
  return Make(options, parts, nullptr);
}

arrow::Result<std::unique_ptr<Jobs>> ConnectJobs(const JobOptions& options) {
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<HttpTransport> transport, MakeCurlTransport());
  HttpTransport* const raw = transport.get();
  return Make(options, JobsParts{raw, SystemClock(), ProcessEnvironment(), &NewJobId},
              std::move(transport));
}

}  // namespace emberharmony::bigquery::jobs
