#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>
#include <memory>

#include "emberharmony/bigquery/server/work_queue.h"

namespace emberharmony::bigquery::server {

/// One unary call under way: its work is done on a queue. Lives until gRPC and the queue are done
/// with it.
class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  /// Fills the response and returns the call's status; `cancelled` becomes true when nobody waits
  /// for it any more.
  using Work = std::function<grpc::Status(const std::atomic<bool>& cancelled)>;

  static UnaryCall* Start(Work work, WorkQueue* queue);

  void OnCancel() override { cancelled_ = true; }
  void OnDone() override;

 private:
  UnaryCall() = default;

  std::atomic<bool> cancelled_{false};
  std::shared_ptr<UnaryCall> self_;  // until OnDone
};

/// Reads a message of a request; false if it is none.
bool ParseMessage(const grpc::ByteBuffer& buffer, google::protobuf::Message* message);
/// Writes a message of a response.
void WriteMessage(const google::protobuf::Message& message, grpc::ByteBuffer* buffer);

}  // namespace emberharmony::bigquery::server
