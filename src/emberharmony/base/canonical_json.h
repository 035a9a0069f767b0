#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace emberharmony::base {

/// JSON text that depends on the value alone: keys sorted by bytes, two-space indentation, doubles
/// in the shortest form that reads back to the same bits (std::to_chars; integral ones with ".0"),
/// integers beyond 2^53 as strings, NaN and infinities as the strings "NaN", "Infinity",
/// "-Infinity", strings escaped as UTF-8 (invalid bytes as \ufffd). Ends with a newline.
std::string CanonicalJson(const nlohmann::json& value);

}  // namespace emberharmony::base
