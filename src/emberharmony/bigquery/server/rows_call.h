#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "emberharmony/bigquery/server/rows_producer.h"
#include "emberharmony/bigquery/server/send_budget.h"
#include "emberharmony/bigquery/server/work_queue.h"

namespace emberharmony::bigquery::server {

/// One call of ReadRows under way. Responses are made on the work queue, a few ahead of what gRPC
/// takes, and written one after the other; a slow client holds no thread. Lives until gRPC and the
/// queue are done with it.
class RowsCall : public grpc::ServerWriteReactor<grpc::ByteBuffer>, public SendBudget::Waiter {
 public:
  /// Begins to write what the producer makes. The queue must outlive the call.
  static RowsCall* Start(std::unique_ptr<RowsProducer> producer, WorkQueue* queue,
                         std::shared_ptr<SendBudget> budget);
  /// A call that fails at once.
  static RowsCall* Fail(const grpc::Status& status);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void Wake() override;

 private:
  RowsCall(std::unique_ptr<RowsProducer> producer, WorkQueue* queue,
           std::shared_ptr<SendBudget> budget);
  void Produce();
  /// Starts what can be started, to be called after each change of the members.
  void Advance();

  WorkQueue* const queue_;
  const std::shared_ptr<SendBudget> budget_;
  const std::shared_ptr<SendBudget::Account> account_;
  std::mutex mutex_;
  std::unique_ptr<RowsProducer> producer_;  // used by one task at a time
  std::deque<grpc::ByteBuffer> ready_;      // guarded by mutex_
  grpc::ByteBuffer writing_response_;       // gRPC's while writing_
  grpc::Status status_;                     // guarded by mutex_
  bool producing_ = false;                  // guarded by mutex_
  bool writing_ = false;                    // guarded by mutex_
  bool ended_ = false;                      // nothing more will be made; guarded by mutex_
  bool stalled_ = false;                    // guarded by mutex_
  bool cancelled_ = false;                  // guarded by mutex_
  bool finished_ = false;                   // guarded by mutex_
  std::shared_ptr<RowsCall> self_;          // until OnDone
};

}  // namespace emberharmony::bigquery::server
