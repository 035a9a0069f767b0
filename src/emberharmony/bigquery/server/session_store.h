#pragma once

#include <grpcpp/support/status.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emberharmony/bigquery/server/read_plan.h"
#include "emberharmony/bigquery/server/row_ranges.h"

namespace emberharmony::bigquery::server {

/// A stream of a session: always the same rows in the same order. Immutable.
struct Stream {
  std::shared_ptr<const ReadPlan> plan;
  RowRanges positions;  ///< in the table, before the restriction; what a split divides
  RowRanges rows;       ///< those of plan->rows
  int index = 0;        ///< among the streams of its session, in the order of their making
};

using StreamPtr = std::shared_ptr<const Stream>;

/// Microseconds since 1970 UTC.
using Clock = std::function<int64_t()>;

/// The sessions and their streams. Thread-safe.
class SessionStore {
 public:
  struct Created {
    std::string name;
    std::vector<std::string> streams;
    int64_t expire_micros = 0;
  };

  /// `seed` makes the names differ from those of an earlier server. A session lives for
  /// `session_micros`; when there are more than kSessionsMax, or what their restrictions hold is
  /// more than kHeldBytesMax, the oldest goes first.
  SessionStore(Clock clock, int64_t session_micros, uint64_t seed)
      : clock_(std::move(clock)), session_micros_(session_micros), seed_(seed) {}

  static constexpr size_t kSessionsMax = 10'000;
  static constexpr int64_t kHeldBytesMax = int64_t{1} << 30;
  static constexpr size_t kStreamsMax = 10'000;  ///< of a session, with those of splits

  Created Add(const std::string& project, const std::vector<StreamPtr>& streams);
  /// INVALID_ARGUMENT for what is no name of a stream, NOT_FOUND for one that is unknown,
  /// FAILED_PRECONDITION for one whose session has expired.
  grpc::Status Find(std::string_view stream_name, StreamPtr* stream) const;
  /// Splits the stream's rows at a fraction of its positions, rounded to whole blocks. Where either
  /// part would be empty both names are: the stream cannot be split. The stream itself stays.
  grpc::Status Split(std::string_view stream_name, double fraction, int64_t block_rows,
                     std::pair<std::string, std::string>* names);
  /// What Find and Split say of every stream from now on; for faults.
  grpc::Status ExpiredError(int64_t expire_micros) const;

 private:
  struct Session {
    std::string name;
    int64_t expire_micros = 0;
    uint64_t number = 0;
    int64_t held_bytes = 0;
    std::map<std::string, StreamPtr, std::less<>> streams;
  };

  std::string NewId();
  std::string AddStream(Session* session, StreamPtr stream);
  void DropOldest();

  const Clock clock_;
  const int64_t session_micros_;
  const uint64_t seed_;
  mutable std::mutex mutex_;
  uint64_t num_ids_ = 0;                                  // guarded by mutex_
  uint64_t num_sessions_ = 0;                             // guarded by mutex_
  std::map<std::string, Session, std::less<>> sessions_;  // by id; guarded by mutex_
  int64_t held_bytes_ = 0;                                // guarded by mutex_
  std::map<uint64_t, std::string> oldest_first_;          // number to id; guarded by mutex_
};

/// "2026-01-31T05:06:07.123456Z"
std::string InstantText(int64_t micros);

}  // namespace emberharmony::bigquery::server
