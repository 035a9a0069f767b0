#include "emberharmony/bigquery/jobs/curl_transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/jobs/libcurl_internal.h"

namespace emberharmony::bigquery::jobs {
namespace {

constexpr int kPollMillis = 100;
constexpr long kConnectTimeoutMillis = 20000;
constexpr size_t kHeaderBytesMax = size_t{256} << 10;

struct Receiver {
  HttpResponse response;
  size_t header_bytes = 0;
  bool too_large = false;
};

size_t OnBody(char* data, size_t, size_t size, void* receiver_pointer) {
  auto* receiver = static_cast<Receiver*>(receiver_pointer);
  if (size > kAnswerBytesMax - receiver->response.body.size()) {
    receiver->too_large = true;
    return 0;
  }
  receiver->response.body.append(data, size);
  return size;
}

size_t OnHeader(char* data, size_t, size_t size, void* receiver_pointer) {
  auto* receiver = static_cast<Receiver*>(receiver_pointer);
  receiver->header_bytes += size;
  if (receiver->header_bytes > kHeaderBytesMax) {
    receiver->too_large = true;
    return 0;
  }
  const std::string_view line(data, size);
  const size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    receiver->response.headers.clear();  // of the answer before it, 100 Continue
  } else if (colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && static_cast<unsigned char>(value.front()) <= ' ')
      value.remove_prefix(1);
    while (!value.empty() && static_cast<unsigned char>(value.back()) <= ' ')
      value.remove_suffix(1);
    receiver->response.headers.emplace_back(std::move(name), std::string(value));
  }
  return size;
}

/// What no other try can help.
bool IsPermanent(CURLcode code) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_OUT_OF_MEMORY:
      return true;
    default:
      return false;
  }
}

class CurlTransport : public HttpTransport {
 public:
  CurlTransport(const Libcurl* curl, CURLM* multi) : curl_(curl), multi_(multi) {}
  ~CurlTransport() override { curl_->multi_cleanup(multi_); }
  arrow::Result<HttpResponse> Send(const HttpRequest& request, const StopCheck& stop) override;

 private:
  arrow::Status Configure(CURL* handle, const HttpRequest& request, const Url& url,
                          Receiver* receiver, curl_slist** headers, char* error);
  arrow::Result<CURLcode> Perform(CURL* handle, const StopCheck& stop);

  const Libcurl* curl_;
  CURLM* multi_;  ///< keeps connections from one request to the next
};

arrow::Status CurlTransport::Configure(CURL* handle, const HttpRequest& request, const Url& url,
                                       Receiver* receiver, curl_slist** headers, char* error) {
  for (const std::string& header : request.headers) {
    if (header.find_first_of("\r\n") != std::string::npos) {
      return base::UsageError(
          "a request's header has a line break in it: look at the project's "
          "name and the credentials");
    }
    curl_slist* const longer = curl_->slist_append(*headers, header.c_str());
    if (longer == nullptr) return arrow::Status::OutOfMemory("no memory for a request's headers");
    *headers = longer;
  }
  bool fits = true;
  const auto set = [&](CURLoption option, auto value) {
    fits = curl_->easy_setopt(handle, option, value) == CURLE_OK && fits;
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_ERRORBUFFER, error);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMillis);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  set(CURLOPT_HTTPHEADER, *headers);
  set(CURLOPT_WRITEFUNCTION, &OnBody);
  set(CURLOPT_WRITEDATA, static_cast<void*>(receiver));
  set(CURLOPT_HEADERFUNCTION, &OnHeader);
  set(CURLOPT_HEADERDATA, static_cast<void*>(receiver));
  if (IsLoopbackHost(url.host)) set(CURLOPT_PROXY, "");
  if (const char* authorities = std::getenv("SSL_CERT_FILE"); authorities && *authorities) {
    set(CURLOPT_CAINFO, authorities);
  }
  if (request.method == "POST") {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
  } else if (request.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (!fits)
    return base::DataError("libcurl does not know an option that it must: " +
                           std::string(curl_->version()));
  return arrow::Status::OK();
}

arrow::Result<CURLcode> CurlTransport::Perform(CURL* handle, const StopCheck& stop) {
  if (curl_->multi_add_handle(multi_, handle) != CURLM_OK) {
    return base::DataError("libcurl refused a request");
  }
  arrow::Status status;
  int running = 1;
  while (status.ok()) {
    if (curl_->multi_perform(multi_, &running) != CURLM_OK) {
      status = base::DataError("libcurl failed");
    } else if (running == 0) {
      break;
    } else {
      if (stop) status = stop();
      if (status.ok()) curl_->multi_poll(multi_, nullptr, 0, kPollMillis, nullptr);
    }
  }
  CURLcode code = CURLE_OK;
  int left = 0;
  while (const CURLMsg* message = curl_->multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE && message->easy_handle == handle) {
      code = message->data.result;
    }
  }
  curl_->multi_remove_handle(multi_, handle);
  ARROW_RETURN_NOT_OK(status);
  return code;
}

arrow::Result<HttpResponse> CurlTransport::Send(const HttpRequest& request, const StopCheck& stop) {
  const size_t query = request.url.find('?');
  ARROW_ASSIGN_OR_RAISE(const Url url, ParseUrl(std::string_view(request.url).substr(0, query)));
  CURL* const handle = curl_->easy_init();
  if (handle == nullptr) return arrow::Status::OutOfMemory("no memory for a request");
  Receiver receiver;
  curl_slist* headers = nullptr;
  char error[CURL_ERROR_SIZE] = "";
  arrow::Result<CURLcode> code = CURLE_OK;
  if (arrow::Status ready = Configure(handle, request, url, &receiver, &headers, error);
      ready.ok()) {
    code = Perform(handle, stop);
  } else {
    code = std::move(ready);
  }
  long status = 0;
  curl_->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  curl_->slist_free_all(headers);
  curl_->easy_cleanup(handle);
  ARROW_RETURN_NOT_OK(code.status());
  if (receiver.too_large) {
    return base::DataError(
        fmt::format("the answer of {} is larger than {} bytes", url.host, kAnswerBytesMax));
  }
  if (*code != CURLE_OK) {
    const std::string message =
        fmt::format("{}: {}", url.host, *error ? error : curl_->easy_strerror(*code));
    return IsPermanent(*code) ? base::DataError(message) : arrow::Status::IOError(message);
  }
  receiver.response.status = static_cast<int>(status);
  return std::move(receiver.response);
}

}  // namespace

arrow::Result<std::unique_ptr<HttpTransport>> MakeCurlTransport() {
  ARROW_ASSIGN_OR_RAISE(const Libcurl* curl, LoadLibcurl());
  CURLM* const multi = curl->multi_init();
  if (multi == nullptr) return arrow::Status::OutOfMemory("no memory for libcurl");
  return std::make_unique<CurlTransport>(curl, multi);
}

}  // namespace emberharmony::bigquery::jobs
