#pragma once

#include <arrow/status.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "emberharmony/bigquery/client/read_session.h"

namespace emberharmony::bigquery::client {

/// Takes the rows of a stream, or of a part that was split off one (StreamPart::place). Called by
/// one thread at a time for each, by several for different ones.
using RowsConsumer = std::function<arrow::Status(int place, StreamRows rows)>;

/// How the ends of long streams are shared out (TailSplits).
struct TailOptions {
  /// Makes a place for rows that follow those at `after`. Without it streams are not split.
  std::function<arrow::Result<int>(int after)> insert;
  int64_t bytes_min = 0;  ///< of which less is left is not split
};

/// Reads all streams of a session: a bounded number of readers take the streams from a queue in
/// their order, each a stream at a time, so that few long streams do not wait behind each other and
/// many short ones take no more memory than few. Readers that find the queue empty take over the
/// rest of a stream that another still reads, if they may. The first error ends all readers.
///
/// Any thread may call any function but the destructor.
class SessionRun {
 public:
  SessionRun(std::shared_ptr<Transport> transport, Clock* clock,
             std::shared_ptr<const ReadSession> session)
      : transport_(std::move(transport)), clock_(clock), session_(std::move(session)) {}
  ~SessionRun();
  SessionRun(const SessionRun&) = delete;
  SessionRun& operator=(const SessionRun&) = delete;

  /// Begins to read. `limit_rows`: no more than so many rows are asked for once they have come.
  arrow::Status Start(int num_readers, std::optional<int64_t> limit_rows, RowsConsumer consumer,
                      TailOptions tail = {});
  /// Waits for the end, asking check_stop meanwhile: its error cancels the run. Returns the first
  /// error of the run.
  arrow::Status Wait(const StopCheck& check_stop);
  /// Ends the readers within a second with this error, if there is none yet.
  void Cancel(const arrow::Status& why);
  /// Cancels the run, if it has not ended, and waits for its readers to end.
  void Close();
  /// OK until something has failed.
  arrow::Status status() const;
  /// Whether all readers have ended.
  bool done() const;
  const StreamCounters& counters() const { return counters_; }
  /// Streams of which another reader has taken over the rest.
  int num_splits() const { return splits_ ? splits_->num_taken() : 0; }

 private:
  arrow::Status ReadStreams(int reader, const RowsConsumer& consumer);
  arrow::Status ReadPart(const StreamPart& part, int reader, const RowsConsumer& consumer,
                         const StopCheck& check_stop);
  /// Nothing when there is no more to read.
  arrow::Result<std::optional<StreamPart>> NextPart(const StopCheck& check_stop);
  bool has_enough() const;
  void EndReader(const arrow::Status& status);

  const std::shared_ptr<Transport> transport_;
  Clock* const clock_;
  const std::shared_ptr<const ReadSession> session_;
  StreamCounters counters_;
  std::optional<int64_t> limit_rows_;
  TailOptions tail_;
  std::optional<TailSplits> splits_;  ///< where streams may be split; set by Start
  std::atomic<int> next_stream_{0};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  arrow::Status status_;  // guarded by mutex_, like all below
  int num_running_ = 0;
  std::mutex close_mutex_;  // guards the joining of readers_, which Start alone adds to
  std::vector<std::thread> readers_;
};

}  // namespace emberharmony::bigquery::client
