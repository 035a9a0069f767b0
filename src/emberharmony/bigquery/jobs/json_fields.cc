#include <charconv>

#include "emberharmony/bigquery/jobs/json_fields_internal.h"

namespace emberharmony::bigquery::jobs {

using nlohmann::json;

const json* Member(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

const json* At(const json& object, std::initializer_list<const char*> path) {
  const json* at = &object;
  for (const char* name : path) {
    at = Member(*at, name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string TextAt(const json& object, std::initializer_list<const char*> path) {
  const json* at = At(object, path);
  return at != nullptr && at->is_string() ? at->get<std::string>() : std::string();
}

std::optional<int64_t> IntegerAt(const json& object, std::initializer_list<const char*> path) {
  const json* at = At(object, path);
  if (at == nullptr) return std::nullopt;
  if (at->is_number_integer()) return at->get<int64_t>();
  if (!at->is_string()) return std::nullopt;
  const auto& text = at->get_ref<const std::string&>();
  int64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

bool FlagAt(const json& object, std::initializer_list<const char*> path) {
  const json* at = At(object, path);
  return at != nullptr && at->is_boolean() && at->get<bool>();
}

}  // namespace emberharmony::bigquery::jobs
