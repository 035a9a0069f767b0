#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/bigquery/connection.h"
#include "emberharmony/bigquery/table_name.h"

namespace emberharmony::bigquery {

/// What a table of BigQuery is. Only kTable, kExternal and kSnapshot can be read as they are.
enum class TableKind { kTable, kExternal, kSnapshot, kView, kMaterializedView, kOther };

/// A column, as BigQuery tells of it.
struct TableField {
  std::string name;
  std::string type;  ///< "INTEGER", "RECORD" and so on: the REST API's own names
  std::string mode;  ///< "NULLABLE", "REQUIRED" or "REPEATED"
  std::vector<TableField> fields;
};

/// Ranges of integers by which a table is partitioned: from `start` up to, not including, `end`,
/// `interval` of them in each.
struct IntegerRanges {
  int64_t start = 0;
  int64_t end = 0;
  int64_t interval = 0;
};

/// What tables.get says.
struct TableInfo {
  TableKind kind = TableKind::kOther;
  std::string type;      ///< as the service named it
  std::string location;  ///< "US", "europe-west4"
  /// Without rows that are still in the streaming buffer; absent for views.
  std::optional<int64_t> num_rows;
  std::optional<int64_t> num_bytes;
  std::vector<TableField> fields;
  std::string partition_column;  ///< empty: none, or partitioned by ingestion time
  std::string partition_type;  ///< "DAY", "HOUR", "MONTH", "YEAR", "RANGE"; empty: not partitioned
  bool requires_partition_filter = false;
  IntegerRanges integer_ranges = {};           ///< where partition_type is "RANGE"
  std::optional<int64_t> num_partitions = {};  ///< absent: not told
  std::vector<std::string> clustering_columns;
};

/// What a query would read, found without running it.
struct QueryEstimate {
  int64_t bytes_processed = 0;
  /// What on-demand pricing charges for: whole MiB, at least 10 MiB, unless nothing is read.
  int64_t bytes_billed = 0;
  std::string location;            ///< where it would run
  std::string statement_type;      ///< "SELECT"; empty: not told
  std::vector<TableField> fields;  ///< of the result; empty: not told
};

struct QueryRequest {
  std::string sql;  ///< GoogleSQL
  /// The result goes here, replacing what is there; absent: a table of the service's own, which it
  /// keeps for about a day.
  std::optional<TableName> destination;
  /// The query fails, at no charge, if it would bill more; 0: no limit.
  int64_t bytes_billed_max = 0;
};

/// A query that has ended well.
struct QueryResult {
  TableName table;  ///< where its rows are
  std::optional<int64_t> num_rows;
  int64_t bytes_processed = 0;
  int64_t bytes_billed = 0;
  bool from_cache = false;
  std::string job_id;
  std::string location;
};

struct JobOptions {
  Connection connection;
  /// Where queries run; empty: where their tables are.
  std::string location;
  /// Asked several times a second; an error ends the call, and cancels the query under way.
  std::function<arrow::Status()> check_stop = {};
};

/// BigQuery's REST API: tables and queries. Every call has a deadline; answers are bounded; what
/// may go away (a lost connection, rateLimitExceeded, backendError, internalError, badGateway) is
/// tried again for up to ten minutes. Queries have names of our own, so that no query runs twice.
/// One thread at a time.
///
/// Errors: Status::Cancelled from check_stop; usage errors for queries that BigQuery refuses and
/// for missing settings; data errors for all else. They never hold a token.
class Jobs {
 public:
  virtual ~Jobs() = default;
  virtual arrow::Result<TableInfo> GetTable(const TableName& table) = 0;
  virtual arrow::Result<QueryEstimate> DryRun(const std::string& sql) = 0;
  /// Runs a query and waits for its end. It must be one that yields rows in a table: SELECT, or
  /// CREATE TABLE AS SELECT.
  virtual arrow::Result<QueryResult> RunQuery(const QueryRequest& request) = 0;
  /// The number that is the only row and column of the query's result.
  virtual arrow::Result<int64_t> QueryNumber(const std::string& sql) = 0;
};

}  // namespace emberharmony::bigquery
