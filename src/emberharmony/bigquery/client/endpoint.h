#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>

#include "emberharmony/bigquery/connection.h"

namespace emberharmony::bigquery::client {

/// Where the Storage Read API is, and who pays, after the environment has been asked.
struct Endpoint {
  std::string target;         ///< HOST:PORT
  bool is_loopback = false;   ///< spoken to in plain text, without credentials
  std::string quota_project;  ///< empty: the credentials' own project
};

/// The connection's settings, then the environment's, then defaults (connection.h). UsageError for
/// what is not HOST or HOST:PORT.
arrow::Result<Endpoint> ResolveEndpoint(const Connection& connection);

/// Whether a host is this machine by name: localhost, 127.x.y.z, ::1.
bool IsLoopback(std::string_view host);

}  // namespace emberharmony::bigquery::client
