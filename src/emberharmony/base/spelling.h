#pragma once

#include <span>
#include <string>
#include <string_view>

namespace emberharmony::base {

/// The candidate nearest to `word` by Damerau-Levenshtein distance; where none is near enough to be
/// meant, the shortest that begins with it, if that is three letters or more; else "".
std::string NearestName(std::string_view word, std::span<const std::string> candidates);

/// "; did you mean 'one_hot'?" or "" when nothing is near.
std::string DidYouMean(std::string_view word, std::span<const std::string> candidates);

/// With the letters A to Z small; all other bytes stay.
std::string LowerAscii(std::string_view text);

}  // namespace emberharmony::base
