#include "emberharmony/bigquery/connection.h"

#include <cstdlib>

namespace emberharmony::bigquery {
namespace {

bool IsSet(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

bool NamesRestApi(const Connection& connection) {
  return !connection.rest_endpoint.empty() || IsSet("BIGQUERY_EMULATOR_HOST");
}

bool HasRestApi(const Connection& connection) {
  if (NamesRestApi(connection)) return true;
  return connection.storage_endpoint.empty() && !IsSet("GOOGLE_CLOUD_CPP_BIGQUERY_READ_ENDPOINT");
}

}  // namespace emberharmony::bigquery
