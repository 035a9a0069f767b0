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
