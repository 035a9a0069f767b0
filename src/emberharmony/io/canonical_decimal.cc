#include <cstddef>

#include "emberharmony/io/canonical_decimal_internal.h"

namespace emberharmony::io {

void AppendCanonicalDecimal(std::string digits, int32_t scale, std::string* out) {
  const bool negative = digits[0] == '-';
  if (negative) digits.erase(0, 1);
  if (scale < 0 && digits != "0") digits.append(static_cast<size_t>(-scale), '0');
  if (scale > 0) {
    if (digits.size() <= static_cast<size_t>(scale))
      digits.insert(0, scale + 1 - digits.size(), '0');
    digits.insert(digits.size() - scale, 1, '.');
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  if (negative && digits != "0") out->push_back('-');
  out->append(digits);
}

}  // namespace emberharmony::io
