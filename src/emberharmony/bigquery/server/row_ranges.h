#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "emberharmony/io/row_selection.h"

namespace emberharmony::bigquery::server {

/// Rows of a table in ascending runs that neither overlap nor are empty; what a stream is made of.
/// Immutable once made.
class RowRanges {
 public:
  RowRanges() = default;
  /// Ascending runs that do not overlap; empty ones vanish, those that meet become one.
  explicit RowRanges(const std::vector<io::RowRun>& runs);

  int64_t num_rows() const { return num_rows_; }
  const std::vector<io::RowRun>& runs() const { return runs_; }

  /// The run that holds the row which `rank` rows come before, from that row on; an empty run at
  /// the end when there is none.
  io::RowRun From(int64_t rank) const;
  /// The first `rank` rows, and the rest.
  std::pair<RowRanges, RowRanges> SplitAt(int64_t rank) const;

 private:
  std::vector<io::RowRun> runs_;
  std::vector<int64_t> starts_;  ///< of each run, the rows before it
  int64_t num_rows_ = 0;
};

/// How many rows each of so many streams gets; the sum is num_rows.
///
/// Even: equal shares, rounded to whole blocks where there are enough. Uneven: every other stream
/// has no row, and each of the others half as many as the one before it.
std::vector<int64_t> StreamSizes(int64_t num_rows, int num_streams, int64_t block_rows,
                                 bool uneven);

/// What the service makes of a request for streams: none for an empty table, one for a small one,
/// else as many as are worth `stream_bytes` each, or max_streams where that is given (0: it is
/// not), raised to preferred_min_streams where the table is large enough; never over 1,000.
int NumStreams(int64_t num_rows, int64_t num_bytes, int64_t stream_bytes, int max_streams,
               int preferred_min_streams);

}  // namespace emberharmony::bigquery::server
