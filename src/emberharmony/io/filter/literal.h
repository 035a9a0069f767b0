#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace emberharmony::io::filter {

/// Integers wide enough for every integer literal and for nanoseconds of every year.
using Int128 = __int128;

/// The types of GoogleSQL that a filter knows.
enum class SqlType {
  kNull,  ///< the literal NULL, before it takes the type of what it is compared with
  kBool,
  kInt64,
  kFloat64,
  kNumeric,
  kBigNumeric,
  kString,
  kBytes,
  kDate,
  kDatetime,
  kTimestamp,
  kTime,
  kOther,  ///< columns of other types: only IS NULL applies
};

/// "INT64"
std::string_view SqlTypeName(SqlType type);

/// An exact decimal number, digits * 10^-scale.
struct Decimal {
  bool negative = false;
  std::string digits;  ///< neither leading nor trailing zeros; empty: zero
  int64_t scale = 0;   ///< 0 for zero

  bool operator==(const Decimal&) const = default;
};

/// Brings digits (ASCII, any zeros) and a scale into a Decimal's form.
Decimal MakeDecimal(bool negative, std::string_view digits, int64_t scale);
/// "-12.5"; with an exponent where that is much shorter.
std::string DecimalText(const Decimal& decimal);
/// The nearest double; infinite beyond the largest.
double NearestDouble(const Decimal& decimal);

/// A constant as it is written in a filter. Immutable once made.
struct Literal {
  SqlType type = SqlType::kNull;
  /// kBool: 0 or 1. kInt64: -2^63 to 2^64 - 1. kDate: days since 1970. kDatetime and kTimestamp:
  /// nanoseconds since 1970 (UTC). kTime: nanoseconds of the day.
  Int128 integer = 0;
  double real = 0;    ///< kFloat64
  Decimal decimal;    ///< kNumeric, kBigNumeric; kFloat64: the number as it is spelled
  std::string bytes;  ///< kString (UTF-8), kBytes

  bool operator==(const Literal& other) const;
};

/// The literal in GoogleSQL, in one form for each value.
std::string LiteralSql(const Literal& literal);

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
int64_t DaysFromCivil(int64_t year, int month, int day);

/// Parses the text of a typed literal, or of a string that becomes one: DATE '2001-01-31', DATETIME
/// '2001-01-31 05:06:07.25' (also with a T between), TIMESTAMP the same with a zone ('Z', 'UTC',
/// '+01:00'; UTC without one), TIME '05:06:07', NUMERIC and BIGNUMERIC '12.5', FLOAT64 '1e3',
/// 'inf', 'nan'. Returns "" or why the text is not one.
std::string ParseTypedLiteral(SqlType type, std::string_view text, Literal* literal);

/// Whether GoogleSQL casts from one type to the other ("Conversion rules"). NULL becomes any type.
bool CanCast(SqlType from, SqlType to);

/// CAST(literal AS type) for a pair that CanCast allows: numbers round half away from zero, times
/// without a zone are in UTC, a FLOAT64 is spelled with 15 digits, or 17 where it needs them, a
/// number with a point is the decimal that it spells. Returns "" or why the value cannot be cast.
std::string CastLiteral(const Literal& literal, SqlType type, Literal* result);

/// Gives a FLOAT64 without a spelling the shortest that there is.
void SpellReal(Literal* literal);

}  // namespace emberharmony::io::filter
