#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace emberharmony::io::internal {

/// The files of a source that are open: the least recently used one makes room. Thread-safe.
template <typename File>
class OpenFiles {
 public:
  explicit OpenFiles(size_t num_files_max) : num_files_max_(num_files_max) {}

  /// Null when the file is not open.
  std::shared_ptr<const File> Find(int32_t index) {
    std::lock_guard lock(mutex_);
    const auto found = by_index_.find(index);
    if (found == by_index_.end()) return nullptr;
    files_.splice(files_.begin(), files_, found->second);
    return found->second->second;
  }

  void Remember(int32_t index, std::shared_ptr<const File> file) {
    std::lock_guard lock(mutex_);
    if (const auto found = by_index_.find(index); found != by_index_.end()) {
      files_.erase(found->second);
    }
    files_.emplace_front(index, std::move(file));
    by_index_[index] = files_.begin();
    if (files_.size() > num_files_max_) {
      by_index_.erase(files_.back().first);
      files_.pop_back();
    }
  }

 private:
  using Files = std::list<std::pair<int32_t, std::shared_ptr<const File>>>;

  const size_t num_files_max_;
  std::mutex mutex_;
  Files files_;  // the most recently used one first; guarded by mutex_, like by_index_
  std::unordered_map<int32_t, typename Files::iterator> by_index_;
};

}  // namespace emberharmony::io::internal
