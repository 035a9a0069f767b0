#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace emberharmony::bigquery::jobs {

/// A member of an object, or null where it is none or has none of that name.
const nlohmann::json* Member(const nlohmann::json& object, const char* name);
/// A member of a member and so on.
const nlohmann::json* At(const nlohmann::json& object, std::initializer_list<const char*> path);
/// A text, or "".
std::string TextAt(const nlohmann::json& object, std::initializer_list<const char*> path);
/// An integer; the API writes those of 64 bits as texts.
std::optional<int64_t> IntegerAt(const nlohmann::json& object,
                                 std::initializer_list<const char*> path);
bool FlagAt(const nlohmann::json& object, std::initializer_list<const char*> path);

}  // namespace emberharmony::bigquery::jobs
