#pragma once

#include <arrow/result.h>

#include <functional>
#include <memory>
#include <string>

#include "emberharmony/bigquery/jobs/http.h"

namespace emberharmony::bigquery::jobs {

/// Gives access tokens for the REST API. One thread at a time. No error holds a secret.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  /// A token that is valid for minutes to come. `renew`: not the one that was given before, since
  /// the service refused it.
  virtual arrow::Result<std::string> Token(bool renew, const StopCheck& stop) = 0;
  /// Of the credentials' file; empty: none.
  virtual const std::string& quota_project() const = 0;
  /// Whose services the tokens are for ("googleapis.com").
  virtual arrow::Result<std::string> UniverseDomain(const StopCheck& stop) = 0;
};

/// Where credentials are looked for.
struct Environment {
  /// An environment variable, or "".
  std::function<std::string(const char* name)> variable;
};
Environment ProcessEnvironment();

/// The application default credentials (AIP-4110), in this order: the file that
/// $GOOGLE_APPLICATION_CREDENTIALS names; application_default_credentials.json in $CLOUDSDK_CONFIG
/// or ~/.config/gcloud; the metadata server ($GCE_METADATA_HOST, else metadata.google.internal).
///
/// Files may be of the types service_account and authorized_user; others are usage errors that say
/// so. Tokens are asked for over https only, but that a loopback host may be spoken to in plain
/// text. The transport and the clock outlive the source.
arrow::Result<std::unique_ptr<TokenSource>> MakeTokenSource(const Environment& environment,
                                                            HttpTransport* transport, Clock* clock);

}  // namespace emberharmony::bigquery::jobs
