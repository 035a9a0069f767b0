#pragma once

#include <arrow/util/decimal.h>

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

/// -1, 0 or 1 as an integer is below, equal to or above a double that is not NaN; exactly.
int CompareIntegerReal(Int128 integer, double real);

}  // namespace emberharmony::io::filter
