#include "emberharmony/cli/interrupt_flag.h"

#include <signal.h>

#include <atomic>

namespace emberharmony::cli {

namespace {

std::atomic<bool> interrupted{false};
static_assert(decltype(interrupted)::is_always_lock_free);

void OnSignal(int) { interrupted.store(true); }

}  // namespace

void CatchInterrupts() {
  struct sigaction action{};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() { return interrupted.load(); }

}  // namespace emberharmony::cli
