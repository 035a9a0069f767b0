#include <algorithm>
#include <chrono>
#include <thread>

#include "emberharmony/bigquery/client/transport.h"

namespace emberharmony::bigquery::client {
namespace {

constexpr int64_t kStepMs = 50;

class SteadyClock : public Clock {
 public:
  int64_t NowMs() override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

  arrow::Status Sleep(int64_t ms, const StopCheck& check_stop) override {
    const int64_t end = NowMs() + ms;
    for (int64_t left = ms; left > 0; left = end - NowMs()) {
      ARROW_RETURN_NOT_OK(check_stop());
      std::this_thread::sleep_for(std::chrono::milliseconds(std::min(left, kStepMs)));
    }
    return check_stop();
  }
};

}  // namespace

Clock* SystemClock() {
  static SteadyClock clock;
  return &clock;
}

}  // namespace emberharmony::bigquery::client
