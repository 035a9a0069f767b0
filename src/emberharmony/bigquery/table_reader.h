#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/bigquery/connection.h"
#include "emberharmony/bigquery/table_name.h"

namespace emberharmony::bigquery {

/// How rows are compressed on their way: each buffer (kLz4Frame, kZstd), or each response as a
/// whole (kLz4Response).
enum class Compression { kNone, kLz4Frame, kZstd, kLz4Response };

/// What is read of a table.
struct ReadRequest {
  TableName table;
  /// `column` or `struct.child`; empty: all. The table's order holds, not this one.
  std::vector<std::string> columns;
  /// A condition in GoogleSQL; empty: all rows.
  std::string row_restriction;
  /// The table as of this instant, microseconds since 1970 UTC; default: when the session begins.
  std::optional<int64_t> snapshot_micros;
  /// Share of the table's blocks, in (0, 100].
  std::optional<double> sample_percentage;
  Compression compression = Compression::kLz4Frame;
  /// At most so many streams; 0: the service decides.
  int max_streams = 0;
  /// The reader hands out no more rows than this, and asks for no more once they have come.
  std::optional<int64_t> limit_rows;
  /// Of OpenTableOrView and OpenQuery: rows come in ranges of this column (ranged_reader.h); empty:
  /// stream by stream.
  std::string unit_column = {};
};

struct ReadOptions {
  Connection connection;
  /// Streams that are read at the same time.
  int num_readers = 4;
  /// Bytes of batches that wait for the caller, in all; the readers pause beyond.
  int64_t buffer_bytes = int64_t{64} << 20;
  arrow::MemoryPool* pool = nullptr;  ///< default: arrow::default_memory_pool()
  /// When no stream is left for a reader, one of which at least so many bytes are left, by how fast
  /// they come, is split for it. 0: never. A download's rows and their order stay the same; of
  /// those that are handed out as they come, the part that was split off is a stream of its own,
  /// with a number above the session's. With max_streams 1, which keeps an order, none is split.
  int64_t split_bytes_min = int64_t{32} << 20;
  /// Where ranges wait on disk (ReadRequest::unit_column); empty: $TMPDIR, or /tmp.
  std::string spill_folder = {};
  /// Asked several times a second; an error ends the reading.
  std::function<arrow::Status()> check_stop = {};
};

/// Rows of one stream, in its order.
struct StreamBatch {
  std::shared_ptr<arrow::RecordBatch> rows;
  int stream = 0;         ///< position among the session's streams; above: what was split off one
  int64_t first_row = 0;  ///< counted from the start of the stream
};

/// What a read session is, as the service told when it was made.
struct SessionInfo {
  std::string name;
  int num_streams = 0;
  int64_t expire_micros = 0;            ///< since 1970 UTC; 0: not told
  int64_t estimated_row_count = 0;      ///< 0: not told
  int64_t estimated_bytes_scanned = 0;  ///< 0: not told
  /// The table is read as of then, since 1970 UTC; absent: not told.
  std::optional<int64_t> snapshot_micros = {};
};

/// What reading has done so far.
struct ReadCounters {
  int64_t rows = 0;
  int64_t wire_bytes = 0;     ///< payloads as they came
  int64_t decoded_bytes = 0;  ///< buffers of the batches
  int64_t responses = 0;
  int64_t reconnects = 0;
  int streams_done = 0;
  int throttle_percent = 0;  ///< the last that the service told
  /// The session has ended before its streams had: what is left of it can't be had.
  bool session_expired = false;
  int splits = 0;  ///< streams whose rest another reader took over
  int64_t buffered_bytes = 0;
  int64_t peak_buffered_bytes = 0;
};

/// Reads a table through one session, each row exactly once, or fails. Batches of different streams
/// come in any order. Next may be called from one thread at a time, Cancel and counters from any.
class TableReader {
 public:
  virtual ~TableReader() = default;
  virtual const SessionInfo& session() const = 0;
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// nothing after the last batch, when the ledger of every stream has been found balanced.
  virtual arrow::Result<std::optional<StreamBatch>> Next() = 0;
  /// Ends the calls under way within a second; Next then returns Status::Cancelled.
  virtual void Cancel() = 0;
  /// Cancel, and waits until the threads of the reader have ended: before the process ends, since
  /// they must not outlive what it destroys then. All else may still be called. From any thread.
  virtual void Close() = 0;
  virtual ReadCounters counters() const = 0;
};

}  // namespace emberharmony::bigquery
