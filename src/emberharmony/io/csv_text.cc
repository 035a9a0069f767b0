#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "emberharmony/io/csv_text_internal.h"

namespace emberharmony::io::internal {
namespace {

constexpr int64_t kSecondsPerDay = 86400;

bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

/// Retries without the blanks around `text`, if it has any.
template <typename Value>
std::optional<Value> RetryTrimmed(std::string_view text,
                                  std::optional<Value> (*parse)(std::string_view)) {
  if (text.empty() || (!IsBlank(text.front()) && !IsBlank(text.back()))) return std::nullopt;
  return parse(Trimmed(text));
}

/// The value of up to 19 digits; false if there is something else among them.
bool ReadDigits(std::string_view digits, uint64_t* value) {
  uint64_t result = 0;
  size_t i = 0;
  // Eight at a time (Lemire, "Quickly parsing eight digits", 2022).
  for (; i + 8 <= digits.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, digits.data() + i, 8);
    const uint64_t high = word & 0xF0F0F0F0F0F0F0F0;
    const uint64_t carried = (word + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0;
    if (high != 0x3030303030303030 || carried != 0x3030303030303030) return false;
    word -= 0x3030303030303030;
    word = word * 10 + (word >> 8);
    const uint64_t part = (((word & 0x000000FF000000FF) * 0x000F424000000064) +
                           (((word >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >>
                          32;
    result = result * 100000000 + (part & 0xFFFFFFFF);
  }
  for (; i < digits.size(); ++i) {
    if (!IsDigit(digits[i])) return false;
    result = result * 10 + static_cast<uint64_t>(digits[i] - '0');
  }
  *value = result;
  return true;
}

std::optional<int64_t> ParseInt64(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || digits.size() > 19) return std::nullopt;
  if (digits.front() == '0' && digits.size() > 1) return std::nullopt;
  uint64_t magnitude;
  if (!ReadDigits(digits, &magnitude)) return std::nullopt;
  const uint64_t limit = uint64_t{std::numeric_limits<int64_t>::max()} + (negative ? 1 : 0);
  if (magnitude > limit) return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

/// What is not finite; `text` is without sign.
std::optional<double> ParseSpecial(std::string_view text, bool negative) {
  if (EqualsIgnoringCase(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  if (EqualsIgnoringCase(text, "inf") || EqualsIgnoringCase(text, "infinity")) {
    const double infinity = std::numeric_limits<double>::infinity();
    return negative ? -infinity : infinity;
  }
  return std::nullopt;
}

/// Numbers that two exact doubles make: a significand below 2^53 divided by a power of ten up to
/// 10^22 is rounded once (Clinger, "How to read floating point numbers accurately", 1990).
std::optional<double> ParseShortDecimal(std::string_view digits) {
  static constexpr std::array<double, 16> kPowers = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                     1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  if (digits.size() > 16) return std::nullopt;
  uint64_t significand = 0;
  size_t point = digits.size();
  for (size_t i = 0; i < digits.size(); ++i) {
    if (IsDigit(digits[i])) {
      significand = significand * 10 + static_cast<uint64_t>(digits[i] - '0');
    } else if (digits[i] == '.' && point == digits.size()) {
      point = i;
    } else {
      return std::nullopt;
    }
  }
  if (significand > (uint64_t{1} << 53)) return std::nullopt;
  const size_t fraction = point == digits.size() ? 0 : digits.size() - point - 1;
  return static_cast<double>(significand) / kPowers[fraction];
}

std::optional<double> ParseFloat64(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  const std::string_view number = text.substr(negative ? 1 : 0);
  if (number.empty()) return std::nullopt;
  if (!IsDigit(number[0])) {
    if (number[0] != '.') return ParseSpecial(number, negative);
    if (number.size() < 2 || !IsDigit(number[1])) return std::nullopt;
  } else if (number[0] == '0' && number.size() > 1 && IsDigit(number[1])) {
    return std::nullopt;
  }
  if (const auto value = ParseShortDecimal(number)) return negative ? -*value : *value;
  double value = 0;
  const char* end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, value, std::chars_format::general);
  if (error != std::errc() || stop != end || std::isinf(value)) return std::nullopt;
  if (value == 0) {
    // Zero must be what was written, not what is left of a number too small.
    const std::string_view significand = number.substr(0, number.find_first_of("eE"));
    if (significand.find_first_not_of("0.") != std::string_view::npos) return std::nullopt;
  }
  return negative ? -value : value;
}

/// Two digits; a value above 99 if they are none.
unsigned TwoDigits(const char* text) {
  if (!IsDigit(text[0]) || !IsDigit(text[1])) return 1000;
  return static_cast<unsigned>((text[0] - '0') * 10 + (text[1] - '0'));
}

unsigned DaysInMonth(unsigned year, unsigned month) {
  static constexpr std::array<unsigned char, 12> kDays = {31, 28, 31, 30, 31, 30,
                                                          31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

/// Days since 1970-01-01 (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
int32_t DaysFromCivil(unsigned year, unsigned month, unsigned day) {
  const unsigned shifted = year - (month <= 2 ? 1 : 0);
  const unsigned era = shifted / 400;
  const unsigned year_of_era = shifted - era * 400;
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<int32_t>(era * 146097 + day_of_era) - 719468;
}

std::optional<int32_t> ParseDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const unsigned century = TwoDigits(text.data());
  const unsigned year_of_century = TwoDigits(text.data() + 2);
  const unsigned month = TwoDigits(text.data() + 5);
  const unsigned day = TwoDigits(text.data() + 8);
  if (century > 99 || year_of_century > 99 || month < 1 || month > 12) return std::nullopt;
  const unsigned year = century * 100 + year_of_century;
  if (year < 1 || day < 1 || day > DaysInMonth(year, month)) return std::nullopt;
  return DaysFromCivil(year, month, day);
}

/// The zone behind a time of day: nothing, Z, " UTC" or an offset.
bool ParseZone(std::string_view text, bool* zoned, int64_t* offset_seconds) {
  *zoned = !text.empty();
  *offset_seconds = 0;
  if (text.empty() || text == "Z" || text == " UTC") return true;
  if (text[0] != '+' && text[0] != '-') return false;
  const bool with_colon = text.size() == 6 && text[3] == ':';
  if (text.size() != 3 && text.size() != 5 && !with_colon) return false;
  const unsigned hours = TwoDigits(text.data() + 1);
  const unsigned minutes = text.size() == 3 ? 0 : TwoDigits(text.data() + (with_colon ? 4 : 3));
  if (hours > 23 || minutes > 59) return false;
  *offset_seconds = (int64_t{hours} * 60 + minutes) * 60 * (text[0] == '-' ? -1 : 1);
  return true;
}

/// A point and 1 to 9 digits at the start of *text, which is moved behind them.
bool TakeFraction(std::string_view* text, int32_t* nanoseconds) {
  size_t digits = 0;
  int32_t value = 0;
  while (digits + 1 < text->size() && IsDigit((*text)[digits + 1])) {
    if (++digits > 9) return false;
    value = value * 10 + ((*text)[digits] - '0');
  }
  if (digits == 0) return false;
  for (size_t i = digits; i < 9; ++i) value *= 10;
  *nanoseconds = value;
  text->remove_prefix(digits + 1);
  return true;
}

std::optional<CsvTimestamp> ParseTimestamp(std::string_view text) {
  if (text.size() < 16 || (text[10] != 'T' && text[10] != ' ') || text[13] != ':') {
    return std::nullopt;
  }
  const auto days = ParseDate(text.substr(0, 10));
  const unsigned hour = TwoDigits(text.data() + 11);
  const unsigned minute = TwoDigits(text.data() + 14);
  if (!days || hour > 23 || minute > 59) return std::nullopt;
  text.remove_prefix(16);
  unsigned second = 0;
  CsvTimestamp result;
  if (!text.empty() && text[0] == ':') {
    if (text.size() < 3) return std::nullopt;
    second = TwoDigits(text.data() + 1);
    if (second > 59) return std::nullopt;
    text.remove_prefix(3);
    if (!text.empty() && text[0] == '.' && !TakeFraction(&text, &result.nanoseconds)) {
      return std::nullopt;
    }
  }
  int64_t offset = 0;
  if (!ParseZone(text, &result.zoned, &offset)) return std::nullopt;
  result.seconds = int64_t{*days} * kSecondsPerDay + hour * 3600 + minute * 60 + second - offset;
  return result;
}

}  // namespace

std::optional<bool> ParseCsvBool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return RetryTrimmed<bool>(text, ParseCsvBool);
}

std::optional<int64_t> ParseCsvInt64(std::string_view text) {
  const auto value = ParseInt64(text);
  return value ? value : RetryTrimmed<int64_t>(text, ParseInt64);
}

bool IsCsvInteger(std::string_view text) {
  text = Trimmed(text);
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  if (text.empty() || (text.front() == '0' && text.size() > 1)) return false;
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<double> ParseCsvFloat64(std::string_view text) {
  const auto value = ParseFloat64(text);
  return value ? value : RetryTrimmed<double>(text, ParseFloat64);
}

std::optional<int32_t> ParseCsvDate(std::string_view text) {
  const auto value = ParseDate(text);
  return value ? value : RetryTrimmed<int32_t>(text, ParseDate);
}

bool CsvTimestamp::fits_nanoseconds() const {
  int64_t product, sum;
  return !__builtin_mul_overflow(seconds, int64_t{1000000000}, &product) &&
         !__builtin_add_overflow(product, int64_t{nanoseconds}, &sum);
}

std::optional<CsvTimestamp> ParseCsvTimestamp(std::string_view text) {
  const auto value = ParseTimestamp(text);
  return value ? value : RetryTrimmed<CsvTimestamp>(text, ParseTimestamp);
}

}  // namespace emberharmony::io::internal
