#include "emberharmony/bigquery/server/fault_schedule.h"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace emberharmony::bigquery::server {
namespace {

struct KnownStatus {
  std::string_view name;
  grpc::StatusCode code;
  std::string_view message;
};

// Messages are of the kind that clients of the service report.
constexpr std::array<KnownStatus, 16> kStatuses = {{
    {"CANCELLED", grpc::StatusCode::CANCELLED, "CANCELLED"},
    {"UNKNOWN", grpc::StatusCode::UNKNOWN, "Stream removed"},
    {"INVALID_ARGUMENT", grpc::StatusCode::INVALID_ARGUMENT, "invalid argument"},
    {"DEADLINE_EXCEEDED", grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"},
    {"NOT_FOUND", grpc::StatusCode::NOT_FOUND, "not found"},
    {"ALREADY_EXISTS", grpc::StatusCode::ALREADY_EXISTS, "already exists"},
    {"PERMISSION_DENIED", grpc::StatusCode::PERMISSION_DENIED,
     "request failed: the user does not have 'bigquery.readsessions.create' permission"},
    {"RESOURCE_EXHAUSTED", grpc::StatusCode::RESOURCE_EXHAUSTED,
     "Quota exceeded: Read data plane requests per minute per user"},
    {"ABORTED", grpc::StatusCode::ABORTED, "aborted"},
    {"OUT_OF_RANGE", grpc::StatusCode::OUT_OF_RANGE, "out of range"},
    {"UNIMPLEMENTED", grpc::StatusCode::UNIMPLEMENTED, "unimplemented"},
    {"FAILED_PRECONDITION", grpc::StatusCode::FAILED_PRECONDITION, "failed precondition"},
    {"INTERNAL", grpc::StatusCode::INTERNAL, "Received RST_STREAM with error code 2"},
    {"UNAVAILABLE", grpc::StatusCode::UNAVAILABLE, "Socket closed"},
    {"DATA_LOSS", grpc::StatusCode::DATA_LOSS, "data loss"},
    {"UNAUTHENTICATED", grpc::StatusCode::UNAUTHENTICATED, "unauthenticated"},
}};

bool Befalls(const ServerFault& fault, int64_t message) {
  switch (fault.kind) {
    case FaultKind::kThrottle:
      return message >= fault.after;
    case FaultKind::kSchema:
      return message == 0;
    case FaultKind::kUneven:
    case FaultKind::kSession:
    case FaultKind::kSplit:
      return false;
    default:
      return message == fault.after;
  }
}

}  // namespace

std::vector<ServerFault> FaultSchedule::Due(const std::string& stream_name, int stream_index,
                                            int64_t message) {
  std::vector<ServerFault> due;
  if (faults_.empty()) return due;
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < faults_.size(); ++i) {
    const ServerFault& fault = faults_[i];
    if (!Befalls(fault, message)) continue;
    if (fault.stream >= 0 && fault.stream != stream_index) continue;
    // Of a session that is made in the place of an expired one the streams have other names.
    const bool in_all = fault.kind == FaultKind::kExpire;
    int64_t& committed = committed_[{i, in_all ? "" : stream_name}];
    if (fault.times >= 0 && committed >= fault.times) continue;
    ++committed;
    due.push_back(fault);
  }
  return due;
}

bool FaultSchedule::Fails(FaultKind kind, grpc::Status* status) {
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < faults_.size(); ++i) {
    if (faults_[i].kind != kind) continue;
    int64_t& committed = committed_[{i, ""}];
    if (faults_[i].times >= 0 && committed >= faults_[i].times) continue;
    ++committed;
    *status = FaultStatus(faults_[i]);
    return true;
  }
  return false;
}

bool FaultSchedule::uneven() const {
  return std::any_of(faults_.begin(), faults_.end(),
                     [](const ServerFault& fault) { return fault.kind == FaultKind::kUneven; });
}

grpc::Status FaultStatus(const ServerFault& fault) {
  const auto* known = std::find_if(kStatuses.begin(), kStatuses.end(),
                                   [&](const auto& status) { return status.name == fault.status; });
  if (known == kStatuses.end()) return {grpc::StatusCode::UNKNOWN, fault.message};
  const std::string message = fault.message.empty() ? std::string(known->message) : fault.message;
  if (fault.retry_delay_ms < 0) return {known->code, message};
  constexpr int64_t kMillis = 1000;
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(fault.retry_delay_ms / kMillis);
  info.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>(fault.retry_delay_ms % kMillis * 1'000'000));
  google::rpc::Status details;
  details.set_code(known->code);
  details.set_message(message);
  details.add_details()->PackFrom(info);
  return {known->code, message, details.SerializeAsString()};
}

}  // namespace emberharmony::bigquery::server
