#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/bigquery/client/progress_ledger.h"
#include "emberharmony/bigquery/client/response_decoder.h"
#include "emberharmony/bigquery/client/retry_policy.h"
#include "emberharmony/bigquery/client/tail_splits.h"
#include "emberharmony/bigquery/client/transport.h"

namespace emberharmony::bigquery::client {

/// What is read of a session, known to all its streams. Immutable.
struct SessionFacts {
  std::string table;  ///< PROJECT.DATASET.TABLE, for messages
  std::shared_ptr<arrow::Schema> schema;
  std::string schema_bytes;  ///< as the session has it
  bool is_whole = false;     ///< no restriction and no sample: all rows of the table are asked for
  std::shared_ptr<const io::RecordBatchChecker> checker;
  RetryOptions retry;
  arrow::MemoryPool* pool = nullptr;
};

/// What is counted over all streams.
struct StreamCounters {
  std::atomic<int64_t> rows{0};
  std::atomic<int64_t> wire_bytes{0};
  std::atomic<int64_t> responses{0};
  std::atomic<int64_t> reconnects{0};
  std::atomic<int> streams_done{0};
  std::atomic<int> throttle_percent{0};
  std::atomic<bool> session_expired{false};
  std::atomic<bool> has_proof{true};    ///< of the rows of every stream that has ended
  std::atomic<bool> has_warned{false};  ///< that no rows come
};

/// Some rows of a stream, checked and in sequence, not decoded yet.
struct StreamRows {
  std::vector<BatchMessage> batches;
  std::shared_ptr<const void> owner;  ///< of the memory that the bodies are in
  int64_t first_row = 0;
  int64_t num_rows = 0;
  int64_t wire_bytes = 0;
};

/// Reads one stream to its end through as many calls as that takes, each row once and in order.
///
/// A call that fails in a way that may pass is begun again at the row after the last that came; so
/// is one that has been silent for too long. What came before is never asked for again, and what a
/// response says of itself (its number of rows, its sizes, its structure, its place in the stream)
/// is checked before it counts. One thread at a time.
class RowsStream {
 public:
  /// All outlive the object. `reader`: who reads it. `shared`: by which others may split it; or
  /// nullptr.
  RowsStream(const SessionFacts* facts, Transport* transport, Clock* clock, const StreamPart& part,
             int reader, TailSplits::Stream* shared, StreamCounters* counters);

  /// The next rows, or nothing at the stream's end. Errors name table and stream.
  arrow::Result<std::optional<StreamRows>> Next(const StopCheck& check_stop);

 private:
  /// The rows of one response; none for those without (they only say how far the service is).
  arrow::Result<StreamRows> Accept(const WireMessage& message);
  arrow::Status CheckSchema(const SlicedBytes& schema);
  /// Goes over to the first part of the stream, if somebody has split it.
  void TryFirstPart();
  /// What the first event in the first part means: whether the event is of the stream that is read
  /// from now on.
  arrow::Result<bool> SettleFirstPart(const RowsEvent& event);
  /// When the service has ended the stream.
  arrow::Status End();
  /// After a failed call: waits, or returns the error if it is for good.
  arrow::Status Recover(const RpcStatus& status, const StopCheck& check_stop);
  arrow::Status Named(const arrow::Status& status) const;

  const SessionFacts* const facts_;
  Transport* const transport_;
  Clock* const clock_;
  std::string name_;
  std::string whole_name_;  ///< while the first part is tried: the stream's; else empty
  const int index_;
  const bool is_rest_;
  const int reader_;
  TailSplits::Stream* const shared_;
  StreamCounters* const counters_;
  std::unique_ptr<RowsCall> call_;
  Backoff backoff_;
  ProgressLedger ledger_;
  int64_t wire_bytes_ = 0;
  int64_t rows_ = 0;         ///< that have come, which is where the next call begins
  int64_t progress_ms_ = 0;  ///< since when the next rows are waited for
  bool ended_ = false;
};

}  // namespace emberharmony::bigquery::client
