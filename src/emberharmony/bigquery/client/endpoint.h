#pragma once

#include <arrow/result.h>

#include <optional>
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

/// What the file of application default credentials says beside its secrets, which are not kept.
struct CredentialsFile {
  std::string path;
  std::string type;  ///< service_account, authorized_user, external_account ...
  std::string quota_project;
};

/// The file that $GOOGLE_APPLICATION_CREDENTIALS names, or the one of `gcloud auth
/// application-default login`; nothing where there is none (the metadata server may serve then).
/// DataError for a file that is named and can't be read, or is no JSON object.
arrow::Result<std::optional<CredentialsFile>> FindCredentialsFile();

}  // namespace emberharmony::bigquery::client
