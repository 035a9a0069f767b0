#include <cmath>
#include <limits>
#include <string>

#include "emberharmony/io/filter/literal_bound_internal.h"
#include "emberharmony/io/filter/literal_internal.h"

namespace emberharmony::io::filter {
namespace {

using arrow::Decimal256;
using HugeBoundType = LiteralBound<Decimal256>;

Decimal256 HugeMax() {
  return Decimal256(
      std::array<uint64_t, 4>{~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0} >> 1});
}

HugeBoundType Beyond(bool negative) {
  HugeBoundType bound;
  bound.floor = HugeMax();
  bound.below = negative;
  return bound;
}

/// The place of a decimal among integers that count 10^-scale.
HugeBoundType FloorAtScale(const Decimal& decimal, int32_t scale) {
  constexpr auto kDigitsMax = static_cast<int64_t>(kBigDigitsMax.size());
  const int64_t shift = scale - decimal.scale;
  const auto length = static_cast<int64_t>(decimal.digits.size());
  if (length == 0) return {Decimal256(0), true, false, false};
  if (length + shift > kDigitsMax) return Beyond(decimal.negative);
  HugeBoundType bound;
  bound.exact = shift >= 0;
  std::string digits = shift >= 0 ? decimal.digits + std::string(static_cast<size_t>(shift), '0')
                       : length + shift > 0
                           ? decimal.digits.substr(0, static_cast<size_t>(length + shift))
                           : "0";
  if (digits.size() == kBigDigitsMax.size() && digits > kBigDigitsMax) {
    return Beyond(decimal.negative);
  }
  bound.floor = IntegerOfDigits<Decimal256>(digits);
  if (decimal.negative) {
    bound.floor.Negate();
    if (!bound.exact) bound.floor -= Decimal256(1);
  }
  return bound;
}

HugeBoundType FloorOfReal(double real) {
  if (std::isnan(real)) return {Decimal256(0), false, false, true};
  // Beyond all integers and decimals without a fraction that a column of 64 bits holds.
  if (std::abs(real) >= 0x1p126) return Beyond(real < 0);
  const double floor = std::floor(real);
  return {ToDecimal256(static_cast<Int128>(floor)), floor == real, false, false};
}

HugeBoundType FloorOfInstant(const ColumnType& column, const Literal& literal) {
  constexpr Int128 kNanosPerDay = Int128{86400} * 1000000000;
  const Int128 nanos =
      literal.type == SqlType::kDate ? literal.integer * kNanosPerDay : literal.integer;
  Int128 floor = nanos / column.unit_nanos;
  const bool exact = nanos % column.unit_nanos == 0;
  if (!exact && nanos < 0) --floor;
  return {ToDecimal256(floor), exact, false, false};
}

template <typename Key>
LiteralBound<Key> Narrowed(const HugeBoundType& huge, Key min, Key max) {
  LiteralBound<Key> bound;
  bound.nan = huge.nan;
  bound.below = huge.below || huge.floor < ToDecimal256(min);
  if (bound.below || bound.nan) return bound;
  if (huge.floor > ToDecimal256(max)) {
    bound.floor = max;
    return bound;
  }
  const auto words = huge.floor.little_endian_array();
  const auto bits = static_cast<unsigned __int128>(words[1]) << 64 | words[0];
  bound.floor = static_cast<Key>(static_cast<Int128>(bits));
  bound.exact = huge.exact;
  return bound;
}

}  // namespace

Decimal256 ToDecimal256(Int128 value) {
  return Decimal256(
      arrow::BasicDecimal128(static_cast<int64_t>(value >> 64),
                             static_cast<uint64_t>(static_cast<unsigned __int128>(value))));
}

int CompareIntegerReal(Int128 integer, double real) {
  if (real >= 0x1p126) return -1;
  if (real <= -0x1p126) return 1;
  const double floor = std::floor(real);
  const auto whole = static_cast<Int128>(floor);
  if (integer != whole) return integer < whole ? -1 : 1;
  return floor == real ? 0 : -1;
}

HugeBoundType HugeBound(const ColumnType& column, const Literal& literal) {
  switch (literal.type) {
    case SqlType::kInt64: {
      if (column.scale == 0) return {ToDecimal256(literal.integer), true, false, false};
      const bool negative = literal.integer < 0;
      const auto magnitude = static_cast<uint64_t>(negative ? -literal.integer : literal.integer);
      return FloorAtScale(MakeDecimal(negative, std::to_string(magnitude), 0), column.scale);
    }
    case SqlType::kFloat64:
      // Against decimals a number is what it spells, against integers the double.
      return column.type == SqlType::kInt64 || !std::isfinite(literal.real)
                 ? FloorOfReal(literal.real)
                 : FloorAtScale(literal.decimal, column.scale);
    case SqlType::kNumeric:
    case SqlType::kBigNumeric:
      return FloorAtScale(literal.decimal, column.scale);
    default:
      return FloorOfInstant(column, literal);
  }
}

LiteralBound<int64_t> IntegerBound(const ColumnType& column, const Literal& literal) {
  return Narrowed<int64_t>(HugeBound(column, literal), std::numeric_limits<int64_t>::min(),
                           std::numeric_limits<int64_t>::max());
}

LiteralBound<Int128> WideBound(const ColumnType& column, const Literal& literal) {
  constexpr Int128 kMax = static_cast<Int128>(~static_cast<unsigned __int128>(0) >> 1);
  return Narrowed<Int128>(HugeBound(column, literal), -kMax - 1, kMax);
}

LiteralBound<double> RealBound(const Literal& literal) {
  if (literal.type == SqlType::kFloat64) {
    const bool nan = std::isnan(literal.real);
    return {nan ? 0 : literal.real, !nan, false, nan};
  }
  // GoogleSQL makes a FLOAT64 of a NUMERIC; of an INT64 it would, too, but here both stay exact.
  if (literal.type != SqlType::kInt64) return {NearestDouble(literal.decimal), true, false, false};
  const auto nearest = static_cast<double>(literal.integer);
  const int order = CompareIntegerReal(literal.integer, nearest);
  if (order >= 0) return {nearest, order == 0, false, false};
  return {std::nextafter(nearest, -std::numeric_limits<double>::infinity()), false, false, false};
}

}  // namespace emberharmony::io::filter
