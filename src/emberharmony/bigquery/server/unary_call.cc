#include "emberharmony/bigquery/server/unary_call.h"

#include <google/protobuf/stubs/logging.h>
#include <grpcpp/support/slice.h>

#include <string>
#include <vector>

#include "emberharmony/base/thread_handover.h"

namespace emberharmony::bigquery::server {

UnaryCall* UnaryCall::Start(Work work, WorkQueue* queue) {
  const std::shared_ptr<UnaryCall> call(new UnaryCall);
  call->self_ = call;
  queue->Run([call, work = std::move(work)] {
    const grpc::Status status = work(call->cancelled_);
    base::HandOver(call.get());
    call->Finish(status);
  });
  return call.get();
}

void UnaryCall::OnDone() {
  base::TakeOver(this);
  const std::shared_ptr<UnaryCall> self = std::move(self_);
}

bool ParseMessage(const grpc::ByteBuffer& buffer, google::protobuf::Message* message) {
  // Requests are small, and so is the server's limit for them.
  std::vector<grpc::Slice> slices;
  if (!buffer.Valid()) return message->ParseFromString("");
  if (!buffer.Dump(&slices).ok()) return false;
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  // The client is told what is wrong with its request; whoever started the server need not be.
  const google::protobuf::LogSilencer silencer;
  return message->ParseFromString(bytes);
}

void WriteMessage(const google::protobuf::Message& message, grpc::ByteBuffer* buffer) {
  const grpc::Slice slice(message.SerializeAsString());
  *buffer = grpc::ByteBuffer(&slice, 1);
}

}  // namespace emberharmony::bigquery::server
