#pragma once

#include <arrow/result.h>

#include <memory>
#include <optional>
#include <string>

#include "emberharmony/bigquery/jobs.h"
#include "emberharmony/bigquery/plugin.h"
#include "emberharmony/bigquery/table_reader.h"

namespace emberharmony::bigquery {

/// What had to be run before rows could be read.
struct OpenedTable {
  std::unique_ptr<TableReader> reader;
  /// The query whose result is read; absent for tables that can be read as they are.
  std::optional<QueryResult> query;
};

/// Opens a table for reading, or the result of a query over it where it is a view or a materialized
/// view, which the Storage Read API does not read. Columns and the row restriction are then part of
/// the query; it bills the bytes that it processes.
///
/// The table is tried first, and only where that fails the REST API is asked what it is, so that
/// tables need neither its permissions nor libcurl. If that brings nothing, the first error stands.
arrow::Result<OpenedTable> OpenTableOrView(Plugin* plugin, const ReadRequest& request,
                                           const ReadOptions& options);

/// Runs a query and opens its result; `read.table` and its restriction are not used. The rows of a
/// query that ends in ORDER BY come in that order if read with max_streams 1. `location`: where it
/// runs; empty: where its tables are.
arrow::Result<OpenedTable> OpenQuery(Plugin* plugin, const QueryRequest& query, ReadRequest read,
                                     const ReadOptions& options, const std::string& location = "");

}  // namespace emberharmony::bigquery
