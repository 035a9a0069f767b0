#include "emberharmony/base/log.h"

#include <gtest/gtest.h>

#include <string>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::base {
namespace {

TEST(Log, LevelsHaveNames) {
  EXPECT_EQ(ParseLogLevel("debug").ValueOrDie(), LogLevel::kDebug);
  EXPECT_EQ(ParseLogLevel("warning").ValueOrDie(), LogLevel::kWarning);
  EXPECT_EQ(ParseLogLevel("off").ValueOrDie(), LogLevel::kOff);
  const auto refused = ParseLogLevel("warn").status();
  EXPECT_EQ(KindOf(refused), ErrorKind::kUsage);
  EXPECT_NE(refused.message().find("found 'warn'"), std::string::npos) << refused;
}

std::string* g_seen = nullptr;

TEST(Log, GoesToAnotherLog) {
  std::string seen;
  g_seen = &seen;
  testing::internal::CaptureStderr();
  RedirectLogging(LogLevel::kInfo, [](LogLevel level, const std::string& message) {
    *g_seen += std::to_string(static_cast<int>(level)) + message + ";";
  });
  Log(LogLevel::kDebug, "too fine");
  Log(LogLevel::kInfo, "{} rows", 3);
  Log(LogLevel::kWarning, "a bell \a");
  StartLogging(LogLevel::kOff);
  Log(LogLevel::kError, "not any more");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(seen.substr(0, seen.find(';')), "13 rows");
  EXPECT_EQ(seen.find('\a'), std::string::npos) << seen;
  EXPECT_EQ(seen.find("not any more"), std::string::npos) << seen;
}

TEST(Log, WritesItsLevelAndAbove) {
  testing::internal::CaptureStderr();
  Log(LogLevel::kWarning, "nobody listens");
  StartLogging(LogLevel::kWarning);
  Log(LogLevel::kInfo, "too fine");
  Log(LogLevel::kWarning, "{} rows {{}}", 3);
  StartLogging(LogLevel::kDebug);
  Log(LogLevel::kDebug, "fine enough {}", "{}");
  StartLogging(LogLevel::kOff);
  Log(LogLevel::kError, "not any more");
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_EQ(written.substr(0, written.find('\n')), "ember: warning: 3 rows {}");
  EXPECT_NE(written.find("] debug: fine enough {}\n"), std::string::npos) << written;
  for (const char* absent : {"nobody", "fine\n", "any more"}) {
    EXPECT_EQ(written.find(absent), std::string::npos) << written;
  }
}

}  // namespace
}  // namespace emberharmony::base
