#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

namespace emberharmony::bigquery::server {

/// Bytes of responses that were made and that gRPC has not let go of yet, over all calls: what slow
/// clients may hold.
///
/// A call asks before it makes a response. Beyond the limit it may make one only if none of its own
/// is under way, so that every call goes on however slow the others are; else it is woken when that
/// changes. Thread-safe.
class SendBudget : public std::enable_shared_from_this<SendBudget> {
 public:
  /// A call that waits.
  class Waiter {
   public:
    virtual ~Waiter() = default;
    /// Called from any thread, also one that holds locks of gRPC: it may only leave word.
    virtual void Wake() = 0;
  };

  /// One call's part.
  struct Account {
    std::weak_ptr<Waiter> waiter;
    // The budget's:
    int64_t bytes = 0;
    bool waiting = false;
    std::list<std::shared_ptr<Account>>::iterator place;
  };

  explicit SendBudget(int64_t bytes_max) : bytes_max_(bytes_max) {}

  /// Whether the call may make a response now; if not, it is woken once when it should ask again.
  bool MayMake(const std::shared_ptr<Account>& account);
  /// A response of so many bytes was made, which lasts until the result is gone.
  std::shared_ptr<void> Take(const std::shared_ptr<Account>& account, int64_t bytes);
  /// The call does not wait any more.
  void Leave(const std::shared_ptr<Account>& account);
  int64_t bytes() const;

 private:
  struct Taken;

  void Release(const std::shared_ptr<Account>& account, int64_t bytes);
  /// The oldest call that waits, where the limit lets it go on; to be woken without the lock.
  std::shared_ptr<Waiter> NextToWake();
  void StopWaiting(Account* account);

  const int64_t bytes_max_;
  mutable std::mutex mutex_;
  int64_t bytes_ = 0;                            // guarded by mutex_
  std::list<std::shared_ptr<Account>> waiting_;  // the oldest first; guarded by mutex_
};

}  // namespace emberharmony::bigquery::server
