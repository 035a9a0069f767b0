#include "emberharmony/bigquery/jobs/rest_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/printable_text.h"
#include "emberharmony/bigquery/not_found.h"

namespace emberharmony::bigquery::jobs {
namespace {

using nlohmann::json;

constexpr size_t kMessageBytesMax = 2000;
constexpr int64_t kRetryAfterSecondsMax = 600;

std::string AnswerText(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Reads {"error": {"message": ..., "errors": [{"reason": ..., "message": ...}]}}.
void ReadError(const json& body, RestAnswer* answer) {
  const auto error = body.is_object() ? body.find("error") : body.end();
  if (!body.is_object() || error == body.end() || !error->is_object()) return;
  answer->message = AnswerText(*error, "message");
  const auto errors = error->find("errors");
  if (errors != error->end() && errors->is_array() && !errors->empty() &&
      errors->front().is_object()) {
    answer->reason = AnswerText(errors->front(), "reason");
  }
}

int64_t RetryAfterMillis(std::string_view text) {
  int64_t seconds = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  // A date is not worth reading: the backoff does as well.
  if (error != std::errc() || stop != text.data() + text.size()) return 0;
  return std::clamp<int64_t>(seconds, 0, kRetryAfterSecondsMax) * 1000;
}

}  // namespace

bool IsRetryableReason(std::string_view reason) {
  return reason == "rateLimitExceeded" || reason == "backendError" || reason == "internalError" ||
         reason == "badGateway";
}

bool RestAnswer::retryable() const {
  if (status == 0) return true;
  if (!reason.empty()) return IsRetryableReason(reason);
  return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

arrow::Status RestAnswer::ToStatus(std::string_view what) const {
  std::string text = message.substr(0, kMessageBytesMax);
  if (text.empty()) text = fmt::format("HTTP status {}", status);
  text = base::PrintableText(text);
  std::string_view advice;
  if (status == 0) {
    advice = "; check the network, and the address of the REST API if one was named";
  } else if (status == 401) {
    advice =
        "; the service does not accept the credentials: run `gcloud auth application-default "
        "login`";
  } else if (status == 403 && reason == "accessDenied") {
    advice = "; reading needs the roles BigQuery Data Viewer, Job User and Read Session User";
  } else if (status >= 300 && status < 400) {
    advice =
        "; a redirect is not followed, since requests carry credentials: check the REST "
        "endpoint";
  }
  std::string all = fmt::format("BigQuery, {}: {}{}{}", what, text,
                                reason.empty() ? "" : fmt::format(" ({})", reason), advice);
  if (status == 404 && reason == "notFound") return NotFoundError(std::move(all));
  const bool usage = status == 400 || status == 401;
  return usage ? base::UsageError(std::move(all)) : base::DataError(std::move(all));
}

RestClient::RestClient(std::string base_url, std::string quota_project, HttpTransport* transport,
                       TokenSource* tokens, Clock* clock)
    : base_url_(std::move(base_url)),
      quota_project_(std::move(quota_project)),
      transport_(transport),
      tokens_(tokens),
      clock_(clock) {
  const arrow::Result<Url> url = ParseUrl(base_url_);
  if (url.ok() && IsLoopbackHost(url->host)) unreached_millis_max_ = kLocalUnreachedMillisMax;
}

arrow::Result<RestAnswer> RestClient::Send(const RestCall& call, bool renew_token,
                                           const StopCheck& stop) {
  HttpRequest request;
  request.method = call.method;
  request.url = base_url_ + "/" + call.path;
  request.timeout_ms = call.timeout_ms;
  request.headers = {"Accept: application/json", "User-Agent: emberharmony"};
  if (!call.body.is_null()) {
    request.headers.emplace_back("Content-Type: application/json");
    request.body = call.body.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  if (!quota_project_.empty()) {
    request.headers.emplace_back("x-goog-user-project: " + quota_project_);
  }
  std::string token;
  if (tokens_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(token, tokens_->Token(renew_token, stop));
    request.headers.emplace_back("Authorization: Bearer " + token);
  }
  RestAnswer answer;
  arrow::Result<HttpResponse> response = transport_->Send(request, stop);
  if (!response.ok()) {
    if (!response.status().IsIOError()) return response.status();
    answer.message = response.status().message();
    return answer;
  }
  answered_ = true;
  answer.status = response->status;
  answer.body = json::parse(response->body, nullptr, false);
  answer.retry_after_ms = RetryAfterMillis(response->Header("retry-after"));
  if (answer.ok()) {
    if (!answer.body.is_object()) {
      return base::DataError(fmt::format(
          "BigQuery answered to {} with something that is not a JSON object: check the REST "
          "endpoint {}",
          call.method, base_url_));
    }
  } else {
    ReadError(answer.body, &answer);
    // A server that echoes requests must not make a message tell the token.
    if (!token.empty() && answer.message.find(token) != std::string::npos) answer.message.clear();
  }
  return answer;
}

arrow::Result<RestAnswer> RestClient::TryOnce(const RestCall& call, const StopCheck& stop) {
  ARROW_ASSIGN_OR_RAISE(RestAnswer answer, Send(call, false, stop));
  if (answer.status != 401 || tokens_ == nullptr) return answer;
  return Send(call, true, stop);
}

arrow::Result<RestAnswer> RestClient::Call(const RestCall& call, const StopCheck& stop) {
  Backoff backoff = NewBackoff();
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(RestAnswer answer, TryOnce(call, stop));
    if (answer.ok() || !answer.retryable()) return answer;
    backoff.set_millis_max(retry_millis_max());
    ARROW_ASSIGN_OR_RAISE(const bool again, backoff.Wait(answer.retry_after_ms, stop));
    if (again) continue;
    answer.message += fmt::format(" (after {} tries)", backoff.tries());
    return answer;
  }
}

}  // namespace emberharmony::bigquery::jobs
