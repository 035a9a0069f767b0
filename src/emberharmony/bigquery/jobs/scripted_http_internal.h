#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/bigquery/jobs/http.h"
#include "emberharmony/bigquery/jobs/token_source.h"

namespace emberharmony::bigquery::jobs {

/// For tests: a clock that jumps over every pause, and remembers it.
class ScriptedClock : public Clock {
 public:
  int64_t NowMillis() override { return now_ms; }
  int64_t UnixSeconds() override { return 1700000000 + now_ms / 1000; }
  arrow::Status Sleep(int64_t millis, const StopCheck& stop) override {
    pauses.push_back(millis);
    now_ms += millis;
    return stop ? stop() : arrow::Status::OK();
  }

  int64_t now_ms = 0;
  std::vector<int64_t> pauses;
};

/// For tests: answers requests from a list, and remembers them. A request beyond the list fails the
/// test.
class ScriptedTransport : public HttpTransport {
 public:
  /// The next answer; status 0 is a connection that fails.
  ScriptedTransport& Answer(int status, std::string body,
                            std::vector<std::pair<std::string, std::string>> headers = {}) {
    answers_.push_back(HttpResponse{status, std::move(body), std::move(headers)});
    return *this;
  }
  arrow::Result<HttpResponse> Send(const HttpRequest& request, const StopCheck& stop) override {
    requests.push_back(request);
    if (on_send) on_send(request);
    if (stop) ARROW_RETURN_NOT_OK(stop());
    if (answers_.empty()) {
      ADD_FAILURE() << "no answer is left for " << request.method << " " << request.url;
      return arrow::Status::Invalid("the script has ended");
    }
    HttpResponse response = std::move(answers_.front());
    answers_.pop_front();
    if (response.status == 0) return arrow::Status::IOError("connection reset");
    return response;
  }
  size_t num_left() const { return answers_.size(); }

  std::vector<HttpRequest> requests;
  std::function<void(const HttpRequest&)> on_send;

 private:
  std::deque<HttpResponse> answers_;
};

/// For tests: an environment of these variables alone.
inline Environment EnvironmentOf(std::map<std::string, std::string> variables) {
  return Environment{[variables = std::move(variables)](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  }};
}

inline bool HasHeader(const HttpRequest& request, const std::string& header) {
  for (const std::string& each : request.headers) {
    if (each == header) return true;
  }
  return false;
}

}  // namespace emberharmony::bigquery::jobs
