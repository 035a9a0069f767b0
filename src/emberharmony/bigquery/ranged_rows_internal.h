#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/bigquery/plugin.h"
#include "emberharmony/bigquery/table_download.h"
#include "emberharmony/bigquery/table_reader.h"
#include "emberharmony/io/remote_tables.h"
#include "emberharmony/io/stream_spool.h"

namespace emberharmony::bigquery {

/// How a table is read in ranges of a column.
struct RangedReading {
  std::string unit_column;
  /// As of when, in all sessions; absent: of what nobody writes to.
  std::optional<int64_t> snapshot_micros;
  /// A range is closed by the value with which it reaches so many rows; more where the table has
  /// more than kRangesMax times as many.
  int64_t rows_min = 524'288;
};

/// Ranges of values at most: each waits in a file of its own, and is a session of the service.
inline constexpr int kRangesMax = 512;

/// Rows that are fetched range by range, each in a session of its own, and become a unit each.
///
/// First all values of the unit column are read and counted, so that the ranges follow from the
/// data alone and it is known how many rows each must bring. What a range has brought when its
/// session expires is thrown away, and the range is read anew, a few times at most.
///
/// `whole`: a session over all rows of `request`, none of which is read. `options`: of the readers.
/// `describe`: what Describe tells of that session.
arrow::Result<std::unique_ptr<io::RemoteRows>> MakeRangedRows(
    Plugin* plugin, std::unique_ptr<TableDownload> whole, ReadRequest request, ReadOptions options,
    RangedReading reading,
    std::function<std::vector<std::pair<std::string, std::string>>(const SessionInfo&)> describe);

/// What people should know of a reading in ranges of a column, as (name, value).
std::vector<std::pair<std::string, std::string>> DescribeRanges(const std::string& unit_column);

/// As of when sessions are to read, so that all of them see what the first one saw: as the service
/// tells, or by the clocks. The service refuses what is in its future, so where our clock is ahead
/// by a little, the time at which it has made a session counts.
int64_t SnapshotOf(const SessionInfo& session, int64_t now_micros);

/// Warns of what has happened to the rows that a spool is for, in the log and in the run's report.
void WarnOfRows(io::StreamSpool* spool, const std::string& warning);

/// The rows of one range.
struct RangeFetch {
  int range = 0;  ///< for messages
  ReadRequest request;
  int64_t num_rows = 0;  ///< that must come
  int stream = 0;        ///< of the spool
};

/// Counts the values of the unit column over all rows of `request`, and divides them: ranges in the
/// order of their units, as many as hold the limit's rows. `options`: of the readers that count.
/// `progress`: asked several times a second with the rows counted so far; an error ends it.
/// `warn`: told when that had to be begun again.
arrow::Result<std::vector<RangeFetch>> PlanRanges(
    Plugin* plugin, const ReadRequest& request, const ReadOptions& options,
    const RangedReading& reading, const std::function<arrow::Status(int64_t rows)>& progress,
    const std::function<void(const std::string& warning)>& warn);

/// Reads a range into a stream of a spool; what has come of it when its session expires is
/// discarded first. Errors name the table and the range.
arrow::Status FetchRange(const TableDownload& base, const RangeFetch& fetch, io::StreamSpool* spool,
                         const std::function<void(const TableDownload*)>& on_session,
                         const std::function<arrow::Status()>& check_stop);

}  // namespace emberharmony::bigquery
