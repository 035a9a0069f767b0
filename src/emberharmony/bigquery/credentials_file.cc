#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/printable_text.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/bigquery/credentials_file_internal.h"

namespace emberharmony::bigquery {
namespace {

using nlohmann::json;

constexpr int64_t kFileBytesMax = int64_t{1} << 20;

/// What credentials of a type must hold, as texts.
struct CredentialsType {
  const char* name;
  std::vector<const char*> texts;
};

const std::vector<CredentialsType>& KnownTypes() {
  static const std::vector<CredentialsType> types = {
      {"service_account", {"client_email", "private_key"}},
      {"authorized_user", {"client_id", "client_secret", "refresh_token"}},
      {"external_account", {"audience", "subject_token_type", "token_url"}},
      {"impersonated_service_account", {"service_account_impersonation_url"}},
  };
  return types;
}

std::string TextMember(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

arrow::Status CheckContent(const CredentialsFile& file) {
  std::vector<std::string> names;
  for (const CredentialsType& type : KnownTypes()) {
    names.emplace_back(type.name);
    if (file.type != type.name) continue;
    for (const char* text : type.texts) {
      if (!TextMember(file.content, text).empty()) continue;
      return base::UsageError(fmt::format(
          "the credentials in '{}', of type {}, are incomplete: expected {}; get the file anew, "
          "from the Google Cloud console or with `gcloud auth application-default login`",
          file.path, file.type, fmt::join(type.texts, ", ")));
    }
    return arrow::Status::OK();
  }
  return base::UsageError(fmt::format(
      "the credentials in '{}' should have one of the types {}, found '{}'; use a service "
      "account's key, or `gcloud auth application-default login`",
      file.path, fmt::join(names, ", "), base::PrintableText(file.type.substr(0, 100))));
}

arrow::Result<CredentialsFile> ReadCredentials(std::string path, bool is_named) {
  const std::string whose = is_named ? " (named by GOOGLE_APPLICATION_CREDENTIALS)" : "";
  const auto text = base::ReadFile(path, kFileBytesMax);
  if (!text.ok()) {
    return base::UsageError(
        fmt::format("the credentials{} cannot be read: {}", whose, text.status().message()));
  }
  CredentialsFile file;
  file.path = std::move(path);
  file.content = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!file.content.is_object()) {
    return base::UsageError(fmt::format(
        "the credentials in '{}'{} should be a JSON object, but are not", file.path, whose));
  }
  file.type = TextMember(file.content, "type");
  file.quota_project = TextMember(file.content, "quota_project_id");
  ARROW_RETURN_NOT_OK(CheckContent(file));
  return file;
}

}  // namespace

arrow::Result<std::optional<CredentialsFile>> FindCredentialsFile(
    const std::function<std::string(const char* name)>& variable) {
  std::string path = variable("GOOGLE_APPLICATION_CREDENTIALS");
  const bool is_named = !path.empty();
  if (!is_named) {
    std::string folder = variable("CLOUDSDK_CONFIG");
    if (const std::string home = variable("HOME"); folder.empty() && !home.empty()) {
      folder = home + "/.config/gcloud";
    }
    path = folder + "/application_default_credentials.json";
    std::error_code error;
    if (folder.empty() || !std::filesystem::exists(path, error)) {
      return std::optional<CredentialsFile>();
    }
  }
  ARROW_ASSIGN_OR_RAISE(CredentialsFile file, ReadCredentials(std::move(path), is_named));
  return std::optional<CredentialsFile>(std::move(file));
}

}  // namespace emberharmony::bigquery
