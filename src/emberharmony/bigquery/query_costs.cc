#include "emberharmony/bigquery/query_costs.h"

#include <fmt/format.h>

#include "emberharmony/base/memory_budget.h"

namespace emberharmony::bigquery {
namespace {

std::string PartitionText(const TableInfo& info) {
  const std::string column =
      info.partition_column.empty() ? "the time of ingestion" : info.partition_column;
  return fmt::format("{} ({}){}", column, info.partition_type,
                     info.requires_partition_filter ? ", a filter on it is required" : "");
}

}  // namespace

arrow::Result<std::vector<std::pair<std::string, std::string>>> DescribeCosts(
    Jobs* jobs, const TableQuery& query) {
  std::vector<std::pair<std::string, std::string>> lines;
  const auto info = jobs->GetTable(query.table);
  if (info.status().IsCancelled()) return info.status();
  if (info.ok()) {
    if (!info->partition_type.empty()) lines.emplace_back("partitioned by", PartitionText(*info));
    if (!info->clustering_columns.empty()) {
      lines.emplace_back("clustered by",
                         fmt::format("{}", fmt::join(info->clustering_columns, ", ")));
    }
  }
  TableQuery whole = query;
  whole.limit.reset();  // it spares a query nothing
  ARROW_ASSIGN_OR_RAISE(const QueryPlan plan, PlanQuery(whole));
  const auto estimate = jobs->DryRun(plan.sql);
  if (estimate.status().IsCancelled()) return estimate.status();
  if (estimate.ok()) {
    std::string bytes = base::FormatByteSize(estimate->bytes_processed);
    if (info.ok() && info->num_bytes.value_or(0) > 0) {
      bytes += " of " + base::FormatByteSize(*info->num_bytes);
    }
    lines.emplace_back("bytes billed, by a dry run", std::move(bytes));
  }
  return lines;
}

}  // namespace emberharmony::bigquery
