#include "emberharmony/io/filter/literal.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "emberharmony/io/filter/filter_error_internal.h"
#include "emberharmony/io/filter/literal_internal.h"

namespace emberharmony::io::filter {

void AppendDate(int64_t days, std::string* out) {
  // Years 1 to 9999 only: what literals can spell.
  const int64_t shifted = days + 719468;
  const int64_t era = shifted / 146097;
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  fmt::format_to(std::back_inserter(*out), "{:04}-{:02}-{:02}", year, month, day);
}

Decimal RoundedDecimal(const Decimal& decimal, int64_t scale) {
  const int64_t drop = decimal.scale - scale;
  if (drop <= 0) return decimal;
  const auto length = static_cast<int64_t>(decimal.digits.size());
  std::string digits = drop > length ? "" : decimal.digits.substr(0, length - drop);
  const bool up = drop <= length && decimal.digits[static_cast<size_t>(length - drop)] >= '5';
  if (up) {
    digits.insert(digits.begin(), '0');
    size_t i = digits.size() - 1;
    for (; digits[i] == '9'; --i) digits[i] = '0';
    ++digits[i];
  }
  return MakeDecimal(decimal.negative, digits, scale);
}

std::string FitNumeric(SqlType type, Decimal* decimal) {
  const bool big = type == SqlType::kBigNumeric;
  *decimal = RoundedDecimal(*decimal, big ? 38 : 9);
  const int64_t whole_digits = static_cast<int64_t>(decimal->digits.size()) - decimal->scale;
  const bool fits =
      big ? whole_digits < 39 || (whole_digits == 39 && decimal->digits <= kBigDigitsMax)
          : whole_digits <= 29;
  return fits ? "" : fmt::format("out of the range of {}", SqlTypeName(type));
}

namespace {

constexpr int64_t kNanosPerSecond = 1000000000;
constexpr Int128 kLiteralDayNanos = Int128{86400} * kNanosPerSecond;

void AppendTime(int64_t nanos, std::string* out) {
  const int64_t seconds = nanos / kNanosPerSecond;
  const int64_t fraction = nanos % kNanosPerSecond;
  fmt::format_to(std::back_inserter(*out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  if (fraction == 0) return;
  std::string digits = fmt::format("{:09}", fraction);
  digits.erase(digits.find_last_not_of('0') + 1);
  *out += '.' + digits;
}

std::string InstantText(Int128 nanos) {
  Int128 days = nanos / kLiteralDayNanos;
  if (nanos % kLiteralDayNanos < 0) --days;
  std::string text;
  AppendDate(static_cast<int64_t>(days), &text);
  text += ' ';
  AppendTime(static_cast<int64_t>(nanos - days * kLiteralDayNanos), &text);
  return text;
}

std::string QuotedText(std::string_view value, bool is_bytes) {
  std::string text = is_bytes ? "b'" : "'";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\'' || c == '\\') {
      text += '\\';
      text += c;
    } else if (byte < 0x20 || byte == 0x7F || (is_bytes && byte >= 0x80)) {
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  return text + '\'';
}

std::string IntegerText(Int128 value) {
  // Integer literals lie in [-2^63, 2^64).
  return value < 0 ? fmt::format("{}", static_cast<int64_t>(value))
                   : fmt::format("{}", static_cast<uint64_t>(value));
}

/// Reads the parts of dates and times from the front of a text.
class TextScanner {
 public:
  explicit TextScanner(std::string_view text) : text_(text) {}

  bool done() const { return next_ == text_.size(); }
  std::string_view rest() const { return text_.substr(next_); }
  bool Take(char c) {
    if (done() || text_[next_] != c) return false;
    ++next_;
    return true;
  }
  bool TakeAny(std::string_view chars) {
    if (done() || chars.find(text_[next_]) == std::string_view::npos) return false;
    ++next_;
    return true;
  }
  /// min to max digits.
  bool Number(int min, int max, int* out, int* count = nullptr) {
    *out = 0;
    int n = 0;
    for (; n < max && !done() && text_[next_] >= '0' && text_[next_] <= '9'; ++n) {
      *out = *out * 10 + (text_[next_++] - '0');
    }
    if (count != nullptr) *count = n;
    return n >= min;
  }

 private:
  std::string_view text_;
  size_t next_ = 0;
};

/// False for what is no date; *absent then says whether it is written as one, but of a day that
/// there is not.
bool TakeDate(TextScanner* scanner, int64_t* days, bool* absent) {
  *absent = false;
  int year = 0;
  int month = 0;
  int day = 0;
  if (!scanner->Number(4, 4, &year) || !scanner->Take('-') || !scanner->Number(1, 2, &month) ||
      !scanner->Take('-') || !scanner->Number(1, 2, &day)) {
    return false;
  }
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  *absent = true;
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (day > kDays[static_cast<size_t>(month - 1)] + (month == 2 && leap ? 1 : 0)) return false;
  *absent = false;
  *days = DaysFromCivil(year, month, day);
  return true;
}

std::string AbsentDay(std::string_view text) {
  return fmt::format("'{}': there is no such day", ShownText(text));
}

bool TakeTime(TextScanner* scanner, int64_t* nanos) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!scanner->Number(1, 2, &hour) || !scanner->Take(':') || !scanner->Number(1, 2, &minute) ||
      !scanner->Take(':') || !scanner->Number(1, 2, &second)) {
    return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  int fraction = 0;
  if (scanner->Take('.')) {
    int count = 0;
    // At most nine digits, so that no digit is dropped.
    if (!scanner->Number(0, 9, &fraction, &count)) return false;
    for (; count < 9; ++count) fraction *= 10;
  }
  *nanos = (int64_t{hour} * 3600 + minute * 60 + second) * kNanosPerSecond + fraction;
  return true;
}

/// A zone at the end of a timestamp: nothing, Z, UTC or an offset.
bool TakeZone(TextScanner* scanner, int64_t* offset_seconds) {
  *offset_seconds = 0;
  if (scanner->done()) return true;
  if (scanner->TakeAny("Zz")) return scanner->done();
  scanner->Take(' ');
  if (scanner->rest() == "UTC" || scanner->rest() == "utc") return true;
  const bool negative = !scanner->rest().empty() && scanner->rest()[0] == '-';
  if (!scanner->TakeAny("+-")) return false;
  int hours = 0;
  int minutes = 0;
  if (!scanner->Number(1, 2, &hours)) return false;
  if (scanner->Take(':') && !scanner->Number(2, 2, &minutes)) return false;
  if (!scanner->done() || hours > 14 || minutes > 59) return false;
  *offset_seconds = (hours * 3600 + minutes * 60) * (negative ? -1 : 1);
  return true;
}

std::string ParseInstant(SqlType type, std::string_view text, Literal* literal) {
  const bool zoned = type == SqlType::kTimestamp;
  const auto wrong = [&] {
    return fmt::format(
        "expected {}, found '{}'",
        zoned ? "a timestamp such as '2001-01-31 05:06:07+01:00' (UTC without a zone; zones as "
                "offsets)"
              : "a datetime such as '2001-01-31 05:06:07'",
        ShownText(text));
  };
  TextScanner scanner(text);
  int64_t days = 0;
  int64_t nanos = 0;
  int64_t offset_seconds = 0;
  bool absent = false;
  if (!TakeDate(&scanner, &days, &absent)) return absent ? AbsentDay(text) : wrong();
  if (!scanner.done()) {
    const bool time_follows = scanner.rest().size() > 1 && scanner.rest()[1] >= '0' &&
                              scanner.rest()[1] <= '9' && scanner.TakeAny(" Tt");
    if (time_follows && !TakeTime(&scanner, &nanos)) return wrong();
    if (!zoned && !scanner.done()) return wrong();
    if (zoned && !TakeZone(&scanner, &offset_seconds)) {
      const std::string_view zone = scanner.rest();
      const bool named = !zone.empty() && ((zone[0] | 0x20) >= 'a' && (zone[0] | 0x20) <= 'z');
      if (!named) return wrong();
      return fmt::format("'{}': zones with names are not supported; write the offset, as +01:00",
                         ShownText(text));
    }
  }
  literal->integer =
      Int128{days} * kLiteralDayNanos + nanos - Int128{offset_seconds} * kNanosPerSecond;
  const Int128 first = Int128{DaysFromCivil(1, 1, 1)} * kLiteralDayNanos;
  const Int128 end = Int128{DaysFromCivil(10000, 1, 1)} * kLiteralDayNanos;
  if (literal->integer < first || literal->integer >= end) return wrong();
  return "";
}

/// [+-] digits [. digits] [e [+-] digits], as GoogleSQL's numbers are.
bool ParseNumber(std::string_view text, Decimal* decimal) {
  size_t i = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) ++i;
  std::string digits;
  int64_t scale = 0;
  bool point = false;
  bool any = false;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !point) {
      point = true;
    } else if (text[i] >= '0' && text[i] <= '9') {
      any = true;
      digits += text[i];
      scale += point ? 1 : 0;
    } else {
      break;
    }
  }
  if (!any) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && text[i] == '+') ++i;
    int exponent = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + i, end, exponent);
    // Far beyond every type's range, and small enough to count with.
    if (parsed.ec != std::errc() || parsed.ptr != end || std::abs(exponent) > 100000) return false;
    scale -= exponent;
    i = text.size();
  }
  if (i != text.size()) return false;
  *decimal = MakeDecimal(negative, digits, scale);
  return true;
}

std::string ParseNumeric(SqlType type, std::string_view text, Literal* literal) {
  Decimal decimal;
  if (!ParseNumber(text, &decimal)) {
    return fmt::format("expected a number such as '12.5', found '{}'", ShownText(text));
  }
  const std::string wrong = FitNumeric(type, &decimal);
  if (!wrong.empty()) return fmt::format("'{}' is {}", ShownText(text), wrong);
  literal->decimal = std::move(decimal);
  return "";
}

std::string ParseFloat(std::string_view text, Literal* literal) {
  std::string lower;
  for (const char c : text) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  const bool negative = lower.starts_with('-');
  std::string_view word = lower;
  if (negative || word.starts_with('+')) word.remove_prefix(1);
  if (word == "inf" || word == "infinity") {
    literal->real = negative ? -std::numeric_limits<double>::infinity()
                             : std::numeric_limits<double>::infinity();
    return "";
  }
  if (word == "nan") {
    literal->real = std::numeric_limits<double>::quiet_NaN();
    return "";
  }
  if (!ParseNumber(text, &literal->decimal)) {
    return fmt::format("expected a number such as 1.5e3, found '{}'", ShownText(text));
  }
  literal->real = NearestDouble(literal->decimal);
  if (std::isinf(literal->real)) {
    return fmt::format("'{}' is out of the range of FLOAT64", ShownText(text));
  }
  return "";
}

}  // namespace

std::string_view SqlTypeName(SqlType type) {
  constexpr std::array<std::string_view, 13> kNames = {"NULL",
                                                       "BOOL",
                                                       "INT64",
                                                       "FLOAT64",
                                                       "NUMERIC",
                                                       "BIGNUMERIC",
                                                       "STRING",
                                                       "BYTES",
                                                       "DATE",
                                                       "DATETIME",
                                                       "TIMESTAMP",
                                                       "TIME",
                                                       "a type that filters do not know"};
  return kNames[static_cast<size_t>(type)];
}

Decimal MakeDecimal(bool negative, std::string_view digits, int64_t scale) {
  const size_t first = digits.find_first_not_of('0');
  if (first == std::string_view::npos) return Decimal{};
  const size_t last = digits.find_last_not_of('0');
  Decimal decimal;
  decimal.negative = negative;
  decimal.scale = scale - static_cast<int64_t>(digits.size() - 1 - last);
  decimal.digits = digits.substr(first, last - first + 1);
  return decimal;
}

std::string DecimalText(const Decimal& decimal) {
  const auto length = static_cast<int64_t>(decimal.digits.size());
  std::string text = decimal.negative ? "-" : "";
  constexpr int64_t kZerosMax = 40;
  if (length == 0) {
    text += '0';
  } else if (decimal.scale <= 0 && decimal.scale >= -kZerosMax) {
    text += decimal.digits + std::string(static_cast<size_t>(-decimal.scale), '0');
  } else if (decimal.scale > 0 && decimal.scale < length) {
    text += decimal.digits.substr(0, length - decimal.scale) + '.' +
            decimal.digits.substr(length - decimal.scale);
  } else if (decimal.scale >= length && decimal.scale - length <= kZerosMax) {
    text += "0." + std::string(static_cast<size_t>(decimal.scale - length), '0') + decimal.digits;
  } else {
    text += decimal.digits + 'e' + std::to_string(-decimal.scale);
  }
  return text;
}

double NearestDouble(const Decimal& decimal) {
  std::string text = decimal.negative ? "-" : "";
  text += decimal.digits.empty() ? "0" : decimal.digits;
  text += 'e' + std::to_string(-decimal.scale);
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc::result_out_of_range) return value;
  // Too large or too small to be told apart by from_chars: by the place of the first digit.
  const bool large = static_cast<int64_t>(decimal.digits.size()) - decimal.scale > 0;
  const double magnitude = large ? std::numeric_limits<double>::infinity() : 0.0;
  return decimal.negative ? -magnitude : magnitude;
}

bool Literal::operator==(const Literal& other) const {
  // Bits, so that a NaN equals itself and the zeros differ.
  return type == other.type && integer == other.integer &&
         std::bit_cast<uint64_t>(real) == std::bit_cast<uint64_t>(other.real) &&
         decimal == other.decimal && bytes == other.bytes;
}

std::string LiteralSql(const Literal& literal) {
  switch (literal.type) {
    case SqlType::kNull:
    case SqlType::kOther:
      return "NULL";
    case SqlType::kBool:
      return literal.integer != 0 ? "TRUE" : "FALSE";
    case SqlType::kInt64:
      return IntegerText(literal.integer);
    case SqlType::kFloat64: {
      if (std::isnan(literal.real)) return "CAST('nan' AS FLOAT64)";
      if (std::isinf(literal.real)) {
        return literal.real > 0 ? "CAST('inf' AS FLOAT64)" : "CAST('-inf' AS FLOAT64)";
      }
      std::string text = DecimalText(literal.decimal);
      if (text.find_first_of(".e") == std::string::npos) text += ".0";
      return text;
    }
    case SqlType::kNumeric:
      return "NUMERIC '" + DecimalText(literal.decimal) + "'";
    case SqlType::kBigNumeric:
      return "BIGNUMERIC '" + DecimalText(literal.decimal) + "'";
    case SqlType::kString:
      return QuotedText(literal.bytes, false);
    case SqlType::kBytes:
      return QuotedText(literal.bytes, true);
    case SqlType::kDate: {
      std::string text = "DATE '";
      AppendDate(static_cast<int64_t>(literal.integer), &text);
      return text + "'";
    }
    case SqlType::kDatetime:
      return "DATETIME '" + InstantText(literal.integer) + "'";
    case SqlType::kTimestamp:
      return "TIMESTAMP '" + InstantText(literal.integer) + "+00:00'";
    case SqlType::kTime: {
      std::string text = "TIME '";
      AppendTime(static_cast<int64_t>(literal.integer), &text);
      return text + "'";
    }
  }
  return "";
}

int64_t DaysFromCivil(int64_t year, int month, int day) {
  // Hinnant, "chrono-compatible low-level date algorithms"; years from 0 on.
  const int64_t shifted_year = month <= 2 ? year - 1 : year;
  const int64_t era = (shifted_year >= 0 ? shifted_year : shifted_year - 399) / 400;
  const int64_t year_of_era = shifted_year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

std::string ParseTypedLiteral(SqlType type, std::string_view text, Literal* literal) {
  *literal = Literal{};
  literal->type = type;
  switch (type) {
    case SqlType::kDate: {
      TextScanner scanner(text);
      int64_t days = 0;
      bool absent = false;
      if (!TakeDate(&scanner, &days, &absent) || !scanner.done()) {
        if (absent && scanner.done()) return AbsentDay(text);
        return fmt::format("expected a date such as '2001-01-31', found '{}'", ShownText(text));
      }
      literal->integer = days;
      return "";
    }
    case SqlType::kTime: {
      TextScanner scanner(text);
      int64_t nanos = 0;
      if (!TakeTime(&scanner, &nanos) || !scanner.done()) {
        return fmt::format("expected a time such as '05:06:07.25', found '{}'", ShownText(text));
      }
      literal->integer = nanos;
      return "";
    }
    case SqlType::kDatetime:
    case SqlType::kTimestamp:
      return ParseInstant(type, text, literal);
    case SqlType::kNumeric:
    case SqlType::kBigNumeric:
      return ParseNumeric(type, text, literal);
    case SqlType::kFloat64:
      return ParseFloat(text, literal);
    default:
      return fmt::format("there are no literals {} '{}'", SqlTypeName(type), ShownText(text));
  }
}

}  // namespace emberharmony::io::filter
