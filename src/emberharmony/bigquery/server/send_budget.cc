#include "emberharmony/bigquery/server/send_budget.h"

#include <utility>

namespace emberharmony::bigquery::server {

/// Lives as long as gRPC holds a response.
struct SendBudget::Taken {
  std::shared_ptr<SendBudget> budget;
  std::shared_ptr<Account> account;
  int64_t bytes;

  Taken(std::shared_ptr<SendBudget> from, std::shared_ptr<Account> by, int64_t how_many)
      : budget(std::move(from)), account(std::move(by)), bytes(how_many) {}
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;
  ~Taken() { budget->Release(account, bytes); }
};

bool SendBudget::MayMake(const std::shared_ptr<Account>& account) {
  std::lock_guard lock(mutex_);
  if (bytes_ < bytes_max_ || account->bytes == 0) return true;
  if (!account->waiting) {
    account->waiting = true;
    account->place = waiting_.insert(waiting_.end(), account);
  }
  return false;
}

std::shared_ptr<void> SendBudget::Take(const std::shared_ptr<Account>& account, int64_t bytes) {
  std::shared_ptr<Waiter> next;
  {
    std::lock_guard lock(mutex_);
    bytes_ += bytes;
    account->bytes += bytes;
    // A release wakes one call; if that leaves room, there may be some for another.
    next = NextToWake();
  }
  if (next != nullptr) next->Wake();
  return std::make_shared<Taken>(shared_from_this(), account, bytes);
}

void SendBudget::Release(const std::shared_ptr<Account>& account, int64_t bytes) {
  std::shared_ptr<Waiter> own;
  std::shared_ptr<Waiter> next;
  {
    std::lock_guard lock(mutex_);
    bytes_ -= bytes;
    account->bytes -= bytes;
    if (account->waiting && account->bytes == 0) {
      own = account->waiter.lock();
      StopWaiting(account.get());
    }
    next = NextToWake();
  }
  if (own != nullptr) own->Wake();
  if (next != nullptr) next->Wake();
}

std::shared_ptr<SendBudget::Waiter> SendBudget::NextToWake() {
  while (bytes_ < bytes_max_ && !waiting_.empty()) {
    const std::shared_ptr<Account> account = waiting_.front();
    StopWaiting(account.get());
    // A call that has ended passes its turn on.
    if (auto waiter = account->waiter.lock()) return waiter;
  }
  return nullptr;
}

void SendBudget::StopWaiting(Account* account) {
  account->waiting = false;
  waiting_.erase(account->place);
}

void SendBudget::Leave(const std::shared_ptr<Account>& account) {
  std::lock_guard lock(mutex_);
  if (account->waiting) StopWaiting(account.get());
}

int64_t SendBudget::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace emberharmony::bigquery::server
