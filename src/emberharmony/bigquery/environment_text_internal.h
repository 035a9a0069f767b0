#pragma once

#include <cstdlib>
#include <string>

namespace emberharmony::bigquery {

/// An environment variable, or "".
inline std::string EnvironmentText(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace emberharmony::bigquery
