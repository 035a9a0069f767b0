#include "emberharmony/bigquery/open_table.h"

#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/query_plan.h"
#include "emberharmony/bigquery/ranged_reader.h"

namespace emberharmony::bigquery {
namespace {

JobOptions JobOptionsOf(const ReadOptions& options, const std::string& project) {
  JobOptions jobs{options.connection, "", options.check_stop};
  if (jobs.connection.billing_project.empty()) jobs.connection.billing_project = project;
  return jobs;
}

/// Whether asking what the table is could explain the error.
bool MayBeView(const arrow::Status& status) {
  const base::ErrorKind kind = base::KindOf(status);
  return kind == base::ErrorKind::kData || kind == base::ErrorKind::kUsage;
}

arrow::Result<std::unique_ptr<TableReader>> OpenReading(Plugin* plugin, const ReadRequest& request,
                                                        const ReadOptions& options,
                                                        bool rows_are_fixed) {
  return request.unit_column.empty() ? plugin->OpenTable(request, options)
                                     : OpenRangedReader(plugin, request, options, rows_are_fixed);
}

arrow::Result<OpenedTable> OpenView(Plugin* plugin, Jobs* jobs, const ReadRequest& request,
                                    const ReadOptions& options) {
  if (request.snapshot_micros) {
    return base::UsageError(request.table.Text() +
                            " is a view, which cannot be read as of an earlier time");
  }
  TableQuery wanted{request.table, request.columns, request.row_restriction, std::nullopt};
  ARROW_ASSIGN_OR_RAISE(const QueryPlan read_plan, PlanQuery(wanted));
  // The result must have the column that it is divided by, also where nobody reads it.
  if (!request.unit_column.empty() && !wanted.columns.empty()) {
    wanted.columns.push_back(request.unit_column);
  }
  ARROW_ASSIGN_OR_RAISE(const QueryPlan plan, PlanQuery(wanted));
  ARROW_ASSIGN_OR_RAISE(QueryResult result, jobs->RunQuery({plan.sql, std::nullopt, 0}));
  ReadRequest read = request;
  read.table = result.table;
  read.columns = read_plan.columns;
  read.row_restriction.clear();
  ARROW_ASSIGN_OR_RAISE(auto reader, OpenReading(plugin, read, options, /*rows_are_fixed=*/true));
  return OpenedTable{std::move(reader), std::move(result)};
}

/// The project that reads: the result's own table may be another's.
ReadOptions ReadOptionsFor(const ReadOptions& options, const std::string& project) {
  ReadOptions own = options;
  if (own.connection.billing_project.empty()) own.connection.billing_project = project;
  return own;
}

}  // namespace

arrow::Result<OpenedTable> OpenTableOrView(Plugin* plugin, const ReadRequest& request,
                                           const ReadOptions& options) {
  auto reader = OpenReading(plugin, request, options, /*rows_are_fixed=*/false);
  if (reader.ok()) return OpenedTable{*std::move(reader), std::nullopt};
  if (!MayBeView(reader.status()) || !HasRestApi(options.connection)) return reader.status();
  auto jobs = plugin->ConnectJobs(JobOptionsOf(options, request.table.project));
  if (!jobs.ok()) return reader.status();
  const auto info = (*jobs)->GetTable(request.table);
  if (info.status().IsCancelled()) return info.status();
  const bool is_view =
      info.ok() && (info->kind == TableKind::kView || info->kind == TableKind::kMaterializedView);
  if (!is_view) return reader.status();
  return OpenView(plugin, jobs->get(), request, ReadOptionsFor(options, request.table.project));
}

arrow::Result<OpenedTable> OpenQuery(Plugin* plugin, const QueryRequest& query, ReadRequest read,
                                     const ReadOptions& options, const std::string& location) {
  JobOptions job_options = JobOptionsOf(options, "");
  job_options.location = location;
  ARROW_ASSIGN_OR_RAISE(auto jobs, plugin->ConnectJobs(job_options));
  ARROW_ASSIGN_OR_RAISE(QueryResult result, jobs->RunQuery(query));
  read.table = result.table;
  read.row_restriction.clear();
  ARROW_ASSIGN_OR_RAISE(auto reader, OpenReading(plugin, read, options, /*rows_are_fixed=*/true));
  return OpenedTable{std::move(reader), std::move(result)};
}

}  // namespace emberharmony::bigquery
