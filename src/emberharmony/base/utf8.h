#pragma once

#include <cstddef>
#include <string_view>

namespace emberharmony::base {

/// The length of the UTF-8 sequence at the start of `bytes` (not empty), or 0 if it is not
/// well-formed (Unicode 15, table 3-7). Then `*invalid_length`, unless it is nullptr, is the
/// maximal subpart that one replacement character stands for.
size_t Utf8SequenceLength(std::string_view bytes, size_t* invalid_length = nullptr);

/// Whether all of `bytes` is well-formed UTF-8.
bool IsUtf8(std::string_view bytes);

}  // namespace emberharmony::base
