#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <string>

#include "emberharmony/bigquery/client/transport.h"

namespace emberharmony::bigquery::client {

/// How long a reader tries before it gives up. Times in milliseconds.
struct RetryOptions {
  int64_t first_delay_ms = 100;
  int64_t delay_max_ms = 30'000;
  /// Without a single row in between. Long, because a service may be down for minutes, and what has
  /// been read is not to be read again.
  int64_t give_up_after_ms = 15 * 60'000;
  /// A call without any response for so long is taken for dead, and begun again. Doubled each time
  /// in a row: a restriction that few rows pass may take the service long.
  int64_t idle_ms = 120'000;
  uint64_t seed = 0;  ///< of the delays' random part
};

/// Whether the same call may succeed later: what any of the official clients retries. Whether the
/// call had brought rows makes no difference. RESOURCE_EXHAUSTED is retried only with RetryInfo.
bool IsRetryable(const RpcStatus& status);

/// Whether the session has expired, which ends all its streams.
bool IsExpiry(const RpcStatus& status);

/// The times between attempts: each twice the one before, less a random part of up to half, so that
/// readers cut off together do not come back together. Progress begins anew. The same seed gives
/// the same times.
class Backoff {
 public:
  Backoff(const RetryOptions& options, uint32_t stream) : options_(options), stream_(stream) {}

  /// What to wait before the next attempt; the service's own wish counts where it is longer.
  int64_t NextDelayMs(const RpcStatus& status);
  void Reset() { failures_ = 0; }
  /// Attempts that have failed since the last progress.
  int failures() const { return failures_; }

 private:
  const RetryOptions options_;
  const uint32_t stream_;
  int failures_ = 0;
  uint32_t draws_ = 0;
};

/// "UNAVAILABLE: socket closed"
std::string RpcText(const RpcStatus& status);

/// What a failed call means to the user, and what to do. `what`: "reading PROJECT.DATASET.TABLE".
arrow::Status RpcError(const RpcStatus& status, const std::string& what);

}  // namespace emberharmony::bigquery::client
