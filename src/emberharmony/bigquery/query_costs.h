#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/bigquery/jobs.h"
#include "emberharmony/bigquery/partition_pruning.h"
#include "emberharmony/bigquery/query_plan.h"

namespace emberharmony::bigquery {

/// What reading some columns and rows of a table would cost, found without reading or running
/// anything: tables.get and dry runs are free. What cannot be found out is absent: a reader may
/// lack the permissions.
struct QueryCosts {
  std::optional<TableInfo> table;
  /// Why the table is not told.
  arrow::Status table_fault = {};
  bool has_condition = false;
  /// Which partitions can hold the rows; absent for tables that are not partitioned.
  std::optional<PartitionPruning> pruning;
  /// By the service's dry run: what the columns are billed for in the partitions that it reads.
  std::optional<int64_t> bytes;
  /// The same columns in all partitions; only where the condition leaves out some.
  std::optional<int64_t> bytes_unpruned;

  /// How many of the table's partitions at least are left out; absent: not known.
  std::optional<int64_t> pruned_min() const;
  /// Whether the service will refuse to read the rows: the table requires a condition on its
  /// partitions.
  bool will_be_refused() const;
};

/// Status::Cancelled if it was stopped; usage errors of PlanQuery.
arrow::Result<QueryCosts> FindCosts(Jobs* jobs, const TableQuery& query);

/// What people should know of these costs, as (name, value).
std::vector<std::pair<std::string, std::string>> DescribeCosts(const QueryCosts& costs);

}  // namespace emberharmony::bigquery
