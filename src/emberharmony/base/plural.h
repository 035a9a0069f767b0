#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace emberharmony::base {

/// "row" for 1, "rows" for any other number; for nouns whose plural takes an s.
inline std::string Plural(int64_t number, std::string_view noun) {
  return fmt::format("{}{}", noun, number == 1 ? "" : "s");
}

/// "1 row", "2 rows".
inline std::string Counted(int64_t number, std::string_view noun) {
  return fmt::format("{} {}", number, Plural(number, noun));
}

}  // namespace emberharmony::base
