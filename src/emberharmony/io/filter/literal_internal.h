#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "emberharmony/io/filter/literal.h"

namespace emberharmony::io::filter {

/// The digits of 2^255 - 1; with 38 of them after the point they are BIGNUMERIC's largest number.
inline constexpr std::string_view kBigDigitsMax =
    "57896044618658097711785492504343953926634992332820282019728792003956564819967";

/// Rounds to `scale` digits after the point, halves away from zero.
Decimal RoundedDecimal(const Decimal& decimal, int64_t scale);

/// Rounds a number to NUMERIC's or BIGNUMERIC's digits. Returns "" or what it is instead: "out of
/// the range of NUMERIC".
std::string FitNumeric(SqlType type, Decimal* decimal);

/// "2001-01-31", for days since 1970 in the years 1 to 9999.
void AppendDate(int64_t days, std::string* out);

}  // namespace emberharmony::io::filter
