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

/// Takes the rows of a stream. Called by one thread at a time for each stream, by several for
/// different ones.
using RowsConsumer = std::function<arrow::Status(int stream, StreamRows rows)>;

/// Reads all streams of a session: a bounded number of readers take the streams from a queue in
/// their order, each a stream at a time, so that few long streams do not wait behind each other and
/// many short ones take no more memory than few. The first error ends all readers.
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
  arrow::Status Start(int num_readers, std::optional<int64_t> limit_rows, RowsConsumer consumer);
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

 private:
  arrow::Status ReadStreams(int reader, const RowsConsumer& consumer);
  bool has_enough() const;
  void EndReader(const arrow::Status& status);

  const std::shared_ptr<Transport> transport_;
  Clock* const clock_;
  const std::shared_ptr<const ReadSession> session_;
  StreamCounters counters_;
  std::optional<int64_t> limit_rows_;
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
