#include "emberharmony/engine/requested_source.h"

#include <arrow/table.h>
#include <fmt/format.h>

#include <algorithm>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/io/expected_types.h"
#include "emberharmony/io/filter/quoted_names.h"
#include "emberharmony/io/filtered_source.h"
#include "emberharmony/io/object_stores.h"
#include "emberharmony/io/stream_spool.h"
#include "emberharmony/io/table_source.h"

namespace emberharmony::engine {

namespace {

arrow::Status Narrow(const SourceRequest& request, RequestedSource* source) {
  const bool limited = request.limit_rows.has_value() && source->filter == nullptr;
  if (limited) source->whole = io::LimitRows(std::move(source->whole), *request.limit_rows);
  if (request.columns.empty()) {
    source->selected = io::FlattenStructs(source->whole);
  } else {
    ARROW_ASSIGN_OR_RAISE(source->selected, io::SelectColumns(source->whole, request.columns));
  }
  return arrow::Status::OK();
}

/// A table of a service: its columns, until its rows are asked for.
arrow::Status OpenRemote(const SourceRequest& request, const std::string& filter,
                         RunContext* context, RequestedSource* source) {
  ARROW_ASSIGN_OR_RAISE(source->remote, io::OpenRemoteTable(request.location, filter, [context] {
                          return context->CheckStop();
                        }));
  source->is_remote = true;
  ARROW_ASSIGN_OR_RAISE(auto empty, arrow::Table::MakeEmpty(source->remote->schema()));
  source->whole = io::MakeTableSource(std::move(empty));
  return arrow::Status::OK();
}

/// How much a download may have under way: little beside what the run works with.
int64_t DownloadBytes(RunContext* context) {
  constexpr int64_t kBytesMin = int64_t{4} << 20;
  constexpr int64_t kBytesMax = int64_t{64} << 20;
  return std::clamp(context->budget()->available_bytes() / 8, kBytesMin, kBytesMax);
}

io::RemoteRequest AskedOf(const std::vector<std::string>& columns, const std::string& unit_column,
                          std::optional<int64_t> limit_rows, const RequestedSource& source) {
  io::RemoteRequest asked;
  asked.unit_column = unit_column;
  asked.columns = columns;
  if (source.filter != nullptr) asked.filter = source.filter->sql();
  asked.limit_rows = limit_rows;
  return asked;
}

// What has been fetched takes the place of the service's table.
arrow::Status TakeFetched(const SourceRequest& request, const io::RemoteRequest& asked,
                          RequestedSource* source) {
  source->filter = nullptr;
  source->remote = nullptr;
  SourceRequest narrowed = request;
  narrowed.limit_rows = asked.limit_rows;
  // Of --columns what is not needed has not been fetched; and a server that sends more than it was
  // asked for changes nothing.
  if (!asked.columns.empty()) narrowed.columns = asked.columns;
  return Narrow(narrowed, source);
}

// Whether an earlier run has kept the rows; then they are there.
arrow::Result<bool> TakeKept(const SourceRequest& request, const io::RemoteRequest& asked,
                             const io::DownloadKeeper& keeper, RequestedSource* source) {
  ARROW_ASSIGN_OR_RAISE(auto kept, io::OpenKeptDownload(keeper));
  if (kept == nullptr) return false;
  base::Log(base::LogLevel::kInfo, "{} rows had been downloaded before the interruption",
            kept->num_rows());
  source->whole = std::move(kept);
  source->num_rows = source->whole->num_rows();
  source->was_kept = true;
  ARROW_RETURN_NOT_OK(TakeFetched(request, asked, source));
  return true;
}

arrow::Status FetchRows(const SourceRequest& request, const io::RemoteRequest& asked,
                        RunContext* context, RequestedSource* source, RemoteFacts* facts,
                        io::DownloadKeeper* keeper) {
  const base::Activity activity("download");
  if (keeper != nullptr) {
    ARROW_ASSIGN_OR_RAISE(const bool is_there, TakeKept(request, asked, *keeper, source));
    if (is_there) return arrow::Status::OK();
  }
  const std::optional<int64_t> limit_rows = asked.limit_rows;
  ARROW_ASSIGN_OR_RAISE(auto rows, source->remote->Ask(asked, DownloadBytes(context),
                                                       [context] { return context->CheckStop(); }));
  if (facts != nullptr) *facts = rows->Describe();
  const int64_t estimate =
      limit_rows ? std::min(*limit_rows, rows->estimated_rows()) : rows->estimated_rows();
  io::FetchOptions options;
  options.spill_folder = context->options().spill_dir;
  options.num_threads = context->num_threads();
  options.keeper = keeper;
  int64_t told = 0;
  bool has_phase = false;
  options.begin_phase = [&](const std::string& phase, int64_t expected_rows) {
    if (has_phase) context->progress()->EndPhase();
    has_phase = true;
    told = 0;
    context->progress()->BeginPhase(phase, expected_rows, expected_rows, rows->estimated_bytes());
  };
  options.progress = [&](int64_t rows_so_far) {
    if (!has_phase) options.begin_phase("download", estimate);
    context->progress()->Advance(rows_so_far - told);
    told = rows_so_far;
    return context->CheckStop();
  };
  ARROW_ASSIGN_OR_RAISE(source->whole, rows->Fetch(options));
  if (!has_phase) options.begin_phase("download", estimate);
  context->progress()->EndPhase();
  // That the table has rows is known although none may have passed.
  source->num_rows = std::max(source->whole->num_rows(), rows->estimated_rows());
  return TakeFetched(request, asked, source);
}

}  // namespace

arrow::Status CheckUnitColumn(const RequestedSource& source, const std::string& column) {
  if (source.remote != nullptr) return source.remote->CheckUnitColumn(column);
  if (source.is_remote) return arrow::Status::OK();
  return base::UsageError(
      fmt::format("unit_column divides tables of BigQuery alone, and files have units of their "
                  "own: leave it out, or read a table (bigquery://); found '{}'",
                  column));
}

arrow::Result<RequestedSource> OpenRequested(const SourceRequest& request, RunContext* context,
                                             const arrow::Schema* expected) {
  if (request.limit_rows && *request.limit_rows < 0) {
    return base::UsageError(
        fmt::format("--limit must not be negative, found {}", *request.limit_rows));
  }
  io::filter::ExpressionPtr expression;
  if (request.where) {
    ARROW_ASSIGN_OR_RAISE(expression, io::filter::ParseExpression(*request.where, "--where"));
  }
  const base::Activity activity("opening the source");
  RequestedSource source;
  source.whole = request.opened;
  if (source.whole == nullptr && !io::RemoteScheme(request.location).empty()) {
    const std::string filter = expression == nullptr ? "" : io::filter::WriteSql(*expression);
    ARROW_RETURN_NOT_OK(OpenRemote(request, filter, context, &source));
  }
  if (source.whole == nullptr) {
    io::SourceOptions options;
    options.pool = context->budget();
    options.spill_folder = context->options().spill_dir;
    options.check_stop = [context] { return context->CheckStop(); };
    ARROW_ASSIGN_OR_RAISE(
        source.whole, expected == nullptr ? io::OpenSource(request.location, options)
                                          : io::OpenSourceAs(request.location, *expected, options));
  }
  source.num_rows = source.whole->num_rows();
  source.identity = source.whole->identity();
  if (expression != nullptr) {
    const auto known =
        source.remote == nullptr ? source.whole->schema() : source.remote->filter_schema();
    ARROW_ASSIGN_OR_RAISE(source.filter, io::filter::Filter::Bind(*expression, *known, "--where"));
    for (const auto& warning : io::filter::QuotedNameWarnings(*expression, *known, "--where")) {
      base::Log(base::LogLevel::kWarning, "{}", warning);
    }
  }
  ARROW_RETURN_NOT_OK(Narrow(request, &source));
  base::Log(base::LogLevel::kInfo, "source '{}': {} rows in {} units, {} columns, {} uncompressed",
            io::ShownLocation(request.location), source.selected->num_rows(),
            source.selected->units().size(), source.selected->schema()->num_fields(),
            base::FormatByteSize(source.selected->num_bytes()));
  for (const std::string& warning : source.selected->warnings()) {
    base::Log(base::LogLevel::kWarning, "{}", warning);
  }
  return source;
}

arrow::Status CheckNotLeftOut(const SourceRequest& request, const RequestedSource& source,
                              const std::vector<std::string>& columns,
                              const std::string& needed_by) {
  if (request.columns.empty()) return arrow::Status::OK();
  const auto all = io::FlattenStructs(source.whole)->schema();
  std::vector<std::string> left_out;
  for (const std::string& column : columns) {
    const bool is_there = !source.selected->schema()->GetAllFieldIndices(column).empty();
    const bool is_new = std::find(left_out.begin(), left_out.end(), column) == left_out.end();
    if (!is_there && is_new && !all->GetAllFieldIndices(column).empty()) left_out.push_back(column);
  }
  if (left_out.empty()) return arrow::Status::OK();
  return base::UsageError(
      fmt::format("--columns leaves out '{}', which {} needs; name {} there, too, or run without "
                  "--columns",
                  fmt::join(left_out, "', '"), needed_by, left_out.size() == 1 ? "it" : "them"));
}

std::string WhyNoRows(const SourceRequest& request, const RequestedSource& source) {
  if (source.num_rows == 0 || source.selected->num_rows() > 0) return "";
  if (request.limit_rows == 0) return "--limit 0 leaves no row";
  return "no row of the source passes --where";
}

arrow::Result<RequestedSource> FirstRows(const SourceRequest& request,
                                         const RequestedSource& source, int64_t num_rows) {
  RequestedSource first;
  first.whole = io::LimitRows(source.whole, num_rows);
  first.num_rows = first.whole->num_rows();
  first.filter = source.filter;
  ARROW_RETURN_NOT_OK(Narrow(request, &first));
  return first;
}

// As many threads as the memory has room for, each with one unit's columns.
FilterMemory FilterMemoryOf(const io::Source& source, const io::filter::Filter& filter,
                            RunContext* context) {
  FilterMemory memory;
  for (const io::Unit& unit : source.units()) {
    int64_t bytes = 0;
    if (source.columns_independent()) {
      for (const int column : filter.columns()) bytes += ScanBytes(source, unit, column);
    } else {
      bytes = ScanBatchesBytes(unit, filter.columns().size(), context);
    }
    memory.bytes_each = std::max(memory.bytes_each, bytes);
  }
  memory.num_threads = static_cast<int>(std::clamp<int64_t>(
      context->budget()->available_bytes() / memory.bytes_each, 1, context->num_threads()));
  return memory;
}

arrow::Status SelectRows(const SourceRequest& request, RunContext* context, RequestedSource* source,
                         const std::vector<std::string>& columns, const std::string& unit_column,
                         io::DownloadKeeper* keeper) {
  if (source->remote != nullptr) {
    const io::RemoteRequest asked = AskedOf(columns, unit_column, request.limit_rows, *source);
    return FetchRows(request, asked, context, source, nullptr, keeper);
  }
  if (source->filter == nullptr) return arrow::Status::OK();
  const base::Activity activity("filter");
  const io::Source& whole = *source->whole;
  context->progress()->BeginPhase("filter", whole.num_rows(), whole.num_rows(), whole.num_bytes());
  io::FilterOptions options;
  options.num_threads = FilterMemoryOf(whole, *source->filter, context).num_threads;
  options.batch_rows = context->options().batch_rows;
  options.batch_bytes = BatchBytes(context);
  options.pool = context->budget();
  options.rows_wanted = request.limit_rows;
  options.keeper = keeper;
  options.progress = [context](int64_t rows) {
    context->progress()->Advance(rows);
    return context->CheckStop();
  };
  ARROW_ASSIGN_OR_RAISE(source->whole, io::FilterRows(source->whole, source->filter, options));
  source->filter = nullptr;
  context->progress()->EndPhase();
  return Narrow(request, source);
}

arrow::Result<RemoteSample> SampleRemoteRows(const SourceRequest& request, int64_t num_rows,
                                             const std::vector<std::string>& columns,
                                             const std::string& unit_column, RunContext* context,
                                             RequestedSource* source) {
  RemoteSample sample;
  io::RemoteRequest asked = AskedOf(columns, unit_column, request.limit_rows, *source);
  ARROW_ASSIGN_OR_RAISE(
      auto foretold, source->remote->Foretell(asked, [context] { return context->CheckStop(); }));
  if (foretold.has_value()) {
    sample.facts = *std::move(foretold);
    source->filter = nullptr;
    source->remote = nullptr;
    SourceRequest narrowed = request;
    if (!columns.empty()) narrowed.columns = columns;
    ARROW_RETURN_NOT_OK(Narrow(narrowed, source));
    return sample;
  }
  sample.has_rows = true;
  asked.limit_rows = std::min(num_rows, request.limit_rows.value_or(num_rows));
  asked.is_sample = true;
  ARROW_RETURN_NOT_OK(FetchRows(request, asked, context, source, &sample.facts, nullptr));
  return sample;
}

}  // namespace emberharmony::engine
