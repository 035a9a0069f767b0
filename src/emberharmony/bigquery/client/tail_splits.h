#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "emberharmony/bigquery/client/transport.h"

namespace emberharmony::bigquery::client {

/// Rows to be read: one of a session's streams, or what was split off one.
struct StreamPart {
  std::string name;
  int stream = 0;  ///< which of the session's streams its rows are from
  int place = 0;   ///< where its rows go: the stream itself, or what MessageSink::Insert gave
  bool is_rest = false;
};

/// Lets readers that have no stream left take over the rest of one that another still reads.
///
/// The service splits a stream into two whose rows, one after the other, are the stream's. Whoever
/// has nothing to do asks for that, and offers the first part to the stream's own reader; that one
/// tries to go on with it where it stands. If it can, the second part is the other's, and if not
/// (it had read beyond the cut), it goes on with the stream as if nothing had been, and nobody
/// reads the parts. So each row is read once whatever the service does. Thread-safe.
class TailSplits {
 public:
  /// A stream that is being read. Its functions are its own reader's.
  class Stream {
   public:
    /// How far it is, in [0, 1], and what has come so far.
    void Tell(double progress, int64_t wire_bytes);
    /// The first part, if somebody has split the stream; then Answer must follow.
    std::optional<std::string> TakeOffer();
    /// Whether reading goes on in the first part; `told_rows`: how many rows the service has said
    /// the stream had before, 0 if it has not.
    void Answer(bool taken, int64_t told_rows);
    /// It has been read to its end; this object is gone then.
    void End(int64_t rows);

   private:
    friend class TailSplits;
    enum class State { kAlone, kAsking, kOffered, kTrying, kTaken, kRefused };

    TailSplits* splits = nullptr;
    StreamPart part;
    State state = State::kAlone;  // guarded by the mutex of `splits`, like all below
    std::string first_part;
    double progress = 0;
    int64_t wire_bytes = 0;
    bool may_be_split = true;
    bool has_ended = false;
  };

  /// Streams of which fewer than bytes_min are left, by how fast they come, are not split.
  /// `num_streams`: of the session, each of which somebody begins.
  TailSplits(Transport* transport, int num_streams, int64_t bytes_min)
      : transport_(transport), bytes_min_(bytes_min), num_not_begun_(num_streams) {}

  /// A stream of the session, or what TakeRest gave.
  Stream* Begin(StreamPart part);
  /// The rest of the stream of which most is left, with `place` that of the first part; nothing
  /// once there is none that could be split. Waits while that may change. An error is check_stop's.
  arrow::Result<std::optional<StreamPart>> TakeRest(const StopCheck& check_stop);
  /// When all parts have been read: an error where a stream's parts do not have the stream's rows.
  arrow::Status CheckRows(const std::string& table) const;
  int num_taken() const;

 private:
  struct RowsOfStream {
    bool is_split = false;
    int64_t told = 0;  ///< before it was split first; 0: not told
    int64_t read = 0;
  };

  Stream* FindLongest();  // mutex_ held, like below
  bool any_may_be_split() const;
  int64_t BytesLeft(const Stream& stream) const;
  void Forget(Stream* stream);

  Transport* const transport_;
  const int64_t bytes_min_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int num_not_begun_;  // guarded by mutex_, like all below
  std::list<Stream> streams_;
  std::map<int, RowsOfStream> rows_;
  int num_asked_ = 0;
  int num_taken_ = 0;
};

}  // namespace emberharmony::bigquery::client
