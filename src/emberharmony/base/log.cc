#include "emberharmony/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/printable_text.h"
#include "emberharmony/base/spelling.h"

namespace emberharmony::base {
namespace {

const std::vector<std::string> kNames = {"debug", "info", "warning", "error", "off"};

// Made once, by StartLogging, and never destroyed: a thread may still be writing at the end.
spdlog::logger* g_logger = nullptr;
std::atomic<LogSink> g_sink{nullptr};

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

}  // namespace

arrow::Result<LogLevel> ParseLogLevel(const std::string& text) {
  const auto found = std::find(kNames.begin(), kNames.end(), text);
  if (found != kNames.end()) return static_cast<LogLevel>(found - kNames.begin());
  return UsageError(fmt::format("a log level must be one of {}; found '{}'{}",
                                fmt::join(kNames, ", "), text, DidYouMean(text, kNames)));
}

void StartLogging(LogLevel level) {
  g_sink.store(nullptr);
  if (g_logger == nullptr) {
    g_logger = new spdlog::logger("ember", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  }
  g_logger->set_level(SpdlogLevel(level));
  g_logger->set_pattern(level < LogLevel::kWarning ? "ember: %Y-%m-%d %H:%M:%S.%e [%t] %l: %v"
                                                   : "ember: %l: %v");
  g_logger->flush_on(spdlog::level::debug);
  internal::log_level.store(level, std::memory_order_relaxed);
}

void RedirectLogging(LogLevel level, LogSink sink) {
  g_sink.store(sink);
  internal::log_level.store(level, std::memory_order_relaxed);
}

namespace internal {

void WriteLog(LogLevel level, std::string_view message) {
  if (const LogSink sink = g_sink.load(); sink != nullptr) {
    sink(level, PrintableText(message));
    return;
  }
  if (g_logger != nullptr) {
    const std::string printable = PrintableText(message);
    g_logger->log(SpdlogLevel(level), spdlog::string_view_t(printable.data(), printable.size()));
  }
}

}  // namespace internal
}  // namespace emberharmony::base
