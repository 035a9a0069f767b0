#pragma once

#include <arrow/util/decimal.h>

#include <string_view>

#include "emberharmony/io/filter/column_keys_internal.h"
#include "emberharmony/io/filter/literal.h"

namespace emberharmony::io::filter {

/// Where a literal lies among a column's keys.
template <typename Key>
struct LiteralBound {
  Key floor{};         ///< the largest key that is not above the literal
  bool exact = false;  ///< the floor is the literal
  bool below = false;  ///< below every key: there is no floor
  bool nan = false;    ///< a NaN has no place
};

LiteralBound<int64_t> IntegerBound(const ColumnType& column, const Literal& literal);
LiteralBound<Int128> WideBound(const ColumnType& column, const Literal& literal);
LiteralBound<arrow::Decimal256> HugeBound(const ColumnType& column, const Literal& literal);
LiteralBound<double> RealBound(const Literal& literal);

arrow::Decimal256 ToDecimal256(Int128 value);

/// The integer that decimal digits spell, which the type must hold. Arrow's own parser takes 76
/// digits at most, where decimals of 256 bits have 77.
template <typename DecimalType>
DecimalType IntegerOfDigits(std::string_view digits) {
  DecimalType value(0);
  for (const char digit : digits) {
    value *= DecimalType(10);
    value += DecimalType(digit - '0');
  }
  return value;
}

/// -1, 0 or 1 as an integer is below, equal to or above a double that is not NaN; exactly.
int CompareIntegerReal(Int128 integer, double real);

}  // namespace emberharmony::io::filter
