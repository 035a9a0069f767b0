#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <google/cloud/bigquery/storage/v1/storage.pb.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "emberharmony/bigquery/client/sliced_bytes.h"

namespace emberharmony::bigquery::client {

namespace storage = google::cloud::bigquery::storage::v1;

/// Status codes of gRPC (grpc/status.h), by which errors are told apart.
enum class RpcCode {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

/// How a call ended.
struct RpcStatus {
  RpcCode code = RpcCode::kOk;
  std::string message = {};
  std::optional<int64_t> retry_delay_ms = {};  ///< RetryInfo, where the service sent one

  bool ok() const { return code == RpcCode::kOk; }
};

/// Asked several times a second by whatever waits; an error ends the wait with it.
using StopCheck = std::function<arrow::Status()>;

/// What became of waiting for a response.
struct RowsEvent {
  enum class Kind { kResponse, kEnd, kIdle };
  Kind kind = Kind::kIdle;
  WireMessage response;  ///< of kResponse
  RpcStatus status;      ///< of kEnd
};

/// A ReadRows call. The destructor cancels it if it has not ended. One thread at a time.
class RowsCall {
 public:
  virtual ~RowsCall() = default;
  /// The next response, the call's end, or kIdle when nothing has come for idle_ms. Errors are
  /// those of check_stop alone.
  virtual arrow::Result<RowsEvent> Next(int64_t idle_ms, const StopCheck& check_stop) = 0;
};

/// The names of a stream's parts: its first rows, and the rest. Both are empty where the service
/// does not split it.
struct SplitParts {
  std::string first;
  std::string rest;
};

/// How the service is reached. Thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;
  /// "HOST:PORT", for messages.
  virtual std::string endpoint() const = 0;
  /// Whether that is this machine, where a server is either there or not.
  virtual bool is_local() const { return false; }
  /// Sets *session or returns why there is none; errors are those of check_stop alone.
  virtual arrow::Result<RpcStatus> CreateReadSession(
      const storage::CreateReadSessionRequest& request, const StopCheck& check_stop,
      storage::ReadSession* session) = 0;
  /// Sets *parts or returns why there are none; errors are those of check_stop alone. The stream
  /// itself stays as it is.
  virtual arrow::Result<RpcStatus> SplitReadStream(const std::string& stream, double fraction,
                                                   const StopCheck& check_stop,
                                                   SplitParts* parts) = 0;
  /// Begins a call. `reader`: who reads; each reader may have a connection of its own.
  virtual std::unique_ptr<RowsCall> ReadRows(const std::string& stream, int64_t offset,
                                             int reader) = 0;
};

/// Time, which tests make pass as they like. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowMs() = 0;
  /// Errors are those of check_stop alone.
  virtual arrow::Status Sleep(int64_t ms, const StopCheck& check_stop) = 0;
};

/// The machine's.
Clock* SystemClock();

}  // namespace emberharmony::bigquery::client
