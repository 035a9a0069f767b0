#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "emberharmony/bigquery/connection.h"
#include "emberharmony/io/remote_tables.h"

namespace emberharmony::bigquery {

/// How tables named by bigquery:// are read.
struct RemoteSourceOptions {
  Connection connection;
  /// The tables as of this instant, microseconds since 1970 UTC; default: when a run asks for rows.
  std::optional<int64_t> snapshot_micros;
  /// Whether readers that have nothing left to do may take over the rest of a stream, by having the
  /// service split it (ReadOptions::split_bytes_min). Shapes no result.
  bool split_streams = true;
  /// Units are ranges of this column's values (io::RemoteRequest); empty: as the plan says.
  std::string unit_column = {};
  /// What kQueryLocation means: a SELECT, whose result is read.
  std::string query;
  /// Microseconds since 1970 UTC; default: the system's clock.
  std::function<int64_t()> now_micros = {};
};

/// The location of the result of RemoteSourceOptions::query.
inline constexpr const char* kQueryLocation = "bigquery-query://";

/// Lets runs read `bigquery://PROJECT/DATASET/TABLE` (io/remote_tables.h). A table crosses the
/// network once, with the columns and rows that the run needs; it lies on disk as it came while the
/// run lasts. The plugin is loaded when the first such table is opened. The rows of a view, and of
/// kQueryLocation, come from a query that is run when rows are asked for: `ember explain` asks for
/// none.
void RegisterRemoteSource(const RemoteSourceOptions& options);

/// The two openers that RegisterRemoteSource registers: of tables and views, and of kQueryLocation.
/// For programs whose runs differ in their options: they register openers of their own, which ask
/// for these.
io::RemoteOpener TableOpener(const RemoteSourceOptions& options);
io::RemoteOpener QueryOpener(const RemoteSourceOptions& options);
/// The schemes they are registered for.
inline constexpr const char* kTableScheme = "bigquery";
inline constexpr const char* kQueryScheme = "bigquery-query";

/// Microseconds since 1970 of a text like 2024-01-31T05:06:07Z (`T` or a space, a fraction and a
/// zone are optional; UTC). UsageError for others.
arrow::Result<int64_t> ParseSnapshotTime(const std::string& text);

}  // namespace emberharmony::bigquery
