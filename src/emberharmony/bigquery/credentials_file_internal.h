#pragma once

#include <arrow/result.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace emberharmony::bigquery {

/// A file of application default credentials (AIP-4110).
struct CredentialsFile {
  std::string path;
  std::string type;  ///< one of four: service_account, authorized_user, external_account,
                     ///< impersonated_service_account
  std::string quota_project;
  nlohmann::json content;  ///< an object; holds secrets, which no message may tell
};

/// The file that $GOOGLE_APPLICATION_CREDENTIALS names, or the one of `gcloud auth
/// application-default login` in $CLOUDSDK_CONFIG or ~/.config/gcloud; nothing where there is none
/// (the metadata server may serve then). `variable` gives environment variables.
///
/// UsageErrors for a file that cannot be read, is no JSON object, or lacks what credentials of its
/// type need: they say what to do, and hold nothing of its content but the type.
arrow::Result<std::optional<CredentialsFile>> FindCredentialsFile(
    const std::function<std::string(const char* name)>& variable);

}  // namespace emberharmony::bigquery
