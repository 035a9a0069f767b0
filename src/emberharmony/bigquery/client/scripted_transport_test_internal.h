#pragma once

#include <arrow/record_batch.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "emberharmony/bigquery/client/transport.h"
#include "emberharmony/bigquery/table_reader.h"

namespace emberharmony::bigquery::client::testing {

/// Time that passes only when somebody waits.
class ScriptedClock : public Clock {
 public:
  int64_t NowMs() override;
  arrow::Status Sleep(int64_t ms, const StopCheck& check_stop) override;
  void Advance(int64_t ms);
  /// The waits so far.
  std::vector<int64_t> sleeps() const;

 private:
  mutable std::mutex mutex_;
  int64_t now_ms_ = 1'000'000;
  std::vector<int64_t> sleeps_;
};

/// What a call does at a response, in the place of sending it.
struct Fault {
  enum class Kind {
    kNone,
    kEnd,       ///< ends the call with `status`
    kStall,     ///< sends nothing for ever
    kRepeat,    ///< sends the response before it again, then goes on
    kLeaveOut,  ///< passes over the response
    kTruncate,  ///< sends the response's first half
    kCorrupt,   ///< sends rows whose metadata are damaged
    kRowCount,  ///< claims one row more
    kSchema,    ///< sends another table's schema with it
    kEndEarly,  ///< ends the stream in good order
  } kind = Kind::kNone;
  RpcStatus status = {};
  bool once = true;  ///< a second call at the same place works
};

/// A service in memory: streams of batches, and faults before responses. Thread-safe.
class ScriptedService : public Transport {
 public:
  explicit ScriptedService(ScriptedClock* clock) : clock_(clock) {}

  /// The table's streams; all batches have one schema.
  void SetStreams(std::shared_ptr<arrow::Schema> schema,
                  std::vector<std::vector<std::shared_ptr<arrow::RecordBatch>>> streams,
                  Compression compression = Compression::kNone);
  /// Before response `response` of a stream, counted over its batches.
  void SetFault(int stream, int response, Fault fault);
  /// What session requests get before they succeed.
  void FailSessions(std::vector<RpcStatus> statuses);
  void set_tells_progress(bool tells) { tells_progress_ = tells; }
  void set_legacy_framing(bool legacy) { legacy_framing_ = legacy; }
  /// Streams are split between batches, and the parts count as further streams. `before` is called
  /// with the number of splits before this one, on the thread that asks; what it returns is the
  /// call's status. Without it no stream is split.
  void AllowSplits(std::function<RpcStatus(int)> before) {
    before_split_ = std::move(before);
    num_splits_ = 0;
  }

  std::string endpoint() const override { return "scripted:1"; }
  bool is_local() const override { return is_local_; }
  void set_local(bool is_local) { is_local_ = is_local; }
  arrow::Result<RpcStatus> CreateReadSession(const storage::CreateReadSessionRequest& request,
                                             const StopCheck& check_stop,
                                             storage::ReadSession* session) override;
  arrow::Result<RpcStatus> SplitReadStream(const std::string& stream, double fraction,
                                           const StopCheck& check_stop, SplitParts* parts) override;
  std::unique_ptr<RowsCall> ReadRows(const std::string& stream, int64_t offset,
                                     int reader) override;

  /// (stream, offset) of each call so far.
  std::vector<std::pair<int, int64_t>> calls() const;
  storage::CreateReadSessionRequest last_request() const;

 private:
  class Call;
  using Stream = std::vector<std::shared_ptr<arrow::RecordBatch>>;

  /// The serialized response for rows [first, ...) of a batch; `with_schema`: begins with it.
  std::string ResponseOf(const Stream& batches, size_t batch, int64_t first, bool with_schema,
                         const Fault& fault) const;
  Fault TakeFault(int stream, size_t response);

  ScriptedClock* const clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::shared_ptr<const Stream>> streams_;  ///< with the parts of splits
  size_t num_session_streams_ = 0;
  std::function<RpcStatus(int)> before_split_;
  std::atomic<int> num_splits_{0};
  Compression compression_ = Compression::kNone;
  bool tells_progress_ = true;
  bool legacy_framing_ = false;
  bool is_local_ = false;
  std::map<std::pair<int, size_t>, Fault> faults_;
  std::deque<RpcStatus> session_failures_;
  std::vector<std::pair<int, int64_t>> calls_;
  storage::CreateReadSessionRequest last_request_;
};

}  // namespace emberharmony::bigquery::client::testing
