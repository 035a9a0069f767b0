#pragma once

#include <arrow/result.h>
#include <fmt/format.h>

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

namespace emberharmony::base {

/// What a run tells people about itself, least important first. No level has any effect on results.
enum class LogLevel {
  kDebug,    ///< single files, units, spills, decisions
  kInfo,     ///< what is read, with which limits, and how long each phase took
  kWarning,  ///< what may surprise in a result that is right all the same
  kError,    ///< nothing yet: failures are returned, and told by whoever asked
  kOff,
};

/// debug, info, warning, error, off; UsageError for anything else, with the nearest of them.
arrow::Result<LogLevel> ParseLogLevel(const std::string& text);

/// Sends messages of this level and above to standard error, a line each: "ember: warning: ...",
/// below kWarning with the time and the thread before them. For a program's own start, before its
/// threads; a library alone says nothing.
void StartLogging(LogLevel level);

/// Takes messages: called by any thread, at any time, one line without an end of line each.
using LogSink = void (*)(LogLevel level, const std::string& message);

/// Hands messages of this level and above to `sink` instead of standard error, for a program that
/// has a log of its own. kOff: to nobody.
void RedirectLogging(LogLevel level, LogSink sink);

namespace internal {
inline std::atomic<LogLevel> log_level{LogLevel::kOff};
void WriteLog(LogLevel level, std::string_view message);
}  // namespace internal

inline bool LogEnabled(LogLevel level) {
  return level >= internal::log_level.load(std::memory_order_relaxed);
}

/// A message, put together only when someone will see it; from any thread. Values of cells, keys
/// and passwords have no place in it; locations go through io::ShownLocation.
template <typename... Args>
void Log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (!LogEnabled(level)) return;
  internal::WriteLog(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace emberharmony::base
