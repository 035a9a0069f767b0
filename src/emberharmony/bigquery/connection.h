#pragma once

#include <string>

namespace emberharmony::bigquery {

/// How the services are reached, and who pays. Empty texts mean what the environment says, then the
/// default.
struct Connection {
  /// HOST:PORT of the Storage Read API; default: $GOOGLE_CLOUD_CPP_BIGQUERY_READ_ENDPOINT, then
  /// bigquerystorage.DOMAIN:443. A loopback host is spoken to in plain text and without
  /// credentials, any other through TLS with the application default credentials.
  std::string storage_endpoint;
  /// URL of the REST API; default: $BIGQUERY_EMULATOR_HOST, then https://bigquery.DOMAIN.
  std::string rest_endpoint;
  /// The project that sessions and jobs belong to; default: the table's own.
  std::string billing_project;
  /// Sent as x-goog-user-project; default: $GOOGLE_CLOUD_CPP_USER_PROJECT, then the quota project
  /// of the credentials.
  std::string quota_project;
  /// Default: $GOOGLE_CLOUD_UNIVERSE_DOMAIN, then googleapis.com.
  std::string universe_domain;
};

/// Whether the REST API is the one that goes with the Storage Read API: not where only the latter
/// is another server than Google's.
bool HasRestApi(const Connection& connection);

/// Whether the caller or the environment names a REST API of its own.
bool NamesRestApi(const Connection& connection);

}  // namespace emberharmony::bigquery
