#pragma once

#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "emberharmony/bigquery/server/wire_message.h"

namespace emberharmony::bigquery::server {

/// Messages that were made before, up to a number of bytes; of those beyond, the ones go that have
/// not been asked for the longest. Thread-safe.
class MessageCache {
 public:
  struct Key {
    std::string plan;
    size_t unit = 0;
    int64_t first_row = 0;
    auto operator<=>(const Key&) const = default;
  };

  explicit MessageCache(int64_t bytes_max) : bytes_max_(bytes_max) {}

  /// Null when there is none.
  std::shared_ptr<const WireMessage> Get(const Key& key);
  void Put(const Key& key, std::shared_ptr<const WireMessage> message);
  int64_t bytes() const;

 private:
  struct Entry {
    std::shared_ptr<const WireMessage> message;
    std::list<const Key*>::iterator place;
  };

  const int64_t bytes_max_;
  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;        // guarded by mutex_
  std::list<const Key*> oldest_first_;  // guarded by mutex_
  int64_t bytes_ = 0;                   // guarded by mutex_
};

}  // namespace emberharmony::bigquery::server
