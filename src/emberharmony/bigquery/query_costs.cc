#include "emberharmony/bigquery/query_costs.h"

#include <fmt/format.h>

#include <algorithm>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/base/spelling.h"
#include "emberharmony/io/filter/expression.h"

namespace emberharmony::bigquery {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

/// Columns of the table that a condition looks at: they are read and billed as well.
void AddColumnsOf(const io::filter::Expression& node, const TableInfo& table,
                  std::vector<std::string>* columns) {
  if (node.kind == io::filter::ExpressionKind::kColumn && !node.path.empty()) {
    for (const TableField& field : table.fields) {
      const bool same = base::LowerAscii(field.name) == base::LowerAscii(node.path[0]);
      if (same) columns->push_back(field.name);
    }
  }
  for (const auto& child : node.children) AddColumnsOf(*child, table, columns);
}

/// The bytes of a query; nothing where it cannot be found out.
arrow::Result<std::optional<int64_t>> BytesOf(Jobs* jobs, const TableQuery& query) {
  ARROW_ASSIGN_OR_RAISE(const QueryPlan plan, PlanQuery(query));
  const auto estimate = jobs->DryRun(plan.sql);
  if (estimate.status().IsCancelled()) return estimate.status();
  return estimate.ok() ? std::optional(estimate->bytes_processed) : std::nullopt;
}

/// What the same columns, those of the condition among them, have in all partitions.
arrow::Result<std::optional<int64_t>> BytesUnpruned(Jobs* jobs, const TableQuery& query,
                                                    const TableInfo& table) {
  // The service would refuse it.
  if (table.requires_partition_filter) return std::nullopt;
  TableQuery whole = query;
  whole.filter.clear();
  if (!whole.columns.empty()) {
    ARROW_ASSIGN_OR_RAISE(const auto condition,
                          io::filter::ParseExpression(query.filter, "filter"));
    AddColumnsOf(*condition, table, &whole.columns);
  }
  return BytesOf(jobs, whole);
}

std::string PartitionText(const TableInfo& info) {
  const std::string column =
      info.partition_column.empty() ? "the time of ingestion" : info.partition_column;
  std::string text = fmt::format("{} ({})", column, info.partition_type);
  if (info.num_partitions) text += fmt::format(", {} partitions", *info.num_partitions);
  if (info.requires_partition_filter) text += ", a filter on it is required";
  return text;
}

std::string WhyNoneIsPruned(const QueryCosts& costs) {
  if (!costs.has_condition) return "no condition is given (--where)";
  return fmt::format("the condition does not restrict {}", costs.pruning->column);
}

/// What is certain: the condition's partitions. Whether the service leaves out as many, only the
/// bytes of its dry run tell.
void DescribePruning(const QueryCosts& costs, Lines* lines) {
  const PartitionPruning& pruning = *costs.pruning;
  if (pruning.leaves_all) {
    lines->emplace_back("partitions pruned", "none: " + WhyNoneIsPruned(costs));
    return;
  }
  std::string left = pruning.Text();
  const int64_t left_max = pruning.left_max().value_or(0);
  if (left_max > 1) left += fmt::format(" (at most {})", left_max);
  lines->emplace_back("partitions left", std::move(left));
  const bool none_left = pruning.left_max() == 0;
  std::string pruned = none_left ? "all: no row can pass the condition" : "all others";
  const auto least = costs.pruned_min();
  if (least && !none_left) {
    pruned += fmt::format(", at least {} of {}", *least, *costs.table->num_partitions);
  }
  if (costs.bytes && costs.bytes_unpruned) {
    pruned += fmt::format(
        "; by dry runs, {} of the {} that these columns have",
        base::FormatByteSize(std::max<int64_t>(*costs.bytes_unpruned - *costs.bytes, 0)),
        base::FormatByteSize(*costs.bytes_unpruned));
  }
  lines->emplace_back("partitions pruned", std::move(pruned));
}

}  // namespace

std::optional<int64_t> QueryCosts::pruned_min() const {
  if (!pruning || !pruning->left_max()) return std::nullopt;
  if (!table || !table->num_partitions) return std::nullopt;
  return std::max<int64_t>(*table->num_partitions - *pruning->left_max(), 0);
}

bool QueryCosts::will_be_refused() const {
  return table && table->requires_partition_filter && pruning && !pruning->meets_requirement;
}

arrow::Result<QueryCosts> FindCosts(Jobs* jobs, const TableQuery& query) {
  QueryCosts costs;
  costs.has_condition = query.filter.find_first_not_of(" \t\r\n") != std::string::npos;
  auto info = jobs->GetTable(query.table);
  if (info.status().IsCancelled()) return info.status();
  if (info.ok()) {
    costs.table = *std::move(info);
    ARROW_ASSIGN_OR_RAISE(costs.pruning, FindPruning(*costs.table, query.filter));
  } else {
    costs.table_fault = info.status();
  }
  TableQuery whole = query;
  whole.limit.reset();  // it spares a query nothing
  ARROW_ASSIGN_OR_RAISE(costs.bytes, BytesOf(jobs, whole));
  if (costs.bytes && costs.pruning && !costs.pruning->leaves_all) {
    ARROW_ASSIGN_OR_RAISE(costs.bytes_unpruned, BytesUnpruned(jobs, whole, *costs.table));
  }
  return costs;
}

Lines DescribeCosts(const QueryCosts& costs) {
  Lines lines;
  if (costs.table) {
    const TableInfo& table = *costs.table;
    if (!table.partition_type.empty()) lines.emplace_back("partitioned by", PartitionText(table));
    if (!table.clustering_columns.empty()) {
      lines.emplace_back("clustered by",
                         fmt::format("{}", fmt::join(table.clustering_columns, ", ")));
    }
  } else {
    lines.emplace_back("how it is partitioned", "unknown: " + costs.table_fault.message());
  }
  if (costs.pruning) DescribePruning(costs, &lines);
  if (costs.will_be_refused()) {
    lines.emplace_back("the service will refuse it",
                       fmt::format("the table requires a condition (--where) that restricts {}",
                                   costs.pruning->column));
  }
  if (costs.bytes) {
    std::string bytes = base::FormatByteSize(*costs.bytes);
    if (costs.table && costs.table->num_bytes.value_or(0) > 0) {
      bytes += " of " + base::FormatByteSize(*costs.table->num_bytes);
    }
    lines.emplace_back("bytes billed, by a dry run", std::move(bytes));
  }
  return lines;
}

}  // namespace emberharmony::bigquery
