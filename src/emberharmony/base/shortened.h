#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace emberharmony::base {

/// A value as messages quote it: its first bytes, at most `bytes_max`, whole UTF-8 sequences where
/// it is UTF-8, and how many it has in all where that is more: a message that repeats a megabyte
/// cannot be read. Text of at most `bytes_max` bytes stays what it is.
std::string Shortened(std::string_view text, size_t bytes_max = 80);

}  // namespace emberharmony::base
