#include "emberharmony/bigquery/server/session_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/partition_filter.h"
#include "emberharmony/bigquery/server/partition_dates.h"
#include "emberharmony/io/filter/expression.h"

namespace emberharmony::bigquery::server {
namespace {

using google::cloud::bigquery::storage::v1::ArrowSerializationOptions;
using TableReadOptions = google::cloud::bigquery::storage::v1::ReadSession::TableReadOptions;

grpc::Status InvalidSession(std::string message) {
  return {grpc::StatusCode::INVALID_ARGUMENT, std::move(message)};
}

/// What went wrong here, and not in the request.
grpc::Status Failed(const arrow::Status& status) {
  if (status.IsCancelled()) return {grpc::StatusCode::CANCELLED, status.message()};
  return {grpc::StatusCode::DATA_LOSS, "the table could not be read: " + status.message()};
}

PayloadCompression CompressionOf(const TableReadOptions& options) {
  if (options.response_compression_codec() == TableReadOptions::RESPONSE_COMPRESSION_CODEC_LZ4) {
    return PayloadCompression::kLz4Whole;
  }
  switch (options.arrow_serialization_options().buffer_compression()) {
    case ArrowSerializationOptions::LZ4_FRAME:
      return PayloadCompression::kLz4Frame;
    case ArrowSerializationOptions::ZSTD:
      return PayloadCompression::kZstd;
    default:
      return PayloadCompression::kNone;
  }
}

/// Which part of the table's blocks a sample takes: always the same ones, and those of a smaller
/// percentage are among those of a larger one.
bool InSample(int64_t block, double percent) {
  // The golden ratio's multiples spread blocks evenly (Knuth, The Art of Computer
  // Programming, 6.4).
  const uint64_t place = static_cast<uint64_t>(block) * 0x9E3779B97F4A7C15;
  return static_cast<double>(place >> 11) * 0x1p-53 * 100.0 < percent;
}

RowRanges SamplePositions(const RowRanges& positions, double percent) {
  if (percent >= 100) return positions;
  std::vector<io::RowRun> runs;
  for (const io::RowRun& run : positions.runs()) {
    for (int64_t begin = run.begin; begin < run.end;) {
      const int64_t block = begin / kBlockRows;
      const int64_t end = std::min(run.end, (block + 1) * kBlockRows);
      if (InSample(block, percent)) runs.push_back({begin, end});
      begin = end;
    }
  }
  return RowRanges(runs);
}

/// In BigQuery's words, by which clients tell it from other mistakes.
grpc::Status CheckPartitionFilter(const Table& table, const TableReadOptions& options) {
  if (!table.require_partition_filter) return grpc::Status::OK;
  const auto restricted = table.partitions->AreRestricted(options.row_restriction());
  // What does not parse has an error of its own.
  if (restricted.ValueOr(true)) return grpc::Status::OK;
  return InvalidSession(
      fmt::format("request failed: Query error: Cannot query over table '{}' without a filter over "
                  "column(s) {} {}",
                  table.name.Text(), table.partitions->ColumnsText(), kPartitionFilterRefusal));
}

}  // namespace

SessionMaker::SessionMaker(std::vector<std::shared_ptr<const Table>> tables, SessionRules rules,
                           SessionStore* store, const FaultSchedule* faults)
    : rules_(std::move(rules)), store_(store), faults_(faults) {
  for (auto& table : tables) {
    std::string name = table->name.Resource();
    tables_.emplace(std::move(name), std::move(table));
  }
}

grpc::Status SessionMaker::RowsOf(const std::shared_ptr<const Table>& table,
                                  const std::string& restriction,
                                  const std::function<arrow::Status()>& check_stop,
                                  std::shared_ptr<const TableRows>* rows, std::string* sql) {
  if (restriction.empty()) {
    *rows = std::make_shared<const TableRows>(table);
    return grpc::Status::OK;
  }
  constexpr std::string_view kName = "row_restriction";
  auto expression = io::filter::ParseExpression(restriction, kName);
  if (expression.ok() && table->partitions != nullptr && table->partitions->has_partition_date()) {
    expression = WithoutPartitionDates(*expression);
  }
  if (!expression.ok()) return InvalidSession(expression.status().message());
  auto filter = io::filter::Filter::Bind(**expression, *table->source->schema(), kName);
  if (!filter.ok()) return InvalidSession(filter.status().message());
  *sql = (*filter)->sql();
  const std::string key = table->name.Resource() + "\n" + *sql;
  {
    std::lock_guard lock(mutex_);
    *rows = restricted_[key].lock();
  }
  if (*rows != nullptr) return grpc::Status::OK;
  auto made = TableRows::Restrict(table, *std::move(filter), check_stop, rules_.pool);
  if (!made.ok()) {
    // A CAST in the restriction of a value that there is none of.
    if (base::KindOf(made.status()) == base::ErrorKind::kUsage) {
      return InvalidSession(made.status().message());
    }
    return Failed(made.status());
  }
  *rows = *std::move(made);
  std::lock_guard lock(mutex_);
  std::erase_if(restricted_, [](const auto& entry) { return entry.second.expired(); });
  restricted_[key] = *rows;
  return grpc::Status::OK;
}

grpc::Status SessionMaker::PlanOf(const Response& session,
                                  const std::shared_ptr<const Table>& table,
                                  const std::function<arrow::Status()>& check_stop,
                                  std::shared_ptr<const ReadPlan>* plan) {
  const TableReadOptions& options = session.read_options();
  auto schema = SelectFields(table->schema,
                             {options.selected_fields().begin(), options.selected_fields().end()});
  if (!schema.ok()) return InvalidSession("request failed: " + schema.status().message());
  std::shared_ptr<const TableRows> rows;
  std::string sql;
  grpc::Status status = RowsOf(table, options.row_restriction(), check_stop, &rows, &sql);
  if (!status.ok()) return status;
  auto made = ReadPlan::Make(rows, *std::move(schema), CompressionOf(options), rules_.response, sql,
                             rules_.pool);
  if (!made.ok()) return Failed(made.status());
  *plan = *std::move(made);
  return grpc::Status::OK;
}

std::vector<StreamPtr> SessionMaker::StreamsOf(const std::shared_ptr<const ReadPlan>& plan,
                                               const Request& request) const {
  const int64_t table_rows = plan->rows->table().num_rows;
  const TableReadOptions& options = request.read_session().read_options();
  const bool overflows =
      plan->bytes_per_row > std::numeric_limits<int64_t>::max() / std::max<int64_t>(1, table_rows);
  const int64_t bytes =
      overflows ? std::numeric_limits<int64_t>::max() / 2 : table_rows * plan->bytes_per_row;
  const int count = NumStreams(table_rows, bytes, rules_.stream_bytes, request.max_stream_count(),
                               request.preferred_min_stream_count());
  std::vector<StreamPtr> streams;
  int64_t begin = 0;
  for (const int64_t size : StreamSizes(table_rows, count, kBlockRows, faults_->uneven())) {
    auto stream = std::make_shared<Stream>();
    stream->plan = plan;
    stream->positions = RowRanges({{begin, begin + size}});
    if (options.has_sample_percentage()) {
      stream->positions = SamplePositions(stream->positions, options.sample_percentage());
    }
    stream->rows = plan->rows->At(stream->positions);
    stream->index = static_cast<int>(streams.size());
    streams.push_back(std::move(stream));
    begin += size;
  }
  return streams;
}

void SessionMaker::Answer(const Request& request, const ReadPlan& plan,
                          const std::vector<StreamPtr>& streams, Response* response) {
  constexpr std::string_view kProjects = "projects/";
  constexpr int64_t kMicros = 1'000'000;
  const SessionStore::Created created =
      store_->Add(request.parent().substr(kProjects.size()), streams);
  *response = request.read_session();
  response->set_name(created.name);
  response->mutable_expire_time()->set_seconds(created.expire_micros / kMicros);
  response->mutable_expire_time()->set_nanos(
      static_cast<int32_t>(created.expire_micros % kMicros * 1000));
  response->mutable_arrow_schema()->set_serialized_schema(plan.schema_message);
  response->clear_streams();
  int64_t rows = 0;
  for (const std::string& name : created.streams) response->add_streams()->set_name(name);
  for (const StreamPtr& stream : streams) rows += stream->positions.num_rows();
  // A restriction leaves out partitions; which rows of the others pass, metadata do not tell.
  const Table& table = plan.rows->table();
  if (table.partitions != nullptr && table.num_rows > 0) {
    const std::string& restriction = request.read_session().read_options().row_restriction();
    const int64_t left = table.partitions->RowsLeft(restriction).ValueOr(table.num_rows);
    rows = static_cast<int64_t>(static_cast<double>(rows) * static_cast<double>(left) /
                                static_cast<double>(table.num_rows));
  }
  response->set_estimated_row_count(rows);
  response->set_estimated_total_bytes_scanned(rows * plan.bytes_per_row);
}

grpc::Status SessionMaker::Make(const Request& request,
                                const std::function<arrow::Status()>& check_stop,
                                Response* response) {
  grpc::Status status = CheckRequest(request, rules_.clock());
  if (!status.ok()) return status;
  const std::string& name = request.read_session().table();
  const arrow::Result<TableName> parsed = TableName::Parse(name);
  if (!parsed.ok() || parsed->Resource() != name) {
    return InvalidSession(fmt::format(
        "table: expected projects/PROJECT/datasets/DATASET/tables/TABLE without decorators, found "
        "'{}'",
        name));
  }
  const auto table = tables_.find(name);
  if (table == tables_.end()) {
    return {grpc::StatusCode::NOT_FOUND, fmt::format("Not found: Table {}:{}.{}", parsed->project,
                                                     parsed->dataset, parsed->table)};
  }
  status = CheckPartitionFilter(*table->second, request.read_session().read_options());
  if (!status.ok()) return status;
  std::shared_ptr<const ReadPlan> plan;
  status = PlanOf(request.read_session(), table->second, check_stop, &plan);
  if (!status.ok()) return status;
  Answer(request, *plan, StreamsOf(plan, request), response);
  return grpc::Status::OK;
}

}  // namespace emberharmony::bigquery::server
