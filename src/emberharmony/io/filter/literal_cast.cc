#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "emberharmony/base/utf8.h"
#include "emberharmony/io/cell_text.h"
#include "emberharmony/io/filter/filter_error_internal.h"
#include "emberharmony/io/filter/literal_internal.h"

namespace emberharmony::io::filter {
namespace {

constexpr Int128 kCastDayNanos = Int128{86400} * 1000000000;
constexpr Int128 kCastInt64Min = -(Int128{1} << 63);
constexpr Int128 kCastInt64Max = (Int128{1} << 63) - 1;

/// The day of an instant.
Int128 DaysOf(Int128 nanos) { return nanos / kCastDayNanos - (nanos % kCastDayNanos < 0 ? 1 : 0); }

bool IsNumber(SqlType type) {
  return type == SqlType::kInt64 || type == SqlType::kFloat64 || type == SqlType::kNumeric ||
         type == SqlType::kBigNumeric;
}

/// The literal's text as a message shows it, without the type.
std::string Shown(const Literal& literal) {
  if (literal.type == SqlType::kString) return "'" + ShownText(literal.bytes) + "'";
  Literal text;
  if (literal.type != SqlType::kBytes && CastLiteral(literal, SqlType::kString, &text).empty()) {
    return "'" + ShownText(text.bytes) + "'";
  }
  return ShownText(LiteralSql(literal));
}

std::string OutOfRange(const Literal& literal, SqlType type) {
  return fmt::format("{} is out of the range of {}", Shown(literal), SqlTypeName(type));
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

/// [+-] digits, or [+-] 0x and hexadecimal digits.
std::string ParseInteger(const Literal& text, Literal* result) {
  std::string_view digits = Trimmed(text.bytes);
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
  if (hex) digits.remove_prefix(2);
  uint64_t magnitude = 0;
  const char* begin = digits.data();
  const char* end = begin + digits.size();
  const auto parsed = std::from_chars(begin, end, magnitude, hex ? 16 : 10);
  if (parsed.ec == std::errc::invalid_argument || parsed.ptr != end) {
    return fmt::format("expected an integer such as '12', found {}", Shown(text));
  }
  result->integer = negative ? -Int128{magnitude} : Int128{magnitude};
  const bool fits = result->integer >= kCastInt64Min && result->integer <= kCastInt64Max;
  if (parsed.ec != std::errc() || !fits) return OutOfRange(text, SqlType::kInt64);
  return "";
}

std::string ParseBool(const Literal& text, Literal* result) {
  std::string lower;
  // Long enough to be told apart from both words.
  for (const char c : std::string_view(text.bytes).substr(0, 8)) {
    lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  if (lower != "true" && lower != "false") {
    return fmt::format("expected 'true' or 'false', found {}", Shown(text));
  }
  result->integer = lower == "true" ? 1 : 0;
  return "";
}

std::string FromText(const Literal& text, Literal* result) {
  switch (result->type) {
    case SqlType::kInt64:
      return ParseInteger(text, result);
    case SqlType::kBool:
      return ParseBool(text, result);
    case SqlType::kBytes:
      result->bytes = text.bytes;
      return "";
    case SqlType::kFloat64:
    case SqlType::kNumeric:
    case SqlType::kBigNumeric:
      return ParseTypedLiteral(result->type, Trimmed(text.bytes), result);
    default:
      return ParseTypedLiteral(result->type, text.bytes, result);
  }
}

/// Every digit of a finite double.
Decimal ExactDecimal(double real) {
  // The smallest double has 1074 digits after the point, the largest 309 before it.
  constexpr int kDigitsMax = 1074;
  std::array<char, kDigitsMax + 400> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), std::abs(real),
                                     std::chars_format::fixed, kDigitsMax);
  std::string digits(text.data(), written.ptr);
  digits.erase(digits.find('.'), 1);
  return MakeDecimal(std::signbit(real), digits, kDigitsMax);
}

/// Any number as a decimal; false for what is not finite.
bool ToDecimal(const Literal& number, Decimal* decimal) {
  if (number.type == SqlType::kInt64) {
    const bool negative = number.integer < 0;
    const auto magnitude = static_cast<uint64_t>(negative ? -number.integer : number.integer);
    *decimal = MakeDecimal(negative, std::to_string(magnitude), 0);
    return true;
  }
  if (number.type != SqlType::kFloat64) {
    *decimal = number.decimal;
    return true;
  }
  if (!std::isfinite(number.real)) return false;
  const bool spelled = !number.decimal.digits.empty() || number.real == 0;
  *decimal = spelled ? number.decimal : ExactDecimal(number.real);
  return true;
}

std::string ToInteger(const Literal& number, Literal* result) {
  if (number.type == SqlType::kBool) {
    result->integer = number.integer;
    return "";
  }
  if (number.type == SqlType::kFloat64) {
    const double rounded = std::round(number.real);
    // NaN is in no range.
    if (!(rounded >= -0x1p63 && rounded < 0x1p63)) return OutOfRange(number, SqlType::kInt64);
    result->integer = static_cast<int64_t>(rounded);
    return "";
  }
  const Decimal whole = RoundedDecimal(number.decimal, 0);
  const auto length = static_cast<int64_t>(whole.digits.size());
  constexpr int64_t kDigitsMax = 19;
  if (length - whole.scale > kDigitsMax) return OutOfRange(number, SqlType::kInt64);
  for (const char digit : whole.digits) result->integer = result->integer * 10 + (digit - '0');
  for (int64_t i = whole.scale; i < 0; ++i) result->integer *= 10;
  if (whole.negative) result->integer = -result->integer;
  const bool fits = result->integer >= kCastInt64Min && result->integer <= kCastInt64Max;
  return fits ? "" : OutOfRange(number, SqlType::kInt64);
}

std::string ToReal(const Literal& number, Literal* result) {
  result->real = number.type == SqlType::kInt64 ? static_cast<double>(number.integer)
                                                : NearestDouble(number.decimal);
  return "";
}

/// NUMERIC or BIGNUMERIC.
std::string ToNumeric(const Literal& number, Literal* result) {
  const bool fits =
      ToDecimal(number, &result->decimal) && FitNumeric(result->type, &result->decimal).empty();
  return fits ? "" : OutOfRange(number, result->type);
}

/// All digits of a NUMERIC or BIGNUMERIC, never an exponent.
std::string PlainDecimalText(const Decimal& decimal) {
  const auto length = static_cast<int64_t>(decimal.digits.size());
  if (length == 0) return "0";
  std::string text = decimal.negative ? "-" : "";
  if (decimal.scale <= 0) {
    return text + decimal.digits + std::string(static_cast<size_t>(-decimal.scale), '0');
  }
  if (decimal.scale >= length) {
    return text + "0." + std::string(static_cast<size_t>(decimal.scale - length), '0') +
           decimal.digits;
  }
  const auto point = static_cast<size_t>(length - decimal.scale);
  return text + decimal.digits.substr(0, point) + '.' + decimal.digits.substr(point);
}

/// The digits of a second's fraction come by threes, as in GoogleSQL.
void AppendClock(int64_t nanos, std::string* out) {
  constexpr int64_t kNanosInSecond = 1000000000;
  const int64_t seconds = nanos / kNanosInSecond;
  const int64_t fraction = nanos % kNanosInSecond;
  fmt::format_to(std::back_inserter(*out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  if (fraction == 0) return;
  if (fraction % 1000000 == 0) {
    fmt::format_to(std::back_inserter(*out), ".{:03}", fraction / 1000000);
  } else if (fraction % 1000 == 0) {
    fmt::format_to(std::back_inserter(*out), ".{:06}", fraction / 1000);
  } else {
    fmt::format_to(std::back_inserter(*out), ".{:09}", fraction);
  }
}

/// A DATE, TIME, DATETIME or TIMESTAMP.
std::string TimeText(const Literal& literal) {
  std::string text;
  if (literal.type == SqlType::kDate) {
    AppendDate(static_cast<int64_t>(literal.integer), &text);
    return text;
  }
  const Int128 days = literal.type == SqlType::kTime ? 0 : DaysOf(literal.integer);
  if (literal.type != SqlType::kTime) {
    AppendDate(static_cast<int64_t>(days), &text);
    text += ' ';
  }
  AppendClock(static_cast<int64_t>(literal.integer - days * kCastDayNanos), &text);
  if (literal.type == SqlType::kTimestamp) text += "+00";
  return text;
}

std::string ToText(const Literal& literal, Literal* result) {
  std::string& text = result->bytes;
  switch (literal.type) {
    case SqlType::kBool:
      text = literal.integer != 0 ? "true" : "false";
      return "";
    case SqlType::kInt64:
      text = literal.integer < 0 ? std::to_string(static_cast<int64_t>(literal.integer))
                                 : std::to_string(static_cast<uint64_t>(literal.integer));
      return "";
    case SqlType::kFloat64:
      AppendDoubleText(literal.real, &text);
      return "";
    case SqlType::kNumeric:
    case SqlType::kBigNumeric:
      text = PlainDecimalText(literal.decimal);
      return "";
    case SqlType::kBytes:
      if (!base::IsUtf8(literal.bytes)) {
        return fmt::format("expected bytes that are UTF-8, found {}", Shown(literal));
      }
      text = literal.bytes;
      return "";
    default:
      text = TimeText(literal);
      return "";
  }
}

std::string ToTime(const Literal& literal, Literal* result) {
  const bool from_date = literal.type == SqlType::kDate;
  const Int128 nanos = from_date ? literal.integer * kCastDayNanos : literal.integer;
  const Int128 days = DaysOf(nanos);
  result->integer = result->type == SqlType::kDate   ? days
                    : result->type == SqlType::kTime ? nanos - days * kCastDayNanos
                                                     : nanos;
  return "";
}

/// A column of dates can hold more than GoogleSQL's years.
std::string CheckYear(const Literal& literal) {
  const bool has_year = literal.type == SqlType::kDate || literal.type == SqlType::kDatetime ||
                        literal.type == SqlType::kTimestamp;
  if (!has_year) return "";
  const Int128 days = literal.type == SqlType::kDate ? literal.integer : DaysOf(literal.integer);
  if (days >= DaysFromCivil(1, 1, 1) && days < DaysFromCivil(10000, 1, 1)) return "";
  return fmt::format("expected a year from 1 to 9999, found {} days from 1970-01-01",
                     static_cast<int64_t>(days));
}

}  // namespace

bool CanCast(SqlType from, SqlType to) {
  if (from == SqlType::kNull || (from == to && from != SqlType::kOther)) return true;
  switch (from) {
    case SqlType::kBool:
      return to == SqlType::kInt64 || to == SqlType::kString;
    case SqlType::kInt64:
      return IsNumber(to) || to == SqlType::kBool || to == SqlType::kString;
    case SqlType::kFloat64:
    case SqlType::kNumeric:
    case SqlType::kBigNumeric:
      return IsNumber(to) || to == SqlType::kString;
    case SqlType::kString:
      return to != SqlType::kOther && to != SqlType::kNull;
    case SqlType::kBytes:
    case SqlType::kTime:
      return to == SqlType::kString;
    case SqlType::kDate:
      return to == SqlType::kString || to == SqlType::kDatetime || to == SqlType::kTimestamp;
    case SqlType::kDatetime:
    case SqlType::kTimestamp:
      return to == SqlType::kString || to == SqlType::kDate || to == SqlType::kTime ||
             to == SqlType::kDatetime || to == SqlType::kTimestamp;
    default:
      return false;
  }
}

std::string CastLiteral(const Literal& literal, SqlType type, Literal* result) {
  if (literal.type == type || literal.type == SqlType::kNull) {
    *result = literal;
    return "";
  }
  *result = Literal{};
  result->type = type;
  std::string wrong = CheckYear(literal);
  if (!wrong.empty()) return wrong;
  if (literal.type == SqlType::kString) return FromText(literal, result);
  switch (type) {
    case SqlType::kBool:
      result->integer = literal.integer != 0 ? 1 : 0;
      return "";
    case SqlType::kInt64:
      return ToInteger(literal, result);
    case SqlType::kFloat64:
      return ToReal(literal, result);
    case SqlType::kNumeric:
    case SqlType::kBigNumeric:
      return ToNumeric(literal, result);
    case SqlType::kString:
      return ToText(literal, result);
    default:
      return ToTime(literal, result);
  }
}

void SpellReal(Literal* literal) {
  const bool spelled = !literal->decimal.digits.empty() || literal->real == 0;
  if (literal->type != SqlType::kFloat64 || spelled || !std::isfinite(literal->real)) return;
  std::array<char, 64> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), literal->real,
                                     std::chars_format::scientific);
  Literal shortest;
  ParseTypedLiteral(SqlType::kFloat64, {text.data(), written.ptr}, &shortest);
  literal->decimal = std::move(shortest.decimal);
}

}  // namespace emberharmony::io::filter
