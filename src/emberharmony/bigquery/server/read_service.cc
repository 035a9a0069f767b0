#include "emberharmony/bigquery/server/read_service.h"

#include <utility>

namespace emberharmony::bigquery::server {
namespace {

namespace v1 = google::cloud::bigquery::storage::v1;

grpc::Status Malformed() {
  return {grpc::StatusCode::INVALID_ARGUMENT, "the request is no message of the expected type"};
}

}  // namespace

grpc::ServerUnaryReactor* ReadService::CreateReadSession(grpc::CallbackServerContext*,
                                                         const grpc::ByteBuffer* request,
                                                         grpc::ByteBuffer* response) {
  const auto work = [this, request, response](const std::atomic<bool>& cancelled) -> grpc::Status {
    v1::CreateReadSessionRequest message;
    if (!ParseMessage(*request, &message)) return Malformed();
    grpc::Status status;
    if (parts_.faults->Fails(FaultKind::kSession, &status)) return status;
    const auto check_stop = [&cancelled] {
      return cancelled ? arrow::Status::Cancelled("the client has cancelled the call")
                       : arrow::Status::OK();
    };
    v1::ReadSession session;
    status = parts_.maker->Make(message, check_stop, &session);
    if (status.ok()) WriteMessage(session, response);
    return status;
  };
  return UnaryCall::Start(work, parts_.session_queue);
}

grpc::ServerUnaryReactor* ReadService::SplitReadStream(grpc::CallbackServerContext*,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  const auto work = [this, request, response](const std::atomic<bool>&) -> grpc::Status {
    v1::SplitReadStreamRequest message;
    if (!ParseMessage(*request, &message)) return Malformed();
    grpc::Status status;
    if (parts_.faults->Fails(FaultKind::kSplit, &status)) return status;
    std::pair<std::string, std::string> names;
    status = parts_.store->Split(message.name(), message.fraction(), kBlockRows, &names);
    if (!status.ok()) return status;
    v1::SplitReadStreamResponse split;
    if (!names.first.empty()) {
      split.mutable_primary_stream()->set_name(names.first);
      split.mutable_remainder_stream()->set_name(names.second);
    }
    WriteMessage(split, response);
    return grpc::Status::OK;
  };
  return UnaryCall::Start(work, parts_.session_queue);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* ReadService::ReadRows(grpc::CallbackServerContext*,
                                                                  const grpc::ByteBuffer* request) {
  v1::ReadRowsRequest message;
  if (!ParseMessage(*request, &message)) return RowsCall::Fail(Malformed());
  StreamPtr stream;
  grpc::Status status = parts_.store->Find(message.read_stream(), &stream);
  if (status.ok()) status = CheckOffset(*stream, message.offset());
  if (!status.ok()) return RowsCall::Fail(status);
  return RowsCall::Start(
      std::make_unique<RowsProducer>(message.read_stream(), std::move(stream), message.offset(),
                                     parts_.store, parts_.faults, parts_.cache, parts_.pool),
      parts_.rows_queue, parts_.budget);
}

}  // namespace emberharmony::bigquery::server
