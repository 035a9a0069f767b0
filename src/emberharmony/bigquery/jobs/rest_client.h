#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emberharmony/bigquery/jobs/backoff.h"
#include "emberharmony/bigquery/jobs/http.h"
#include "emberharmony/bigquery/jobs/token_source.h"

namespace emberharmony::bigquery::jobs {

/// What the service answered to a call.
struct RestAnswer {
  int status = 0;  ///< of HTTP; 0: the connection failed
  nlohmann::json body;
  std::string reason;   ///< of an error: "notFound", "rateLimitExceeded"; empty: not told
  std::string message;  ///< of an error
  int64_t retry_after_ms = 0;

  bool ok() const { return status >= 200 && status < 300; }
  /// Whether the same call may do better later: python-bigquery's list of reasons, and without a
  /// reason a lost connection and statuses 429, 500, 502, 503 and 504.
  bool retryable() const;
  /// An error that says what was being done ("table a.b.c"): a usage error for what the caller can
  /// mend.
  arrow::Status ToStatus(std::string_view what) const;
};

/// Whether what failed for this reason may go well later.
bool IsRetryableReason(std::string_view reason);

struct RestCall {
  std::string method = "GET";
  std::string path;  ///< below the endpoint, encoded, with its query
  nlohmann::json body;
  int64_t timeout_ms = 60000;
};

/// Calls the REST API of BigQuery. One thread at a time.
class RestClient {
 public:
  /// `base_url` ends in /bigquery/v2. Without tokens calls carry no credentials. All outlive it.
  RestClient(std::string base_url, std::string quota_project, HttpTransport* transport,
             TokenSource* tokens, Clock* clock);

  /// One try, but that a token which the service refuses is renewed once. An error is what no
  /// other try can help.
  arrow::Result<RestAnswer> TryOnce(const RestCall& call, const StopCheck& stop);
  /// Tries again while that may help, for as long as the policy says.
  arrow::Result<RestAnswer> Call(const RestCall& call, const StopCheck& stop);
  /// Pauses between tries. Until the service has answered at all, they end sooner: a wrong address
  /// should not take ten minutes to tell, and one of this machine not half a minute.
  Backoff NewBackoff() const { return Backoff(clock_, retry_millis_max()); }
  int64_t retry_millis_max() const { return answered_ ? kRetryMillisMax : unreached_millis_max_; }

  static constexpr int64_t kRetryMillisMax = 600000;
  static constexpr int64_t kUnreachedMillisMax = 30000;
  static constexpr int64_t kLocalUnreachedMillisMax = 1500;

 private:
  arrow::Result<RestAnswer> Send(const RestCall& call, bool renew_token, const StopCheck& stop);

  std::string base_url_;
  std::string quota_project_;
  HttpTransport* transport_;
  TokenSource* tokens_;
  Clock* clock_;
  int64_t unreached_millis_max_ = kUnreachedMillisMax;
  bool answered_ = false;
};

}  // namespace emberharmony::bigquery::jobs
