#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace emberharmony::bigquery::jobs {

/// Asked several times a second while something is waited for; an error ends the waiting.
using StopCheck = std::function<arrow::Status()>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  ///< "Name: value"
  std::string body;
  int64_t timeout_ms = 60000;  ///< of the whole exchange
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case

  /// The first header of that name (in lower case), or "".
  std::string_view Header(std::string_view name) const;
};

/// Sends requests. One thread at a time.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  /// Any answer of a server, whatever its status, is a response; redirects are not followed, since
  /// requests carry credentials. Errors: IOError where the connection failed and another try may
  /// do better; Status::Cancelled from `stop`; Invalid for what no other try helps (a certificate
  /// that does not fit, an answer that is too large).
  virtual arrow::Result<HttpResponse> Send(const HttpRequest& request, const StopCheck& stop) = 0;
};

/// Time, so that tests need not wait for it.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Never goes back.
  virtual int64_t NowMillis() = 0;
  virtual int64_t UnixSeconds() = 0;
  virtual arrow::Status Sleep(int64_t millis, const StopCheck& stop) = 0;
};

/// The system's clock; lives for ever.
Clock* SystemClock();

/// The parts of `scheme://host[:port][/path]`.
struct Url {
  bool https = false;
  std::string host;  ///< without brackets
  int port = 0;
  std::string path;  ///< without the slash at its end

  /// `scheme://host[:port]/path`
  std::string Text() const;
};

/// Reads an http or https URL; without a scheme it is http for a loopback host, else https. User
/// information, queries and fragments are errors.
arrow::Result<Url> ParseUrl(std::string_view text);

/// localhost, 127.0.0.0/8, ::1.
bool IsLoopbackHost(std::string_view host);

/// Everything but unreserved characters as %XX.
std::string PercentEncode(std::string_view text);

}  // namespace emberharmony::bigquery::jobs
