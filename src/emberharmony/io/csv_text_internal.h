#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace emberharmony::io::internal {

// The spellings of values in CSV files. No locale, and nothing is rounded but fractions to the
// nearest double: what would lose something is not such a value. Spaces and tabs around a value
// count for nothing.

/// true, True, TRUE, false, False, FALSE.
std::optional<bool> ParseCsvBool(std::string_view text);

/// An optional '-' and decimal digits without leading zeros, within 64 bits.
std::optional<int64_t> ParseCsvInt64(std::string_view text);

/// Spelled as an integer, of any number of digits.
bool IsCsvInteger(std::string_view text);

/// An optional '-', then digits with or without a point and an exponent ("2", "0.5", ".5", "1e-3"),
/// without superfluous leading zeros; or nan, inf, infinity in any case. Numbers beyond the range
/// of a double are none, be they too large or so small that only zero is left of them.
std::optional<double> ParseCsvFloat64(std::string_view text);

/// Days since 1970 of YYYY-MM-DD, from 0001-01-01 to 9999-12-31 in the Gregorian calendar.
std::optional<int32_t> ParseCsvDate(std::string_view text);

struct CsvTimestamp {
  int64_t seconds = 0;      ///< since 1970; in UTC if zoned
  int32_t nanoseconds = 0;  ///< 0 to 999,999,999
  bool zoned = false;

  bool needs_nanoseconds() const { return nanoseconds % 1000 != 0; }
  /// Whether 64 bits hold the nanoseconds since 1970.
  bool fits_nanoseconds() const;
};

/// YYYY-MM-DD, 'T' or a space, HH:MM[:SS[.fraction of 1 to 9 digits]], and perhaps a zone: Z,
/// " UTC", or an offset +HH:MM, +HHMM, +HH (or with '-').
std::optional<CsvTimestamp> ParseCsvTimestamp(std::string_view text);

}  // namespace emberharmony::io::internal
