#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string_view>

namespace emberharmony::plan::internal {

/// A point in time as a plan writes it.
struct Instant {
  int64_t seconds = 0;      ///< since 1970-01-01 00:00:00, UTC or the table's own clock
  int32_t nanoseconds = 0;  ///< 0 to 999,999,999
  bool has_time = false;    ///< false: a date alone, which is its midnight
  bool has_offset = false;  ///< an offset from UTC was given; it is in seconds already

  auto operator<=>(const Instant& other) const {
    return seconds != other.seconds ? seconds <=> other.seconds : nanoseconds <=> other.nanoseconds;
  }
};

/// Reads "2001-01-31" or "2001-01-31 05:06:07", also with T in between, without seconds, with up to
/// 9 places of a second, and with Z, +HH, +HH:MM or +HHMM (or -) at the end. UsageError that says
/// what was expected, but not what was found.
arrow::Result<Instant> ParseInstant(std::string_view text);

}  // namespace emberharmony::plan::internal
