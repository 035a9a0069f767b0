#include "emberharmony/bigquery/client/retry_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/philox.h"
#include "emberharmony/bigquery/not_found.h"
#include "emberharmony/bigquery/partition_filter.h"

namespace emberharmony::bigquery::client {
namespace {

constexpr std::array<const char*, 17> kCodeNames = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};

std::string CodeName(RpcCode code) {
  const auto number = static_cast<size_t>(code);
  return number < kCodeNames.size() ? kCodeNames[number] : fmt::format("status {}", number);
}

}  // namespace

bool IsRetryable(const RpcStatus& status) {
  switch (status.code) {
    case RpcCode::kUnavailable:
    case RpcCode::kUnknown:
    case RpcCode::kAborted:
    case RpcCode::kDeadlineExceeded:
    // Nobody here has cancelled it: a proxy or the service has.
    case RpcCode::kCancelled:
    // The clients that look at the text of INTERNAL keep adding to their lists of texts; others
    // retry all of them. Here the time without progress bounds what a lasting error costs.
    case RpcCode::kInternal:
      return true;
    case RpcCode::kResourceExhausted:
      return status.retry_delay_ms.has_value();
    default:
      return false;
  }
}

bool IsExpiry(const RpcStatus& status) {
  return status.code == RpcCode::kFailedPrecondition &&
         status.message.find("expired") != std::string::npos;
}

int64_t Backoff::NextDelayMs(const RpcStatus& status) {
  const int doublings = std::min(failures_, 30);
  ++failures_;
  const int64_t full = std::min(options_.first_delay_ms << doublings, options_.delay_max_ms);
  const auto random = base::Philox4x32(
      {draws_++, stream_, 0, 0},
      {static_cast<uint32_t>(options_.seed), static_cast<uint32_t>(options_.seed >> 32)});
  const int64_t delay = full - full / 2 * random[0] / UINT32_MAX;
  return std::max(delay, status.retry_delay_ms.value_or(0));
}

std::string RpcText(const RpcStatus& status) {
  return status.message.empty() ? CodeName(status.code)
                                : CodeName(status.code) + ": " + status.message;
}

arrow::Status RpcError(const RpcStatus& status, const std::string& what) {
  const std::string text = what + ": " + RpcText(status);
  switch (status.code) {
    case RpcCode::kInvalidArgument:
      if (RequiresPartitionFilter(status.message)) {
        const std::string column = PartitionColumnOf(status.message);
        return base::UsageError(
            text +
            "; the table is only read with a condition on that column, in a term of its own: add "
            "one (--where \"" +
            (column.empty() ? "COLUMN" : column) + " >= '2024-01-31'\")");
      }
      return base::UsageError(text + "; look at the columns, the filter and the snapshot time");
    case RpcCode::kNotFound:
      return NotFoundError(text +
                           "; check the names of project, data set and table, and that the "
                           "table has not been deleted");
    case RpcCode::kPermissionDenied:
      return base::DataError(text +
                             "; reading needs bigquery.readsessions.create, "
                             "bigquery.readsessions.getData and bigquery.tables.getData, which the "
                             "roles BigQuery Read Session User and BigQuery Data Viewer hold");
    case RpcCode::kUnauthenticated:
      return base::DataError(text +
                             "; log in with `gcloud auth application-default login`, or set "
                             "GOOGLE_APPLICATION_CREDENTIALS to a key file");
    case RpcCode::kResourceExhausted:
      return base::DataError(text +
                             "; a quota of the project is used up: try again later, or with "
                             "fewer readers at a time");
    case RpcCode::kFailedPrecondition:
      if (IsExpiry(status)) {
        return base::DataError(text +
                               "; sessions end after 6 hours, whatever has been read: run again, "
                               "with fewer columns or rows at a time if the table takes longer, or "
                               "in ranges of a column (unit_column), which outlive sessions");
      }
      return base::DataError(text);
    case RpcCode::kUnavailable:
      return base::DataError(text + "; check the network and the endpoint, and run again");
    default:
      return base::DataError(text);
  }
}

}  // namespace emberharmony::bigquery::client
