#include <arrow/type.h>
#include <fmt/format.h>

#include <cctype>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/bigquery/queried_table_internal.h"
#include "emberharmony/bigquery/query_plan.h"
#include "emberharmony/bigquery/ranged_rows_internal.h"
#include "emberharmony/bigquery/table_schema.h"
#include "emberharmony/bigquery/unit_histogram.h"

namespace emberharmony::bigquery {
namespace {

using arrow::Result;

arrow::Result<std::unique_ptr<Jobs>> ConnectFor(Plugin* plugin, const RemoteSourceOptions& options,
                                                const std::string& project,
                                                const io::StopCheck& check_stop) {
  JobOptions jobs{options.connection, "", check_stop};
  if (jobs.connection.billing_project.empty()) jobs.connection.billing_project = project;
  return plugin->ConnectJobs(jobs);
}

/// Rows of a query's result, which tell what the query cost.
class QueriedRows : public io::RemoteRows {
 public:
  QueriedRows(std::unique_ptr<io::RemoteRows> rows, QueryResult query)
      : rows_(std::move(rows)), query_(std::move(query)) {}

  int64_t estimated_rows() const override { return rows_->estimated_rows(); }
  int64_t estimated_bytes() const override { return rows_->estimated_bytes(); }
  std::vector<std::pair<std::string, std::string>> Describe() const override {
    auto lines = rows_->Describe();
    lines.emplace_back("query", query_.job_id + " in " + query_.location);
    lines.emplace_back("bytes billed for the query", base::FormatByteSize(query_.bytes_billed));
    return lines;
  }
  Result<std::shared_ptr<io::Source>> Fetch(const io::FetchOptions& options) override {
    return rows_->Fetch(options);
  }

 private:
  const std::unique_ptr<io::RemoteRows> rows_;
  const QueryResult query_;
};

/// What is told of a query that has not been run.
std::vector<std::pair<std::string, std::string>> DescribeEstimate(const QueryEstimate& estimate,
                                                                  const std::string& unit_column) {
  const std::string place = estimate.location.empty() ? "" : " in " + estimate.location;
  std::vector<std::pair<std::string, std::string>> lines = {
      {"query", "not run; asked for its costs" + place},
      {"bytes the query will read", base::FormatByteSize(estimate.bytes_processed)},
      {"bytes billed for the query", base::FormatByteSize(estimate.bytes_billed)}};
  if (unit_column.empty()) return lines;
  for (auto& line : DescribeRanges(unit_column)) lines.push_back(std::move(line));
  return lines;
}

/// The result of a query that has been run.
class QueriedTable : public io::RemoteTable {
 public:
  QueriedTable(std::unique_ptr<io::RemoteTable> table, QueryResult query)
      : table_(std::move(table)), query_(std::move(query)) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return table_->schema(); }
  std::string identity() const override { return table_->identity(); }
  arrow::Status CheckUnitColumn(const std::string& column) const override {
    return table_->CheckUnitColumn(column);
  }
  Result<std::unique_ptr<io::RemoteRows>> Ask(const io::RemoteRequest& request,
                                              int64_t buffer_bytes,
                                              const io::StopCheck& check_stop) override {
    ARROW_ASSIGN_OR_RAISE(auto rows, table_->Ask(request, buffer_bytes, check_stop));
    return std::make_unique<QueriedRows>(std::move(rows), query_);
  }

 private:
  const std::unique_ptr<io::RemoteTable> table_;
  const QueryResult query_;
};

/// Runs the query of the options, and opens its result.
Result<std::unique_ptr<io::RemoteTable>> RunAndOpen(Plugin* plugin,
                                                    const RemoteSourceOptions& options, Jobs* jobs,
                                                    const io::StopCheck& check_stop) {
  ARROW_ASSIGN_OR_RAISE(QueryResult query, jobs->RunQuery({options.query, std::nullopt, 0}));
  const StoredTableTraits traits{MayHaveOrder(options.query), true};
  ARROW_ASSIGN_OR_RAISE(auto table,
                        OpenStoredTable(plugin, options, query.table, traits, "", check_stop));
  return std::make_unique<QueriedTable>(std::move(table), std::move(query));
}

/// The result of a query that is run when its rows are asked for.
class QueryTable : public io::RemoteTable {
 public:
  QueryTable(Plugin* plugin, RemoteSourceOptions options, std::unique_ptr<Jobs> jobs,
             QueryEstimate estimate, std::shared_ptr<arrow::Schema> schema)
      : plugin_(plugin),
        options_(std::move(options)),
        jobs_(std::move(jobs)),
        estimate_(std::move(estimate)),
        schema_(std::move(schema)) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  std::string identity() const override { return IdentityOfRequest(options_); }
  arrow::Status CheckUnitColumn(const std::string& column) const override {
    return UnitHistogram::Check(*schema_, column);
  }

  Result<std::unique_ptr<io::RemoteRows>> Ask(const io::RemoteRequest& request,
                                              int64_t buffer_bytes,
                                              const io::StopCheck& check_stop) override {
    if (result_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(result_, RunAndOpen(plugin_, options_, jobs_.get(), check_stop));
    }
    return result_->Ask(request, buffer_bytes, check_stop);
  }

  Result<std::optional<std::vector<std::pair<std::string, std::string>>>> Foretell(
      const io::RemoteRequest& request, const io::StopCheck&) override {
    return DescribeEstimate(estimate_, EffectiveUnitColumn(options_, request));
  }

 private:
  Plugin* const plugin_;
  const RemoteSourceOptions options_;
  const std::unique_ptr<Jobs> jobs_;
  const QueryEstimate estimate_;
  const std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<io::RemoteTable> result_;  ///< once it has been run
};

class ViewTable : public io::RemoteTable {
 public:
  ViewTable(Plugin* plugin, RemoteSourceOptions options, TableName name,
            std::shared_ptr<arrow::Schema> schema)
      : plugin_(plugin),
        options_(std::move(options)),
        name_(std::move(name)),
        schema_(std::move(schema)) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  std::string identity() const override { return IdentityOfRequest(options_); }
  arrow::Status CheckUnitColumn(const std::string& column) const override {
    return UnitHistogram::Check(*schema_, column);
  }

  Result<std::unique_ptr<io::RemoteRows>> Ask(const io::RemoteRequest& request,
                                              int64_t buffer_bytes,
                                              const io::StopCheck& check_stop) override {
    ARROW_ASSIGN_OR_RAISE(const QueryPlan plan, PlanQuery(QueryFor(request)));
    ARROW_ASSIGN_OR_RAISE(auto jobs, ConnectFor(plugin_, options_, name_.project, check_stop));
    ARROW_ASSIGN_OR_RAISE(QueryResult query, jobs->RunQuery({plan.sql, std::nullopt, 0}));
    ARROW_ASSIGN_OR_RAISE(
        auto table, OpenStoredTable(plugin_, options_, query.table, {false, true}, "", check_stop));
    io::RemoteRequest own = request;
    own.filter.clear();
    own.limit_rows = plan.limit;
    ARROW_ASSIGN_OR_RAISE(auto rows, table->Ask(own, buffer_bytes, check_stop));
    return std::make_unique<QueriedRows>(std::move(rows), std::move(query));
  }

  Result<std::optional<std::vector<std::pair<std::string, std::string>>>> Foretell(
      const io::RemoteRequest& request, const io::StopCheck& check_stop) override {
    ARROW_ASSIGN_OR_RAISE(const QueryPlan plan, PlanQuery(QueryFor(request)));
    ARROW_ASSIGN_OR_RAISE(auto jobs, ConnectFor(plugin_, options_, name_.project, check_stop));
    ARROW_ASSIGN_OR_RAISE(const QueryEstimate estimate, jobs->DryRun(plan.sql));
    return DescribeEstimate(estimate, EffectiveUnitColumn(options_, request));
  }

 private:
  /// The result holds the unit column, too, by which its rows are then read.
  TableQuery QueryFor(const io::RemoteRequest& request) const {
    TableQuery query{name_, request.columns, request.filter, request.limit_rows};
    const std::string& unit = EffectiveUnitColumn(options_, request);
    if (unit.empty() || query.columns.empty()) return query;
    const auto histogram = UnitHistogram::Make(*schema_, unit);
    if (histogram.ok()) query.columns.push_back(histogram->column());
    return query;
  }

  Plugin* const plugin_;
  const RemoteSourceOptions options_;
  const TableName name_;
  const std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

std::string IdentityOfRequest(const RemoteSourceOptions& options) {
  return fmt::format("query {} {} as of {} by {}", options.query.size(), options.query,
                     options.snapshot_micros ? std::to_string(*options.snapshot_micros) : "now",
                     options.unit_column);
}

const std::string& EffectiveUnitColumn(const RemoteSourceOptions& options,
                                       const io::RemoteRequest& request) {
  return options.unit_column.empty() ? request.unit_column : options.unit_column;
}

bool MayHaveOrder(std::string_view sql) {
  std::string words = " ";
  for (const char c : sql) {
    const auto byte = static_cast<unsigned char>(c);
    const char lower = std::isalnum(byte) || c == '_' ? static_cast<char>(std::tolower(byte)) : ' ';
    if (lower != ' ' || words.back() != ' ') words += lower;
  }
  return (words + " ").find(" order by ") != std::string::npos;
}

Result<std::unique_ptr<io::RemoteTable>> OpenViewInstead(Plugin* plugin,
                                                         const RemoteSourceOptions& options,
                                                         const TableName& name,
                                                         const arrow::Status& fault,
                                                         const io::StopCheck& check_stop) {
  const base::ErrorKind kind = base::KindOf(fault);
  const bool may_be_view = kind == base::ErrorKind::kData || kind == base::ErrorKind::kUsage;
  if (!may_be_view || !HasRestApi(options.connection)) return fault;
  const auto jobs = ConnectFor(plugin, options, name.project, check_stop);
  if (!jobs.ok()) return jobs.status().IsCancelled() ? jobs.status() : fault;
  const auto info = (*jobs)->GetTable(name);
  if (!info.ok()) return info.status().IsCancelled() ? info.status() : fault;
  if (info->kind != TableKind::kView && info->kind != TableKind::kMaterializedView) return fault;
  if (options.snapshot_micros) {
    return base::UsageError(name.Text() +
                            " is a view, which cannot be read as of an earlier time: leave out "
                            "--snapshot-time");
  }
  ARROW_ASSIGN_OR_RAISE(auto schema, ArrowSchemaOf(info->fields));
  return std::make_unique<ViewTable>(plugin, options, name, std::move(schema));
}

Result<std::unique_ptr<io::RemoteTable>> OpenQueryResult(Plugin* plugin,
                                                         const RemoteSourceOptions& options,
                                                         const io::StopCheck& check_stop) {
  if (options.snapshot_micros) {
    return base::UsageError(
        "--snapshot-time is not for queries: write FOR SYSTEM_TIME AS OF in the query");
  }
  ARROW_ASSIGN_OR_RAISE(auto jobs, ConnectFor(plugin, options, "", check_stop));
  ARROW_ASSIGN_OR_RAISE(QueryEstimate estimate, jobs->DryRun(options.query));
  auto schema = ArrowSchemaOf(estimate.fields);
  // A server that does not tell the columns beforehand has to run the query for them.
  if (estimate.fields.empty() || !schema.ok()) {
    return RunAndOpen(plugin, options, jobs.get(), check_stop);
  }
  return std::make_unique<QueryTable>(plugin, options, std::move(jobs), std::move(estimate),
                                      *std::move(schema));
}

}  // namespace emberharmony::bigquery
