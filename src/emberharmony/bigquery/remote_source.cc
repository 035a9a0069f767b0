#include "emberharmony/bigquery/remote_source.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/base/system_micros.h"
#include "emberharmony/bigquery/expiry_forecast.h"
#include "emberharmony/bigquery/partition_filter.h"
#include "emberharmony/bigquery/plugin.h"
#include "emberharmony/bigquery/queried_table_internal.h"
#include "emberharmony/bigquery/query_costs.h"
#include "emberharmony/bigquery/ranged_rows_internal.h"
#include "emberharmony/bigquery/unit_histogram.h"
#include "emberharmony/io/filter/expression.h"
#include "emberharmony/io/filter/filter.h"
#include "emberharmony/io/filter/literal.h"
#include "emberharmony/io/remote_tables.h"
#include "emberharmony/io/stream_spool.h"

namespace emberharmony::bigquery {
namespace {

using arrow::Result;
using arrow::Status;

// As many connections as have ever been of use, and enough files for one to read ahead of another.
constexpr int kReadersMax = 4;
constexpr int kStreamsMax = 16;
constexpr int64_t kBufferBytesMin = int64_t{4} << 20;

class SpoolSink : public MessageSink {
 public:
  explicit SpoolSink(io::StreamSpool* spool) : spool_(spool) {}
  Status Append(int stream, std::string_view metadata,
                const std::vector<std::string_view>& body) override {
    return spool_->Append(stream, metadata, body);
  }
  bool takes_insertions() const override { return true; }
  Result<int> Insert(int after) override { return spool_->Insert(after); }

 private:
  io::StreamSpool* const spool_;
};

/// What BigQuery's REST API says of the costs, where there is one.
using CostLines = std::function<std::vector<std::pair<std::string, std::string>>()>;

using FactLines = std::vector<std::pair<std::string, std::string>>;

/// When a session ends, for people.
std::string EndOf(const SessionInfo& session) {
  return session.expire_micros > 0 ? InstantText(session.expire_micros)
                                   : "the end of the session, of which the service does not tell "
                                     "when it is (BigQuery's: after 6 hours)";
}

/// What people should know of a session. `unit_column`: by ranges of which a run reads; or empty.
/// `streams`: how many a run reads.
FactLines DescribeSession(const SessionInfo& session, const ReadRequest& request,
                          const std::string& unit_column, const std::string& streams,
                          const CostLines& costs) {
  FactLines lines;
  lines.emplace_back(io::kColumnsFact, request.columns.empty()
                                           ? "all"
                                           : fmt::format("{}", fmt::join(request.columns, ", ")));
  lines.emplace_back("rows asked for", request.row_restriction.empty()
                                           ? "all"
                                           : "those with " + request.row_restriction);
  if (request.snapshot_micros) lines.emplace_back("as of", InstantText(*request.snapshot_micros));
  if (unit_column.empty()) lines.emplace_back("streams", streams);
  if (session.estimated_row_count > 0) {
    lines.emplace_back("rows, estimated", std::to_string(session.estimated_row_count));
  }
  if (session.estimated_bytes_scanned > 0) {
    const std::string bytes = base::FormatByteSize(session.estimated_bytes_scanned);
    lines.emplace_back("bytes scanned, estimated", bytes);
    lines.emplace_back("disk for the rows (--spill-dir)", "about " + bytes + " or less");
  }
  for (auto& line : costs()) lines.push_back(std::move(line));
  if (!unit_column.empty()) {
    for (auto& line : DescribeRanges(unit_column)) lines.push_back(std::move(line));
  } else {
    lines.emplace_back("must have come by", EndOf(session));
    lines.emplace_back("if they have not",
                       "the run ends with an error and keeps nothing: read the table in parts "
                       "(--where), or in ranges of a column (unit_column)");
  }
  return lines;
}

class SessionRows : public io::RemoteRows {
 public:
  /// `streams`: how many a run reads, for people.
  SessionRows(std::unique_ptr<TableDownload> download, ReadRequest request, std::string unit_column,
              std::string streams, CostLines costs, std::function<int64_t()> now_micros)
      : download_(std::move(download)),
        request_(std::move(request)),
        unit_column_(std::move(unit_column)),
        streams_(std::move(streams)),
        costs_(std::move(costs)),
        now_micros_(std::move(now_micros)) {}

  int64_t estimated_rows() const override { return download_->session().estimated_row_count; }
  int64_t estimated_bytes() const override { return download_->session().estimated_bytes_scanned; }

  FactLines Describe() const override {
    return DescribeSession(download_->session(), request_, unit_column_, streams_, costs_);
  }

  Result<std::shared_ptr<io::Source>> Fetch(const io::FetchOptions& options) override {
    io::StreamSpoolOptions spool_options;
    spool_options.folder = options.spill_folder;
    spool_options.name = request_.table.Text();
    spool_options.version = download_->session().name;
    spool_options.keeper = options.keeper;
    // What the service scans; compressed rows take less, and a limit much less.
    if (!request_.limit_rows) {
      spool_options.expected_bytes = download_->session().estimated_bytes_scanned / 2;
    }
    ARROW_ASSIGN_OR_RAISE(
        auto spool, io::StreamSpool::Make(*download_->schema(), download_->session().num_streams,
                                          std::move(spool_options)));
    base::Log(base::LogLevel::kInfo,
              "{}: its rows must have come by {}; if they have not, the run ends with an error and "
              "keeps nothing (with a unit_column it reads one range again)",
              request_.table.Text(), EndOf(download_->session()));
    SpoolSink sink(spool.get());
    // The service estimates the rows before a restriction takes any.
    const bool estimated = request_.row_restriction.empty() && !request_.limit_rows;
    ExpiryForecast forecast(now_micros_(), download_->session().expire_micros,
                            estimated ? estimated_rows() : 0);
    ARROW_RETURN_NOT_OK(download_->Run(
        &sink, std::min(options.num_threads, kReadersMax), request_.limit_rows, [&]() -> Status {
          const int64_t rows = download_->counters().rows;
          const std::string warning = forecast.Look(now_micros_(), rows);
          if (!warning.empty()) {
            WarnOfRows(spool.get(), fmt::format("{}: {}", request_.table.Text(), warning));
          }
          return options.progress ? options.progress(rows) : Status::OK();
        }));
    const ReadCounters counters = download_->counters();
    base::Log(
        base::LogLevel::kInfo,
        "{}: {} rows in {} responses of {} streams and {} splits, {} on disk, {} calls begun again",
        request_.table.Text(), counters.rows, counters.responses, download_->session().num_streams,
        counters.splits, base::FormatByteSize(spool->size_bytes()), counters.reconnects);
    return std::move(*spool).Finish();
  }

 private:
  const std::unique_ptr<TableDownload> download_;
  const ReadRequest request_;
  const std::string unit_column_;
  const std::string streams_;
  const CostLines costs_;
  const std::function<int64_t()> now_micros_;
};

class BigQueryTable : public io::RemoteTable {
 public:
  BigQueryTable(Plugin* plugin, RemoteSourceOptions options, TableName table,
                StoredTableTraits traits)
      : plugin_(plugin), options_(std::move(options)), table_(std::move(table)), traits_(traits) {
    if (!options_.now_micros) options_.now_micros = &base::SystemMicros;
  }

  /// Learns the schema from a session whose rows nobody asks for: it costs nothing. Tables that
  /// require a condition on their partitions show it only to sessions with one. All others are
  /// asked without: so what is wrong with the filter is told in our words, with the nearest names.
  Status Look(const std::string& filter, const io::StopCheck& check_stop) {
    auto download = Open({}, 1, kBufferBytesMin, check_stop);
    if (!download.ok() && RequiresPartitionFilter(download.status().message())) {
      for (const std::string& condition : ConditionsToShow(filter)) {
        io::RemoteRequest filtered;
        filtered.filter = condition;
        auto shown = Open(filtered, 1, kBufferBytesMin, check_stop);
        // Of the errors that of the whole condition is told.
        if (shown.ok() || condition == filter) download = std::move(shown);
        if (download.ok()) break;
      }
      if (!download.ok() && !filter.empty()) ShowForFaults(filter, check_stop, &download);
    }
    ARROW_RETURN_NOT_OK(download.status());
    schema_ = (*download)->schema();
    return Status::OK();
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  std::string identity() const override { return IdentityOfRequest(options_); }
  bool is_of_an_instant() const override {
    return options_.snapshot_micros.has_value() && !traits_.is_result;
  }
  std::shared_ptr<arrow::Schema> filter_schema() const override {
    return traits_.is_result ? schema_ : WithPartitionTimes(schema_);
  }
  Status CheckUnitColumn(const std::string& column) const override {
    return UnitHistogram::Check(*schema_, column);
  }

  Result<std::unique_ptr<io::RemoteRows>> Ask(const io::RemoteRequest& request,
                                              int64_t buffer_bytes,
                                              const io::StopCheck& check_stop) override {
    // The first rows are wanted: more streams would bring more of others.
    const std::string& unit_column = EffectiveUnitColumn(options_, request);
    const bool in_ranges = !unit_column.empty() && !request.is_sample;
    const bool one_stream = request.limit_rows || traits_.in_order || in_ranges;
    const int max_streams = one_stream ? 1 : kStreamsMax;
    ReadRequest read = RequestOf(request, max_streams);
    ARROW_ASSIGN_OR_RAISE(auto download, Open(request, max_streams, buffer_bytes, check_stop));
    const CostLines costs = CostsOf(request, check_stop);
    if (!in_ranges) {
      std::string streams = std::to_string(download->session().num_streams);
      // A sample comes in one, whatever the run will have.
      if (request.is_sample && !traits_.in_order) {
        streams = fmt::format(
            "as many as the service makes when the run begins, {} at most; with --limit one",
            kStreamsMax);
      }
      return std::make_unique<SessionRows>(std::move(download), std::move(read), unit_column,
                                           std::move(streams), costs, options_.now_micros);
    }
    RangedReading reading{unit_column, options_.snapshot_micros};
    if (!traits_.is_result) {
      reading.snapshot_micros = SnapshotOf(download->session(), options_.now_micros());
    }
    auto describe = [read, unit_column, costs](const SessionInfo& session) {
      return DescribeSession(session, read, unit_column, /*streams=*/"", costs);
    };
    return MakeRangedRows(plugin_, std::move(download), std::move(read),
                          OptionsOf(buffer_bytes, check_stop), std::move(reading),
                          std::move(describe));
  }

 private:
  /// Where a refused condition names columns that the table lacks, opens the table by another one:
  /// the caller then finds what is wrong with it.
  void ShowForFaults(const std::string& filter, const io::StopCheck& check_stop,
                     Result<std::unique_ptr<TableDownload>>* download) const {
    io::RemoteRequest request;
    request.filter = ConditionOnPartitions(download->status().message());
    const auto expression = io::filter::ParseExpression(filter, "filter");
    if (request.filter.empty() || !expression.ok()) return;
    auto shown = Open(request, 1, kBufferBytesMin, check_stop);
    if (!shown.ok()) return;
    const auto columns = WithPartitionTimes((*shown)->schema());
    if (!io::filter::Filter::Bind(**expression, *columns, "filter").ok()) {
      *download = std::move(shown);
    }
  }

  ReadOptions OptionsOf(int64_t buffer_bytes, const io::StopCheck& check_stop) const {
    ReadOptions options;
    options.connection = options_.connection;
    options.num_readers = kReadersMax;
    options.buffer_bytes = buffer_bytes;
    options.check_stop = check_stop;
    if (!options_.split_streams) options.split_bytes_min = 0;
    return options;
  }

  ReadRequest RequestOf(const io::RemoteRequest& request, int max_streams) const {
    ReadRequest read;
    read.table = table_;
    read.columns = request.columns;
    read.row_restriction = request.filter;
    read.snapshot_micros = options_.snapshot_micros;
    read.limit_rows = request.limit_rows;
    read.max_streams = max_streams;
    return read;
  }

  Result<std::unique_ptr<TableDownload>> Open(const io::RemoteRequest& request, int max_streams,
                                              int64_t buffer_bytes,
                                              const io::StopCheck& check_stop) const {
    return plugin_->OpenDownload(RequestOf(request, max_streams),
                                 OptionsOf(buffer_bytes, check_stop));
  }

  /// Whatever fails is told: costs are good to know, and nothing depends on them.
  CostLines CostsOf(const io::RemoteRequest& request, const io::StopCheck& check_stop) const {
    return [plugin = plugin_, connection = options_.connection, check_stop,
            query = TableQuery{table_, request.columns, request.filter, std::nullopt}]() mutable {
      if (!HasRestApi(connection)) {
        return Unpriced(
            "only a Storage Read server is named; --bigquery-rest-endpoint names the "
            "REST API that tells it");
      }
      if (connection.billing_project.empty()) connection.billing_project = query.table.project;
      const auto jobs = plugin->ConnectJobs({connection, "", check_stop});
      const auto costs = jobs.ok() ? FindCosts(jobs->get(), query) : jobs.status();
      const Status fault = costs.ok() ? costs->table_fault : costs.status();
      // Of Google's own service some may lack the permissions. Who names a server means to use it.
      if (!fault.ok() && !fault.IsCancelled() && NamesRestApi(connection)) {
        base::Log(base::LogLevel::kWarning,
                  "{}: the REST API does not tell how it is partitioned: {}", query.table.Text(),
                  fault.message());
      }
      return costs.ok() ? DescribeCosts(*costs) : Unpriced(fault.message());
    };
  }

  static FactLines Unpriced(const std::string& reason) {
    return {{"how it is partitioned", "unknown: " + reason}};
  }

  Plugin* const plugin_;
  RemoteSourceOptions options_;
  const TableName table_;
  const StoredTableTraits traits_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

Result<std::unique_ptr<io::RemoteTable>> OpenStoredTable(
    Plugin* plugin, const RemoteSourceOptions& options, const TableName& name,
    StoredTableTraits traits, const std::string& filter, const io::StopCheck& check_stop) {
  auto table = std::make_unique<BigQueryTable>(plugin, options, name, traits);
  ARROW_RETURN_NOT_OK(table->Look(filter, check_stop));
  return table;
}

namespace {

/// The table, if its units can be what the options want.
Result<std::unique_ptr<io::RemoteTable>> WithUnitColumn(
    const RemoteSourceOptions& options, Result<std::unique_ptr<io::RemoteTable>> table) {
  if (table.ok() && !options.unit_column.empty()) {
    ARROW_RETURN_NOT_OK((*table)->CheckUnitColumn(options.unit_column));
  }
  return table;
}

}  // namespace

io::RemoteOpener TableOpener(const RemoteSourceOptions& options) {
  return [options](const std::string& location, const std::string& filter,
                   const io::StopCheck& check_stop) -> Result<std::unique_ptr<io::RemoteTable>> {
    ARROW_ASSIGN_OR_RAISE(const TableName name, TableName::Parse(location));
    ARROW_ASSIGN_OR_RAISE(Plugin* const plugin, LoadPlugin());
    auto table = OpenStoredTable(plugin, options, name, {}, filter, check_stop);
    if (!table.ok()) {
      table = OpenViewInstead(plugin, options, name, table.status(), check_stop);
    }
    return WithUnitColumn(options, std::move(table));
  };
}

io::RemoteOpener QueryOpener(const RemoteSourceOptions& options) {
  return [options](const std::string&, const std::string&,
                   const io::StopCheck& check_stop) -> Result<std::unique_ptr<io::RemoteTable>> {
    ARROW_ASSIGN_OR_RAISE(Plugin* const plugin, LoadPlugin());
    return WithUnitColumn(options, OpenQueryResult(plugin, options, check_stop));
  };
}

void RegisterRemoteSource(const RemoteSourceOptions& options) {
  io::RegisterRemoteTables(kTableScheme, TableOpener(options));
  io::RegisterRemoteTables(kQueryScheme, QueryOpener(options));
}

Result<int64_t> ParseSnapshotTime(const std::string& text) {
  io::filter::Literal literal;
  const std::string fault =
      io::filter::ParseTypedLiteral(io::filter::SqlType::kTimestamp, text, &literal);
  if (!fault.empty()) {
    return base::UsageError(
        fmt::format("--snapshot-time must be an instant like 2024-01-31T05:06:07Z, found '{}': {}",
                    text, fault));
  }
  // Towards the past: the table as it was then, and not a moment later.
  const io::filter::Int128 nanos = literal.integer;
  io::filter::Int128 micros = nanos / 1000;
  if (nanos % 1000 < 0) --micros;
  return static_cast<int64_t>(micros);
}

}  // namespace emberharmony::bigquery
