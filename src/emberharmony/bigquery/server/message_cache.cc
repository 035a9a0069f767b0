#include "emberharmony/bigquery/server/message_cache.h"

namespace emberharmony::bigquery::server {

std::shared_ptr<const WireMessage> MessageCache::Get(const Key& key) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  oldest_first_.splice(oldest_first_.end(), oldest_first_, found->second.place);
  return found->second.message;
}

void MessageCache::Put(const Key& key, std::shared_ptr<const WireMessage> message) {
  if (message->bytes > bytes_max_) return;
  std::lock_guard lock(mutex_);
  const auto [at, added] = entries_.try_emplace(key);
  if (!added) return;  // two calls made the same message
  bytes_ += message->bytes;
  at->second.message = std::move(message);
  at->second.place = oldest_first_.insert(oldest_first_.end(), &at->first);
  while (bytes_ > bytes_max_) {
    const auto oldest = entries_.find(*oldest_first_.front());
    oldest_first_.pop_front();
    bytes_ -= oldest->second.message->bytes;
    entries_.erase(oldest);
  }
}

int64_t MessageCache::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace emberharmony::bigquery::server
