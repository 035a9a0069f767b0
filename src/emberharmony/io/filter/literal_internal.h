#pragma once

#include <cstdint>
#include <string>

#include "emberharmony/io/filter/literal.h"

namespace emberharmony::io::filter {

/// Rounds to `scale` digits after the point, halves away from zero.
Decimal RoundedDecimal(const Decimal& decimal, int64_t scale);

/// Rounds a number to NUMERIC's or BIGNUMERIC's digits. Returns "" or what it is instead: "out of
/// the range of NUMERIC".
std::string FitNumeric(SqlType type, Decimal* decimal);

/// "2001-01-31", for days since 1970 in the years 1 to 9999.
void AppendDate(int64_t days, std::string* out);

}  // namespace emberharmony::io::filter
