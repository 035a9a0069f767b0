#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "emberharmony/bigquery/server/fault_schedule.h"
#include "emberharmony/bigquery/server/rows_response.h"
#include "emberharmony/bigquery/server/session_store.h"
#include "emberharmony/bigquery/server/stream_reader.h"

namespace emberharmony::bigquery::server {

/// What comes next in a call of ReadRows.
struct ProducedResponse {
  enum class Kind { kResponse, kEnd, kStall } kind = Kind::kEnd;
  grpc::ByteBuffer response;
  grpc::Status status;  ///< kEnd
};

/// Called with the size of the rows of a response; what it returns lives as long as gRPC holds
/// them.
using TakeBytes = std::function<std::shared_ptr<void>(int64_t bytes)>;

/// Makes the responses of one call of ReadRows, with the faults that are due. One thread at a time.
class RowsProducer {
 public:
  /// The store, the schedule and the cache must outlive it; the cache may be null.
  RowsProducer(std::string stream_name, StreamPtr stream, int64_t offset, const SessionStore* store,
               FaultSchedule* faults, MessageCache* cache, arrow::MemoryPool* pool);

  ProducedResponse Next(const TakeBytes& take);

 private:
  /// What the faults that are due do to the next response.
  struct Changes {
    std::optional<ProducedResponse> instead;
    bool duplicate = false;
    bool leave_out = false;
    bool other_schema = false;
    int64_t row_count = 0;
    int64_t cut_bytes = 0;
    int64_t flipped_byte = -1;
  };

  Changes ChangesDue();
  arrow::Result<std::optional<StreamMessage>> NextMessage(const Changes& changes);
  ProducedResponse Respond(const StreamMessage& message, const Changes& changes,
                           const TakeBytes& take);

  const std::string stream_name_;
  const StreamPtr stream_;
  const SessionStore* const store_;
  FaultSchedule* const faults_;
  arrow::MemoryPool* const pool_;
  StreamReader reader_;
  int64_t num_sent_ = 0;
  int throttle_percent_ = 0;
  std::optional<StreamMessage> again_;  ///< to be sent a second time
};

/// Whether the offset is one of the stream: up to its number of rows.
grpc::Status CheckOffset(const Stream& stream, int64_t offset);

}  // namespace emberharmony::bigquery::server
