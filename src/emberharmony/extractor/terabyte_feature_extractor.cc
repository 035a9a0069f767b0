#include "emberharmony/extractor/terabyte_feature_extractor.h"

#include <arrow/table.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/base/saturating.h"
#include "emberharmony/bigquery/open_table.h"
#include "emberharmony/bigquery/plugin.h"
#include "emberharmony/bigquery/query_plan.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/runs.h"
#include "emberharmony/extractor/run_connection.h"
#include "emberharmony/extractor/table_id.h"
#include "emberharmony/io/table_source.h"

namespace emberharmony::extractor {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kModelJsonBytesMax = int64_t{1} << 30;

/// A folder of nobody else's, which is removed in the end.
class TemporaryFolder {
 public:
  static arrow::Result<std::shared_ptr<TemporaryFolder>> Make() {
    std::error_code error;
    std::string path = (fs::temp_directory_path(error) / "emberharmony-XXXXXX").string();
    if (error || mkdtemp(path.data()) == nullptr) {
      return base::DataError("cannot make a temporary folder; name one as output_dir");
    }
    return std::make_shared<TemporaryFolder>(path);
  }
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

engine::RunOptions RunOptionsOf(const ExtractorOptions& options, const PrepareOptions& prepare) {
  engine::RunOptions run;
  run.num_threads = options.num_threads;
  run.overwrite = prepare.overwrite;
  run.resume = prepare.resume;
  if (!options.preferred_backend.empty()) run.backend = options.preferred_backend;
  const auto wanted = static_cast<int64_t>(options.max_memory_gb * (int64_t{1} << 30));
  run.memory_bytes = std::min(wanted, engine::MemoryLimitBytes({}));
  return run;
}

bigquery::Connection ConnectionOf(const ExtractorOptions& options) {
  bigquery::Connection connection;
  connection.billing_project = options.project_id;
  connection.storage_endpoint = options.storage_endpoint;
  connection.rest_endpoint = options.rest_endpoint;
  return connection;
}

arrow::Result<std::optional<int64_t>> LimitOf(std::optional<int64_t> limit,
                                              std::optional<int64_t> max_chunks,
                                              int64_t chunk_size) {
  if (limit && *limit < 0) {
    return base::UsageError(fmt::format("limit must not be negative, found {}", *limit));
  }
  if (!max_chunks) return limit;
  if (*max_chunks < 1) {
    return base::UsageError(fmt::format("max_chunks must be 1 or more, found {}", *max_chunks));
  }
  const int64_t rows = base::SaturatingMultiply(*max_chunks, chunk_size);
  return limit ? std::min(*limit, rows) : rows;
}

engine::PlanRequest PlanOf(const PrepareOptions& options) {
  engine::PlanRequest request;
  request.name = "plan";
  request.target = options.target_column;
  request.seed = options.seed;
  request.high_null_threshold = options.high_null_threshold;
  request.index_column = options.index_col;
  request.categorical = options.force_categorical_columns;
  for (const std::string& column : options.drop_columns) {
    request.left_out[column] = "it was asked to be left out";
  }
  return request;
}

using LearnedSteps = std::vector<std::pair<std::string, nlohmann::json>>;

/// What model.json says of the steps of this name, by column in the table's order.
LearnedSteps StepsOf(const nlohmann::json& model, const arrow::Schema& table,
                     const std::string& name) {
  LearnedSteps found;
  for (const auto& field : table.fields()) {
    const auto column = model["columns"].find(field->name());
    if (column == model["columns"].end()) continue;
    for (const nlohmann::json& step : *column) {
      if (step.value("step", "") == name) found.emplace_back(field->name(), step);
    }
  }
  return found;
}

double Number(const nlohmann::json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  return value.is_number() ? value.get<double>()
                           : std::strtod(value.get<std::string>().c_str(), nullptr);
}

arrow::Status ReadLearned(const std::string& folder, const engine::Model& model,
                          PreparedData* prepared) {
  ARROW_ASSIGN_OR_RAISE(const std::string text,
                        base::ReadFile(folder + "/model.json", kModelJsonBytesMax));
  const nlohmann::json json = nlohmann::json::parse(text);
  const auto table = model.input_schema();
  for (const auto& [column, step] : StepsOf(json, *table, "scale")) {
    prepared->scaler.feature_names.push_back(column);
    prepared->scaler.mean.push_back(Number(step["mean"]));
    prepared->scaler.variance.push_back(Number(step["variance"]));
    prepared->scaler.scale.push_back(Number(step["scale"]));
  }
  for (const auto& [column, step] : StepsOf(json, *table, "impute")) {
    prepared->imputer.feature_names.push_back(column);
    prepared->imputer.statistics.push_back(Number(step["fill"]));
    prepared->imputer.strategies.push_back(step["strategy"]);
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::Table>> TableOf(const engine::TableInput& input) {
  std::shared_ptr<arrow::Table> table;
  if (const auto* whole = std::get_if<std::shared_ptr<arrow::Table>>(&input)) table = *whole;
  if (const auto* batch = std::get_if<std::shared_ptr<arrow::RecordBatch>>(&input);
      batch != nullptr && *batch != nullptr) {
    ARROW_ASSIGN_OR_RAISE(table, arrow::Table::FromRecordBatches((*batch)->schema(), {*batch}));
  }
  if (const auto* reader = std::get_if<std::shared_ptr<arrow::RecordBatchReader>>(&input);
      reader != nullptr && *reader != nullptr) {
    ARROW_ASSIGN_OR_RAISE(table, (*reader)->ToTable());
  }
  if (table == nullptr) return base::UsageError("the table is a null pointer; give one with rows");
  ARROW_RETURN_NOT_OK(table->Validate());
  return table;
}

/// The source of a run: a text's, or rows in memory.
arrow::Result<engine::SourceRequest> SourceOf(const engine::TableInput& table,
                                              const ResolvedTable& resolved,
                                              const PrepareOptions& options, int64_t chunk_size) {
  engine::SourceRequest request;
  ARROW_ASSIGN_OR_RAISE(request.limit_rows, LimitOf(options.limit, options.max_chunks, chunk_size));
  request.where = options.where_clause;
  if (std::holds_alternative<std::string>(table)) {
    request.location =
        resolved.kind == TableKind::kQuery ? bigquery::kQueryLocation : resolved.text;
    return request;
  }
  ARROW_ASSIGN_OR_RAISE(auto rows, TableOf(table));
  request.location = "table in memory";
  request.opened = io::MakeTableSource(std::move(rows));
  return request;
}

arrow::Result<bigquery::QueryPlan> PlanOfRows(const std::string& table_id,
                                              const std::string& project,
                                              const BigQueryRows& rows) {
  const ResolvedTable resolved = ResolveTableId(table_id, project);
  ARROW_ASSIGN_OR_RAISE(const auto table, bigquery::TableName::Parse(resolved.text));
  return bigquery::PlanQuery({table, rows.columns, rows.where_clause, rows.limit});
}

}  // namespace

arrow::Result<TerabyteFeatureExtractor> TerabyteFeatureExtractor::Make(ExtractorOptions options) {
  if (options.chunk_size < 1) {
    return base::UsageError(
        fmt::format("chunk_size must be 1 or more, found {}", options.chunk_size));
  }
  if (!(options.max_memory_gb * (int64_t{1} << 30) >= engine::kMemoryBytesMin)) {
    return base::UsageError(
        fmt::format("max_memory_gb must be at least 0.125, found {}", options.max_memory_gb));
  }
  return TerabyteFeatureExtractor(std::move(options));
}

arrow::Status TerabyteFeatureExtractor::SetupBigQueryConnection(
    const std::string& credentials_path) {
  ARROW_RETURN_NOT_OK(bigquery::LoadPlugin().status());
  if (credentials_path.empty()) return arrow::Status::OK();
  std::error_code error;
  const fs::path path = fs::absolute(credentials_path, error);
  if (error || !fs::is_regular_file(path, error)) {
    return base::DataError("expected a file with credentials, found none: " + credentials_path);
  }
  setenv("GOOGLE_APPLICATION_CREDENTIALS", path.c_str(), /*overwrite=*/1);
  return arrow::Status::OK();
}

arrow::Result<std::string> TerabyteFeatureExtractor::OptimizeBigQueryQuery(
    const std::string& table_id, const BigQueryRows& rows) const {
  ARROW_ASSIGN_OR_RAISE(auto plan, PlanOfRows(table_id, options_.project_id, rows));
  return std::move(plan.sql);
}

arrow::Result<int64_t> TerabyteFeatureExtractor::GetTableRowCount(
    const std::string& table_id, const std::string& where_clause) const {
  const ResolvedTable resolved = ResolveTableId(table_id, options_.project_id);
  ARROW_ASSIGN_OR_RAISE(const auto table, bigquery::TableName::Parse(resolved.text));
  ARROW_ASSIGN_OR_RAISE(const std::string sql, bigquery::CountSql(table, where_clause));
  ARROW_ASSIGN_OR_RAISE(bigquery::Plugin* const plugin, bigquery::LoadPlugin());
  bigquery::JobOptions job_options{ConnectionOf(options_), options_.location};
  if (job_options.connection.billing_project.empty()) {
    job_options.connection.billing_project = table.project;
  }
  ARROW_ASSIGN_OR_RAISE(const auto jobs, plugin->ConnectJobs(job_options));
  if (where_clause.empty()) {
    ARROW_ASSIGN_OR_RAISE(const bigquery::TableInfo info, jobs->GetTable(table));
    if (info.num_rows) return *info.num_rows;
  }
  return jobs->QueryNumber(sql);
}

arrow::Status TerabyteFeatureExtractor::ProcessBigQueryStreaming(const std::string& table_id,
                                                                 const RowsFunction& function,
                                                                 const BigQueryRows& rows) const {
  ARROW_ASSIGN_OR_RAISE(const auto plan, PlanOfRows(table_id, options_.project_id, rows));
  ARROW_ASSIGN_OR_RAISE(bigquery::Plugin* const plugin, bigquery::LoadPlugin());
  const ResolvedTable resolved = ResolveTableId(table_id, options_.project_id);
  bigquery::ReadRequest request;
  ARROW_ASSIGN_OR_RAISE(request.table, bigquery::TableName::Parse(resolved.text));
  request.columns = plan.columns;
  request.row_restriction = plan.row_restriction;
  request.limit_rows = plan.limit;
  request.unit_column = rows.unit_column;
  bigquery::ReadOptions read_options;
  read_options.connection = ConnectionOf(options_);
  ARROW_ASSIGN_OR_RAISE(const auto opened,
                        bigquery::OpenTableOrView(plugin, request, read_options));
  int64_t left = plan.limit.value_or(INT64_MAX);
  while (left > 0) {
    ARROW_ASSIGN_OR_RAISE(auto batch, opened.reader->Next());
    if (!batch) return arrow::Status::OK();
    auto taken = batch->rows->num_rows() > left ? batch->rows->Slice(0, left) : batch->rows;
    left -= taken->num_rows();
    ARROW_RETURN_NOT_OK(function(taken));
  }
  opened.reader->Cancel();
  return arrow::Status::OK();
}

arrow::Status TerabyteFeatureExtractor::ProcessBigQueryInChunks(
    const std::string& table_id, const RowsFunction& function, BigQueryRows rows,
    std::optional<int64_t> max_chunks) const {
  ARROW_ASSIGN_OR_RAISE(rows.limit, LimitOf(rows.limit, max_chunks, options_.chunk_size));
  arrow::RecordBatchVector waiting;
  int64_t num_waiting = 0;
  const auto hand_over = [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto chunk, arrow::ConcatenateRecordBatches(waiting));
    waiting.clear();
    num_waiting = 0;
    return function(chunk);
  };
  const auto collect = [&](const std::shared_ptr<arrow::RecordBatch>& batch) -> arrow::Status {
    for (int64_t start = 0; start < batch->num_rows();) {
      const int64_t taken = std::min(options_.chunk_size - num_waiting, batch->num_rows() - start);
      waiting.push_back(batch->Slice(start, taken));
      start += taken;
      num_waiting += taken;
      if (num_waiting == options_.chunk_size) ARROW_RETURN_NOT_OK(hand_over());
    }
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(ProcessBigQueryStreaming(table_id, collect, rows));
  return waiting.empty() ? arrow::Status::OK() : hand_over();
}

arrow::Result<PreparedData> TerabyteFeatureExtractor::PrepareData(
    const engine::TableInput& table, const PrepareOptions& options) const {
  ResolvedTable resolved;
  bigquery::RemoteSourceOptions remote;
  remote.connection = ConnectionOf(options_);
  if (const auto* table_id = std::get_if<std::string>(&table)) {
    resolved = ResolveTableId(*table_id, options_.project_id);
    if (resolved.kind == TableKind::kQuery) remote.query = resolved.text;
    remote.unit_column = options.unit_column;
  }
  const bool is_remote =
      resolved.kind == TableKind::kQuery || resolved.kind == TableKind::kBigQuery;
  if (!options.unit_column.empty() && !is_remote) {
    return base::UsageError(fmt::format(
        "unit_column divides tables of BigQuery alone, and this is none: leave it out; found '{}'",
        options.unit_column));
  }
  if (options.resume && options.output_dir.empty()) {
    return base::UsageError(
        "resume goes on in a folder that outlives the process: name it as output_dir");
  }
  const RunConnection run_connection(&remote);
  ARROW_ASSIGN_OR_RAISE(const auto source, SourceOf(table, resolved, options, options_.chunk_size));
  std::shared_ptr<TemporaryFolder> temporary;
  std::string folder = options.output_dir;
  if (folder.empty()) {
    ARROW_ASSIGN_OR_RAISE(temporary, TemporaryFolder::Make());
    folder = temporary->path() + "/features";
  }
  const engine::RunOptions run = RunOptionsOf(options_, options);
  ARROW_ASSIGN_OR_RAISE(const auto context, engine::RunContext::Make(run, nullptr));
  ARROW_ASSIGN_OR_RAISE(const engine::RunReport report,
                        engine::RunExtract(source, PlanOf(options), folder, context.get()));
  const std::string target = options.target_column.value_or("");
  const auto split = [&](const std::string& name) {
    return DataSplit::Open(name, folder + "/" + name, target, temporary);
  };
  ARROW_ASSIGN_OR_RAISE(auto train, split("train"));
  ARROW_ASSIGN_OR_RAISE(auto validation, split("validation"));
  ARROW_ASSIGN_OR_RAISE(auto test, split("test"));
  ARROW_ASSIGN_OR_RAISE(auto model, engine::Model::Load(folder + "/model", run));
  PreparedData prepared{std::move(train),
                        std::move(validation),
                        std::move(test),
                        model.feature_names(),
                        {},
                        {},
                        model,
                        report.num_rows,
                        report.warnings};
  ARROW_RETURN_NOT_OK(ReadLearned(folder + "/model", model, &prepared));
  return prepared;
}

}  // namespace emberharmony::extractor
