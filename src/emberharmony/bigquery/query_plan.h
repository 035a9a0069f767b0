#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/bigquery/table_name.h"

namespace emberharmony::bigquery {

/// What is wanted of a table.
struct TableQuery {
  TableName table;
  /// `column` or `struct.child`; empty: all.
  std::vector<std::string> columns;
  /// A condition in the filter language (io/filter/expression.h), which is GoogleSQL; empty: all
  /// rows.
  std::string filter;
  /// At most so many rows, whichever come first.
  std::optional<int64_t> limit;
};

/// The same in both forms that BigQuery takes.
struct QueryPlan {
  /// A SELECT for a query job, over whole columns: of `struct.child` it selects `struct`.
  std::string sql;
  /// For the Storage Read API, which yields less of a struct: its selected_fields, without
  /// repetitions and without what another one holds already.
  std::vector<std::string> columns;
  /// Its row_restriction: the filter in one form for all texts that mean the same; empty: none.
  std::string row_restriction;
  /// The Storage Read API knows no limit: reading stops after so many rows.
  std::optional<int64_t> limit;
};

/// Translates a wish into SQL and read options. The filter is parsed and written anew, and every
/// name is quoted, so that no text in them can become another part of the query.
///
/// Usage errors: a filter that does not parse (its place is named), an empty name of a column, a
/// negative limit.
arrow::Result<QueryPlan> PlanQuery(const TableQuery& query);

/// `SELECT COUNT(*)` of the rows of a table that pass a filter (empty: all), built in the same way.
arrow::Result<std::string> CountSql(const TableName& table, std::string_view filter);

}  // namespace emberharmony::bigquery
