#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace emberharmony::bigquery {

/// What a server does wrong on purpose. Messages count from 0 in each call.
enum class FaultKind {
  kCut,        ///< ends the call with `status` before message `after`
  kStall,      ///< sends nothing from message `after` on, until the call is cancelled
  kThrottle,   ///< tells `value` percent of throttling from message `after` on
  kDuplicate,  ///< sends message `after` twice
  kMissing,    ///< leaves message `after` out
  kRowCount,   ///< adds `value` to the row_count of message `after`
  kTruncate,   ///< leaves `value` bytes off the end of the rows of message `after`
  kCorrupt,    ///< turns over the bits of byte `value` of the rows of message `after`
  kSchema,     ///< sends another schema with message 0 of a call
  kExpire,     ///< says before message `after` that the session has expired
  kUneven,     ///< makes sessions of which some streams are large and others empty
  kSession,    ///< fails CreateReadSession with `status`
  kSplit,      ///< fails SplitReadStream with `status`
};

/// A fault, and when it is committed. The same calls in the same order meet the same faults.
struct ServerFault {
  FaultKind kind = FaultKind::kCut;
  int64_t after = 0;  ///< sent messages of the call
  int stream = -1;    ///< only this stream of each session, from 0; -1: every stream
  int64_t times =
      -1;  ///< so often for each stream (or, of sessions, splits and expiries, in all); -1: always
  std::string status = "UNAVAILABLE";  ///< the name of a gRPC status
  std::string message = {};            ///< default: what such a status usually says
  int64_t retry_delay_ms = -1;         ///< told in a RetryInfo; -1: none is sent
  int64_t value = 1;

  /// Reads `KIND`, or `KIND:KEY=VALUE,...`, e.g.
  /// `cut:after=3,status=RESOURCE_EXHAUSTED,retry-delay-ms=100,times=2`. Kinds: cut, stall,
  /// throttle, duplicate, missing, row-count, truncate, corrupt, schema, expire, uneven, session,
  /// split. Keys: after, stream, times, status, message (of no comma), retry-delay-ms, value.
  static arrow::Result<ServerFault> Parse(std::string_view text);
};

struct ServerFaults {
  std::vector<ServerFault> faults = {};
};

struct ServedTable {
  std::string name;      ///< PROJECT.DATASET.TABLE
  std::string location;  ///< what io::OpenSource takes
  /// COLUMN, or COLUMN:DAY (HOUR, MONTH, YEAR), by which it is partitioned: what sessions are
  /// estimated to scan is then that of the partitions which their restriction leaves; empty: not.
  /// _PARTITIONTIME: by the time of ingestion, which a column of that name tells; it is hidden, and
  /// restrictions may name it, and _PARTITIONDATE where partitions are of a day.
  std::string partition = {};
  /// Sessions without a restriction on that column, in a term of its own, are refused.
  bool require_partition_filter = false;
};

struct ServerOptions {
  std::vector<ServedTable> tables = {};
  std::string host = "127.0.0.1";
  int port = 0;  ///< 0: any that is free
  ServerFaults faults = {};
  /// Rows of a response, before compression, about. Larger ones cost memory for each stream, of
  /// the server and of the client; small ones cost time.
  int64_t response_bytes = int64_t{1} << 20;
  int64_t response_rows = 0;  ///< 0: as many as response_bytes are
  /// A table has at most one stream for so many bytes.
  int64_t stream_bytes = int64_t{1} << 20;
  int64_t session_seconds = 6 * 3600;
  /// Encoded responses are kept for the next call that wants them, up to so many bytes.
  int64_t cache_bytes = 0;
  /// What all calls together may have made that is not sent yet; beyond it each call has one
  /// response under way. Slow clients hold so much.
  int64_t send_bytes = int64_t{64} << 20;
  int num_threads = 0;  ///< that read and encode; 0: the cores the process may use
};

/// A running Storage Read server; the destructor stops it. All functions are thread-safe.
class Server {
 public:
  virtual ~Server() = default;
  virtual int port() const = 0;
  /// Ends calls under way and the threads. Twice does no harm.
  virtual void Stop() = 0;
};

}  // namespace emberharmony::bigquery
