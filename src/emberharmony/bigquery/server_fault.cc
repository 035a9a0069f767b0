#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/spelling.h"
#include "emberharmony/bigquery/server.h"

namespace emberharmony::bigquery {
namespace {

constexpr std::array<std::pair<std::string_view, FaultKind>, 13> kKinds = {{
    {"cut", FaultKind::kCut},
    {"stall", FaultKind::kStall},
    {"throttle", FaultKind::kThrottle},
    {"duplicate", FaultKind::kDuplicate},
    {"missing", FaultKind::kMissing},
    {"row-count", FaultKind::kRowCount},
    {"truncate", FaultKind::kTruncate},
    {"corrupt", FaultKind::kCorrupt},
    {"schema", FaultKind::kSchema},
    {"expire", FaultKind::kExpire},
    {"uneven", FaultKind::kUneven},
    {"session", FaultKind::kSession},
    {"split", FaultKind::kSplit},
}};

// The statuses of gRPC that are errors.
constexpr std::array<std::string_view, 16> kStatusNames = {
    "CANCELLED", "UNKNOWN",        "INVALID_ARGUMENT",  "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "FAILED_PRECONDITION",
    "INTERNAL",  "UNAVAILABLE",    "DATA_LOSS",         "UNAUTHENTICATED"};

const std::vector<std::string> kKeys = {"after",   "stream",         "times", "status",
                                        "message", "retry-delay-ms", "value"};

arrow::Status Refused(std::string_view text, std::string_view why) {
  return base::UsageError(
      fmt::format("expected a fault such as cut:after=3,times=2, found '{}': {}", text, why));
}

bool ReadNumber(std::string_view text, int64_t min, int64_t* number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && stop == end && *number >= min;
}

arrow::Status SetKey(std::string_view whole, std::string_view key, std::string_view value,
                     ServerFault* fault) {
  if (key == "message") {
    fault->message = value;
    return arrow::Status::OK();
  }
  if (key == "status") {
    if (std::find(kStatusNames.begin(), kStatusNames.end(), value) == kStatusNames.end()) {
      return Refused(whole, fmt::format("the statuses are {}", fmt::join(kStatusNames, ", ")));
    }
    fault->status = value;
    return arrow::Status::OK();
  }
  int64_t stream = 0;
  bool read = false;
  if (key == "after") {
    read = ReadNumber(value, 0, &fault->after);
  } else if (key == "stream") {
    read = ReadNumber(value, 0, &stream) && stream < (1 << 30);
    fault->stream = static_cast<int>(stream);
  } else if (key == "times") {
    read = ReadNumber(value, 0, &fault->times);
  } else if (key == "retry-delay-ms") {
    read = ReadNumber(value, 0, &fault->retry_delay_ms);
  } else if (key == "value") {
    read = ReadNumber(value, -(int64_t{1} << 62), &fault->value);
  } else {
    return Refused(whole, fmt::format("the keys are {}{}", fmt::join(kKeys, ", "),
                                      base::DidYouMean(std::string(key), kKeys)));
  }
  if (!read) return Refused(whole, fmt::format("'{}' is no number that {} takes", value, key));
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<ServerFault> ServerFault::Parse(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(),
                                   [&](const auto& known) { return known.first == kind; });
  if (found == kKinds.end()) {
    std::vector<std::string> names;
    for (const auto& [name, value] : kKinds) names.emplace_back(name);
    return Refused(text, fmt::format("the kinds are {}{}", fmt::join(names, ", "),
                                     base::DidYouMean(std::string(kind), names)));
  }
  ServerFault fault;
  fault.kind = found->second;
  std::string_view rest = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      return Refused(text, fmt::format("'{}' is not KEY=VALUE", item));
    }
    ARROW_RETURN_NOT_OK(SetKey(text, item.substr(0, equals), item.substr(equals + 1), &fault));
  }
  return fault;
}

}  // namespace emberharmony::bigquery
