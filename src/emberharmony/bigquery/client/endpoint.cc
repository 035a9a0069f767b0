#include "emberharmony/bigquery/client/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/environment_text_internal.h"

namespace emberharmony::bigquery::client {
namespace {

std::string FirstOf(std::initializer_list<std::string> values) {
  for (const std::string& value : values) {
    if (!value.empty()) return value;
  }
  return "";
}

/// HOST, HOST:PORT or [ADDRESS]:PORT.
arrow::Result<Endpoint> ParseTarget(const std::string& text) {
  const auto wrong = [&] {
    return base::UsageError(
        fmt::format("the endpoint must be HOST:PORT, as in localhost:9060, found '{}'", text));
  };
  std::string host = text;
  std::string port = "443";
  const size_t colon = text.rfind(':');
  const bool bracketed = !text.empty() && text[0] == '[';
  if (colon != std::string::npos && (!bracketed || text[colon - 1] == ']')) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (bracketed && (host.size() < 3 || host.back() != ']')) return wrong();
  const std::string name = bracketed ? host.substr(1, host.size() - 2) : host;
  int number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool is_port =
      error == std::errc() && end == port.data() + port.size() && number > 0 && number < 65536;
  const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_' ||
           (bracketed && (c == ':' || c == '%'));
  });
  if (!is_port || !is_name) return wrong();
  Endpoint endpoint;
  endpoint.target = host + ":" + port;
  endpoint.is_loopback = IsLoopback(name);
  return endpoint;
}

}  // namespace

bool IsLoopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

arrow::Result<Endpoint> ResolveEndpoint(const Connection& connection) {
  const std::string domain =
      FirstOf({connection.universe_domain, EnvironmentText("GOOGLE_CLOUD_UNIVERSE_DOMAIN"),
               "googleapis.com"});
  const std::string text = FirstOf({connection.storage_endpoint,
                                    EnvironmentText("GOOGLE_CLOUD_CPP_BIGQUERY_READ_ENDPOINT"),
                                    "bigquerystorage." + domain});
  ARROW_ASSIGN_OR_RAISE(Endpoint endpoint, ParseTarget(text));
  endpoint.quota_project =
      FirstOf({connection.quota_project, EnvironmentText("GOOGLE_CLOUD_CPP_USER_PROJECT")});
  return endpoint;
}

}  // namespace emberharmony::bigquery::client
