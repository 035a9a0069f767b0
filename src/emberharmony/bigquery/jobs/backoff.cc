#include "emberharmony/bigquery/jobs/backoff.h"

#include <algorithm>
#include <random>

namespace emberharmony::bigquery::jobs {
namespace {

constexpr int64_t kFirstMillis = 1000;
constexpr int64_t kMillisMax = 32000;

/// From the system: no result depends on it, and clients must differ.
double HalfToOne() {
  static std::random_device device;
  return 0.5 + static_cast<double>(device()) / 4294967295.0 / 2;
}

}  // namespace

arrow::Result<bool> Backoff::Wait(int64_t asked_millis, const StopCheck& stop) {
  const int64_t full = std::min(kMillisMax, kFirstMillis << std::min(tries_, 5));
  const auto shared = static_cast<int64_t>(static_cast<double>(full) * HalfToOne());
  const int64_t pause = std::max(asked_millis, shared);
  ++tries_;
  if (clock_->NowMillis() + pause - begin_ > millis_max_) return false;
  ARROW_RETURN_NOT_OK(clock_->Sleep(pause, stop));
  return true;
}

void Backoff::Reset() {
  begin_ = clock_->NowMillis();
  tries_ = 0;
}

}  // namespace emberharmony::bigquery::jobs
