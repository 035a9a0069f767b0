#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string>

#include "emberharmony/base/log.h"

namespace emberharmony::python {

/// While it lives, what the engine logs at this level and above waits for ServeLog. The level is
/// that of the whole process: of several at a time the most talkative counts for all.
class LogListener {
 public:
  /// kOff: listens to nothing.
  explicit LogListener(base::LogLevel level);
  ~LogListener();
  LogListener(const LogListener&) = delete;
  LogListener& operator=(const LogListener&) = delete;

 private:
  const base::LogLevel level_;
};

/// Hands the messages that wait to Python's logger "emberharmony.engine". With the GIL.
void ServeLog();

}  // namespace emberharmony::python
