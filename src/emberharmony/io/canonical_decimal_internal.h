#pragma once

#include <cstdint>
#include <string>

namespace emberharmony::io {

/// Appends an unscaled integer's digits (with '-' where negative) as the number with `scale` digits
/// after the point, without exponent and without trailing zeros after the point: "-12.5", "100",
/// "0".
void AppendCanonicalDecimal(std::string digits, int32_t scale, std::string* out);

}  // namespace emberharmony::io
