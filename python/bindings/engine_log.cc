#include "bindings/engine_log.h"

#include <deque>
#include <mutex>
#include <set>
#include <utility>

#include "bindings/python_names.h"

namespace emberharmony::python {
namespace {

// Of a run that says more than Python listens to the oldest are lost.
constexpr size_t kWaitingMessagesMax = 10'000;

struct LoggedMessage {
  base::LogLevel level;
  std::string text;
};

struct WaitingLog {
  std::mutex mutex;
  std::deque<LoggedMessage> messages;       // guarded by mutex
  std::multiset<base::LogLevel> listeners;  // guarded by mutex
};

/// Never destroyed: the engine's threads may outlive what is.
WaitingLog& Waiting() {
  static auto* const waiting = new WaitingLog();
  return *waiting;
}

void TakeMessage(base::LogLevel level, const std::string& message) {
  WaitingLog& waiting = Waiting();
  const std::lock_guard lock(waiting.mutex);
  if (waiting.messages.size() == kWaitingMessagesMax) waiting.messages.pop_front();
  waiting.messages.push_back({level, message});
}

/// Under the mutex.
void ListenToMostTalkative(const WaitingLog& waiting) {
  const bool nobody = waiting.listeners.empty();
  base::RedirectLogging(nobody ? base::LogLevel::kOff : *waiting.listeners.begin(),
                        nobody ? nullptr : TakeMessage);
}

/// As Python's logging counts.
int PythonLevel(base::LogLevel level) { return 10 * (static_cast<int>(level) + 1); }

}  // namespace

LogListener::LogListener(base::LogLevel level) : level_(level) {
  if (level_ == base::LogLevel::kOff) return;
  WaitingLog& waiting = Waiting();
  const std::lock_guard lock(waiting.mutex);
  waiting.listeners.insert(level_);
  ListenToMostTalkative(waiting);
}

LogListener::~LogListener() {
  if (level_ == base::LogLevel::kOff) return;
  WaitingLog& waiting = Waiting();
  const std::lock_guard lock(waiting.mutex);
  waiting.listeners.erase(waiting.listeners.find(level_));
  ListenToMostTalkative(waiting);
}

void ServeLog() {
  std::deque<LoggedMessage> messages;
  {
    WaitingLog& waiting = Waiting();
    const std::lock_guard lock(waiting.mutex);
    messages = std::exchange(waiting.messages, {});
  }
  if (messages.empty()) return;
  const nanobind::object logger =
      nanobind::module_::import_("logging").attr("getLogger")("emberharmony.engine");
  for (const LoggedMessage& message : messages) {
    const std::string told = WithPythonNames(message.text, "memory");
    const nanobind::object text = nanobind::steal(
        PyUnicode_DecodeUTF8(told.data(), static_cast<Py_ssize_t>(told.size()), "replace"));
    logger.attr("log")(PythonLevel(message.level), "%s", text);
  }
}

}  // namespace emberharmony::python
