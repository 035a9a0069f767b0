#include "emberharmony/bigquery/jobs/http.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <iterator>
#include <thread>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::bigquery::jobs {
namespace {

constexpr int64_t kStopCheckMillis = 50;

class RealClock : public Clock {
 public:
  int64_t NowMillis() override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  }
  int64_t UnixSeconds() override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
  }
  arrow::Status Sleep(int64_t millis, const StopCheck& stop) override {
    for (int64_t left = millis; left > 0; left -= kStopCheckMillis) {
      if (stop) ARROW_RETURN_NOT_OK(stop());
      std::this_thread::sleep_for(std::chrono::milliseconds(std::min(left, kStopCheckMillis)));
    }
    return stop ? stop() : arrow::Status::OK();
  }
};

arrow::Status BadUrl(std::string_view text, std::string_view why) {
  return base::UsageError(
      fmt::format("expected an address as https://bigquery.googleapis.com or http://localhost:9050 "
                  "({}), found '{}'",
                  why, text));
}

/// Splits "host:port", "[v6]:port"; false if neither.
bool SplitAuthority(std::string_view authority, Url* url) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return false;
    url->host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    in6_addr address;
    if (inet_pton(AF_INET6, url->host.c_str(), &address) != 1) return false;
  } else {
    const size_t colon = authority.find(':');
    url->host = authority.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
    const bool plain = std::all_of(url->host.begin(), url->host.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '-' || c == '_';
    });
    if (url->host.empty() || !plain) return false;
  }
  if (port.empty()) {
    url->port = url->https ? 443 : 80;
    return true;
  }
  if (!port.starts_with(':')) return false;
  const char* const end = port.data() + port.size();
  const auto [stop, error] = std::from_chars(port.data() + 1, end, url->port);
  return error == std::errc() && stop == end && url->port >= 1 && url->port <= 65535;
}

}  // namespace

Clock* SystemClock() {
  static auto* const clock = new RealClock;
  return clock;
}

std::string_view HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

bool IsLoopbackHost(std::string_view host) {
  const std::string text(host);
  if (strcasecmp(text.c_str(), "localhost") == 0) return true;
  in_addr v4;
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

arrow::Result<Url> ParseUrl(std::string_view text) {
  Url url;
  std::string_view rest = text;
  bool has_scheme = true;
  if (rest.starts_with("https://")) {
    url.https = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.find("://") != std::string_view::npos) {
    return BadUrl(text, "http or https");
  } else {
    has_scheme = false;
  }
  const size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) url.path = rest.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();
  const bool odd = std::any_of(url.path.begin(), url.path.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '?' || c == '#' || c == '\\';
  });
  if (odd) return BadUrl(text, "no query, fragment or space");
  if (!SplitAuthority(authority, &url)) return BadUrl(text, "a host, and perhaps a port");
  if (!has_scheme && !IsLoopbackHost(url.host)) {
    url.https = true;
    if (!SplitAuthority(authority, &url)) return BadUrl(text, "a host, and perhaps a port");
  }
  return url;
}

std::string Url::Text() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string text =
      fmt::format("http{}://{}{}{}", https ? "s" : "", v6 ? "[" : "", host, v6 ? "]" : "");
  if (port != (https ? 443 : 80)) text += fmt::format(":{}", port);
  return text + path;
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace emberharmony::bigquery::jobs
