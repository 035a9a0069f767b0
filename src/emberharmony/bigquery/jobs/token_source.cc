#include "emberharmony/bigquery/jobs/token_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/credentials_file_internal.h"
#include "emberharmony/bigquery/environment_text_internal.h"
#include "emberharmony/bigquery/jobs/self_signed_jwt.h"

namespace emberharmony::bigquery::jobs {
namespace {

using nlohmann::json;

constexpr const char* kScope = "https://www.googleapis.com/auth/cloud-platform";
constexpr const char* kTokenUrl = "https://oauth2.googleapis.com/token";
constexpr const char* kDefaultUniverse = "googleapis.com";
/// A token is renewed so long before it ends.
constexpr int64_t kRenewSeconds = 300;
constexpr int64_t kTokenTimeoutMillis = 30000;
constexpr int64_t kMetadataTimeoutMillis = 5000;
constexpr int kTokenTries = 4;
constexpr int64_t kFirstTokenPauseMillis = 500;

std::string TokenText(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Status 0: the connection failed, and `body` says how.
using Answer = HttpResponse;

/// Tries a few times where another try may help.
arrow::Result<Answer> SendWithRetries(HttpTransport* transport, Clock* clock,
                                      const HttpRequest& request, int tries,
                                      const StopCheck& stop) {
  int64_t pause = kFirstTokenPauseMillis;
  for (int i = 1;; ++i) {
    arrow::Result<HttpResponse> response = transport->Send(request, stop);
    if (!response.ok() && !response.status().IsIOError()) return response.status();
    const bool done = response.ok() && response->status < 500 && response->status != 429;
    if (done || i == tries) return response;
    ARROW_RETURN_NOT_OK(clock->Sleep(pause, stop));
    pause *= 2;
  }
}

/// Keeps the last token until shortly before its end.
class CachingSource : public TokenSource {
 public:
  CachingSource(Clock* clock, std::string quota_project)
      : clock_(clock), quota_project_(std::move(quota_project)) {}
  arrow::Result<std::string> Token(bool renew, const StopCheck& stop) override {
    if (!renew && clock_->UnixSeconds() < end_seconds_ - kRenewSeconds) return token_;
    end_seconds_ = 0;
    return Fetch(stop);
  }
  const std::string& quota_project() const override { return quota_project_; }

 protected:
  virtual arrow::Result<std::string> Fetch(const StopCheck& stop) = 0;
  std::string Keep(std::string token, int64_t seconds) {
    token_ = std::move(token);
    end_seconds_ = clock_->UnixSeconds() + seconds;
    return token_;
  }
  /// The token in the answer of a token server. `who` was asked.
  arrow::Result<std::string> KeepAnswered(const Answer& answer, std::string_view who) {
    const json body = json::parse(answer.body, nullptr, false);
    std::string token = body.is_object() ? TokenText(body, "access_token") : "";
    const bool plain =
        std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7F; });
    if (token.empty() || !plain) {
      return base::DataError(fmt::format("{} answered without a usable token", who));
    }
    const auto seconds = body.find("expires_in");
    return Keep(std::move(token), seconds != body.end() && seconds->is_number_integer()
                                      ? std::clamp<int64_t>(seconds->get<int64_t>(), 0, 86400)
                                      : 0);
  }

  Clock* clock_;

 private:
  std::string quota_project_;
  std::string token_;
  int64_t end_seconds_ = 0;
};

class ServiceAccount : public CachingSource {
 public:
  ServiceAccount(Clock* clock, std::string quota_project, ServiceAccountKey key,
                 std::string universe)
      : CachingSource(clock, std::move(quota_project)),
        key_(std::move(key)),
        universe_(std::move(universe)) {}
  arrow::Result<std::string> UniverseDomain(const StopCheck&) override { return universe_; }

 protected:
  arrow::Result<std::string> Fetch(const StopCheck&) override {
    ARROW_ASSIGN_OR_RAISE(std::string token,
                          MakeSelfSignedJwt(key_, kScope, clock_->UnixSeconds()));
    return Keep(std::move(token), kJwtSeconds);
  }

 private:
  ServiceAccountKey key_;
  std::string universe_;
};

struct RefreshToken {
  std::string client_id;
  std::string client_secret;
  std::string refresh_token;
  std::string token_url;
};

class AuthorizedUser : public CachingSource {
 public:
  AuthorizedUser(HttpTransport* transport, Clock* clock, std::string quota_project,
                 RefreshToken grant, std::string universe)
      : CachingSource(clock, std::move(quota_project)),
        transport_(transport),
        grant_(std::move(grant)),
        universe_(std::move(universe)) {}
  arrow::Result<std::string> UniverseDomain(const StopCheck&) override { return universe_; }

 protected:
  arrow::Result<std::string> Fetch(const StopCheck& stop) override {
    HttpRequest request;
    request.method = "POST";
    request.url = grant_.token_url;
    request.headers = {"Content-Type: application/x-www-form-urlencoded"};
    request.body =
        fmt::format("grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
                    PercentEncode(grant_.client_id), PercentEncode(grant_.client_secret),
                    PercentEncode(grant_.refresh_token));
    request.timeout_ms = kTokenTimeoutMillis;
    ARROW_ASSIGN_OR_RAISE(const Answer answer,
                          SendWithRetries(transport_, clock_, request, kTokenTries, stop));
    if (answer.status == 200) return KeepAnswered(answer, "the token server");
    const json body = json::parse(answer.body, nullptr, false);
    const std::string error = body.is_object() ? TokenText(body, "error") : "";
    if (error == "invalid_grant") {
      return base::UsageError(
          "the sign-in of gcloud is no longer valid (invalid_grant): run `gcloud auth "
          "application-default login`");
    }
    return base::DataError(fmt::format(
        "the token server refused the credentials of gcloud with HTTP status {}: run `gcloud auth "
        "application-default login`",
        answer.status));
  }

 private:
  HttpTransport* transport_;
  RefreshToken grant_;
  std::string universe_;
};

class MetadataServer : public CachingSource {
 public:
  MetadataServer(HttpTransport* transport, Clock* clock, std::string base_url)
      : CachingSource(clock, ""), transport_(transport), base_url_(std::move(base_url)) {}

  arrow::Result<std::string> UniverseDomain(const StopCheck& stop) override {
    if (universe_) return *universe_;
    ARROW_ASSIGN_OR_RAISE(const Answer answer, Get("universe/universe-domain", stop));
    // Older servers know of no other universe.
    universe_ = answer.status == 200 && !answer.body.empty() ? answer.body : kDefaultUniverse;
    return *universe_;
  }

 protected:
  arrow::Result<std::string> Fetch(const StopCheck& stop) override {
    ARROW_ASSIGN_OR_RAISE(
        const Answer answer,
        Get("instance/service-accounts/default/token?scopes=" + PercentEncode(kScope), stop));
    if (answer.status == 200) return KeepAnswered(answer, "the metadata server");
    return base::DataError(
        fmt::format("the metadata server gave no token (HTTP status {}): has "
                    "this machine a service account?",
                    answer.status));
  }

 private:
  arrow::Result<Answer> Get(const std::string& path, const StopCheck& stop) {
    HttpRequest request;
    request.url = base_url_ + "/computeMetadata/v1/" + path;
    request.headers = {"Metadata-Flavor: Google"};
    request.timeout_ms = kMetadataTimeoutMillis;
    arrow::Result<Answer> answer =
        SendWithRetries(transport_, clock_, request, found_ ? kTokenTries : 1, stop);
    if (answer.status().IsCancelled()) return answer.status();
    // Another server may answer to that name, in a hotel's network for one.
    if (!answer.ok() || answer->Header("metadata-flavor") != "Google") {
      return base::UsageError(fmt::format(
          "no credentials for BigQuery were found: run `gcloud auth application-default login`, or "
          "set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account (looked for: "
          "that variable, gcloud's file, and a metadata server at {})",
          base_url_));
    }
    found_ = true;
    return answer;
  }

  HttpTransport* transport_;
  std::string base_url_;
  bool found_ = false;
  std::optional<std::string> universe_;
};

arrow::Result<std::unique_ptr<TokenSource>> FromFile(const CredentialsFile& file,
                                                     HttpTransport* transport, Clock* clock) {
  const json& content = file.content;
  std::string universe = TokenText(content, "universe_domain");
  if (universe.empty()) universe = kDefaultUniverse;
  if (file.type == "service_account") {
    ServiceAccountKey key{TokenText(content, "client_email"), TokenText(content, "private_key_id"),
                          TokenText(content, "private_key")};
    return std::make_unique<ServiceAccount>(clock, file.quota_project, std::move(key), universe);
  }
  if (file.type == "authorized_user") {
    RefreshToken grant{TokenText(content, "client_id"), TokenText(content, "client_secret"),
                       TokenText(content, "refresh_token"), TokenText(content, "token_uri")};
    if (grant.token_url.empty()) grant.token_url = kTokenUrl;
    const arrow::Result<Url> url = ParseUrl(grant.token_url);
    if (!url.ok() || !(url->https || IsLoopbackHost(url->host))) {
      return base::UsageError(fmt::format(
          "the token_uri in '{}' would carry a secret in plain text: expected an https address",
          file.path));
    }
    return std::make_unique<AuthorizedUser>(transport, clock, file.quota_project, std::move(grant),
                                            universe);
  }
  // gRPC, which reads tables, takes external accounts as well; of other types neither it nor we do.
  const char* const what = file.type == "external_account"
                               ? "serve for tables, but are not supported for queries and views"
                               : "are not supported";
  return base::UsageError(
      fmt::format("credentials of type '{}' (in '{}') {}: use a service account's key, or "
                  "`gcloud auth application-default login`",
                  file.type, file.path, what));
}

}  // namespace

Environment ProcessEnvironment() { return Environment{&EnvironmentText}; }

arrow::Result<std::unique_ptr<TokenSource>> MakeTokenSource(const Environment& environment,
                                                            HttpTransport* transport,
                                                            Clock* clock) {
  ARROW_ASSIGN_OR_RAISE(const auto file, FindCredentialsFile(environment.variable));
  if (file.has_value()) return FromFile(*file, transport, clock);
  std::string host = environment.variable("GCE_METADATA_HOST");
  if (host.empty()) host = "metadata.google.internal";
  return std::make_unique<MetadataServer>(transport, clock, "http://" + host);
}

}  // namespace emberharmony::bigquery::jobs
