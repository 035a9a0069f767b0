#pragma once

#include <google/cloud/bigquery/storage/v1/storage.grpc.pb.h>

#include "emberharmony/bigquery/server/fault_schedule.h"
#include "emberharmony/bigquery/server/message_cache.h"
#include "emberharmony/bigquery/server/rows_call.h"
#include "emberharmony/bigquery/server/session_maker.h"
#include "emberharmony/bigquery/server/session_store.h"
#include "emberharmony/bigquery/server/unary_call.h"
#include "emberharmony/bigquery/server/work_queue.h"

namespace emberharmony::bigquery::server {

/// All that answering calls takes; what it points to outlives the service.
struct ServiceParts {
  SessionStore* store = nullptr;
  SessionMaker* maker = nullptr;
  FaultSchedule* faults = nullptr;
  MessageCache* cache = nullptr;       ///< may be null
  WorkQueue* session_queue = nullptr;  ///< whose tasks may take long
  WorkQueue* rows_queue = nullptr;
  std::shared_ptr<SendBudget> budget;
  arrow::MemoryPool* pool = nullptr;
};

namespace raw {
using Service = google::cloud::bigquery::storage::v1::BigQueryRead::Service;
template <typename Base>
using Create =
    google::cloud::bigquery::storage::v1::BigQueryRead::WithRawCallbackMethod_CreateReadSession<
        Base>;
template <typename Base>
using Read =
    google::cloud::bigquery::storage::v1::BigQueryRead::WithRawCallbackMethod_ReadRows<Base>;
template <typename Base>
using Split =
    google::cloud::bigquery::storage::v1::BigQueryRead::WithRawCallbackMethod_SplitReadStream<Base>;
}  // namespace raw

/// The service BigQueryRead. Messages are read and written here, not by gRPC: of responses because
/// rows must not be copied, of requests so that all that is malformed is answered in one way.
class ReadService : public raw::Create<raw::Read<raw::Split<raw::Service>>> {
 public:
  explicit ReadService(const ServiceParts& parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* CreateReadSession(grpc::CallbackServerContext* context,
                                              const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* ReadRows(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* SplitReadStream(grpc::CallbackServerContext* context,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;

 private:
  const ServiceParts parts_;
};

}  // namespace emberharmony::bigquery::server
