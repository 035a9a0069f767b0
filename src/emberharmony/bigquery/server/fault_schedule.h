#pragma once

#include <grpcpp/support/status.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/bigquery/server.h"

namespace emberharmony::bigquery::server {

/// Which faults are due. It remembers how often each stream has met each fault. Thread-safe.
class FaultSchedule {
 public:
  explicit FaultSchedule(ServerFaults faults) : faults_(std::move(faults.faults)) {}

  /// The faults that befall message `message` of a call for a stream, in the order in which they
  /// were given; each counts as committed. Throttling befalls every message from `after` on, and a
  /// changed schema the first of a call.
  std::vector<ServerFault> Due(const std::string& stream_name, int stream_index, int64_t message);
  /// Whether a call of this kind (kSession, kSplit) fails, and how.
  bool Fails(FaultKind kind, grpc::Status* status);
  bool uneven() const;

 private:
  const std::vector<ServerFault> faults_;
  std::mutex mutex_;
  std::map<std::pair<size_t, std::string>, int64_t> committed_;  // guarded by mutex_
};

/// The status a fault ends a call with, RetryInfo included.
grpc::Status FaultStatus(const ServerFault& fault);

}  // namespace emberharmony::bigquery::server
