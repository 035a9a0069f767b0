#pragma once

#include <arrow/result.h>

#include <cstdint>

#include "emberharmony/bigquery/jobs/http.h"

namespace emberharmony::bigquery::jobs {

/// Pauses between tries: from one second on, twice as long each time up to 32 seconds, of which a
/// share between a half and all is taken, so that many clients don't come back together.
class Backoff {
 public:
  /// Gives up `millis_max` after it was made or reset.
  Backoff(Clock* clock, int64_t millis_max)
      : clock_(clock), millis_max_(millis_max), begin_(clock->NowMillis()) {}

  /// Waits, at least for what the service asked for; false, without waiting, if that would go
  /// beyond the time there is.
  arrow::Result<bool> Wait(int64_t asked_millis, const StopCheck& stop);
  /// Another limit, from the same beginning.
  void set_millis_max(int64_t millis_max) { millis_max_ = millis_max; }
  /// Something went well: the time begins anew.
  void Reset();
  int tries() const { return tries_; }

 private:
  Clock* clock_;
  int64_t millis_max_;
  int64_t begin_;
  int tries_ = 0;  ///< that failed since the beginning
};

}  // namespace emberharmony::bigquery::jobs
