#include "emberharmony/bigquery/server/rows_call.h"

#include "emberharmony/base/thread_handover.h"

namespace emberharmony::bigquery::server {
namespace {

/// Responses that wait while one is being written: enough to keep the network busy while the next
/// one is made.
constexpr size_t kReadyMax = 2;

}  // namespace

RowsCall::RowsCall(std::unique_ptr<RowsProducer> producer, WorkQueue* queue,
                   std::shared_ptr<SendBudget> budget)
    : queue_(queue),
      budget_(std::move(budget)),
      account_(std::make_shared<SendBudget::Account>()),
      producer_(std::move(producer)) {}

RowsCall* RowsCall::Start(std::unique_ptr<RowsProducer> producer, WorkQueue* queue,
                          std::shared_ptr<SendBudget> budget) {
  const std::shared_ptr<RowsCall> call(new RowsCall(std::move(producer), queue, std::move(budget)));
  call->self_ = call;
  call->account_->waiter = call;
  call->Advance();
  base::HandOver(call.get());
  return call.get();
}

RowsCall* RowsCall::Fail(const grpc::Status& status) {
  const std::shared_ptr<RowsCall> call(new RowsCall(nullptr, nullptr, nullptr));
  call->self_ = call;
  call->ended_ = true;
  call->status_ = status;
  call->Advance();
  return call.get();
}

void RowsCall::Produce() {
  ProducedResponse produced =
      producer_->Next([this](int64_t bytes) { return budget_->Take(account_, bytes); });
  {
    std::lock_guard lock(mutex_);
    producing_ = false;
    switch (produced.kind) {
      case ProducedResponse::Kind::kResponse:
        ready_.push_back(std::move(produced.response));
        break;
      case ProducedResponse::Kind::kStall:
        stalled_ = true;
        break;
      case ProducedResponse::Kind::kEnd:
        ended_ = true;
        status_ = std::move(produced.status);
        break;
    }
  }
  Advance();
}

void RowsCall::Advance() {
  bool write = false;
  bool finish = false;
  {
    std::lock_guard lock(mutex_);
    if (finished_) return;
    if (cancelled_) ready_.clear();
    if (!writing_ && !ready_.empty()) {
      writing_response_ = std::move(ready_.front());
      ready_.pop_front();
      writing_ = write = true;
    }
    const bool idle = !writing_ && !producing_ && ready_.empty();
    if (idle && (ended_ || cancelled_)) {
      finished_ = finish = true;
      if (cancelled_) status_ = grpc::Status::CANCELLED;
      producer_.reset();
      if (budget_ != nullptr) budget_->Leave(account_);
    } else if (!producing_ && !ended_ && !stalled_ && !cancelled_ && ready_.size() < kReadyMax &&
               budget_->MayMake(account_)) {
      producing_ = true;
      queue_->Run([self = self_] { self->Produce(); });
    }
  }
  // Out of the lock: gRPC may answer on this thread. Nothing else begins to write or finish, and
  // after Finish this object may be gone.
  if (finish || write) base::HandOver(this);
  if (finish) {
    Finish(status_);
  } else if (write) {
    StartWrite(&writing_response_);
  }
}

void RowsCall::Wake() {
  // The budget holds this object while it calls; the task does so until it has run.
  std::shared_ptr<SendBudget::Waiter> self = account_->waiter.lock();
  queue_->Run([this, self = std::move(self)] { Advance(); });
}

void RowsCall::OnWriteDone(bool ok) {
  base::TakeOver(this);
  {
    std::lock_guard lock(mutex_);
    writing_ = false;
    writing_response_.Clear();
    if (!ok) cancelled_ = true;
  }
  Advance();
}

void RowsCall::OnCancel() {
  base::TakeOver(this);
  {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
  }
  Advance();
}

void RowsCall::OnDone() {
  base::TakeOver(this);
  // The last reference may be a task's of the queue.
  const std::shared_ptr<RowsCall> self = std::move(self_);
}

}  // namespace emberharmony::bigquery::server
