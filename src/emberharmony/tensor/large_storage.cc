#include <sys/mman.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "emberharmony/base/machine_memory.h"
#include "emberharmony/base/process_memory.h"
#include "emberharmony/tensor/errors.h"
#include "emberharmony/tensor/large_storage_internal.h"

namespace emberharmony::tensor::internal {
namespace {

constexpr int64_t kHugePage = int64_t{2} << 20;
/// From this size on blocks are whole huge pages.
constexpr int64_t kHugeFrom = 2 * kHugePage;
constexpr int64_t kSmallStep = int64_t{64} << 10;
constexpr size_t kBlocksMax = 64;
/// Sizes from which the machine's memory is asked for: doing so takes some 20 microseconds.
constexpr int64_t kCheckedBytes = int64_t{256} << 20;

struct Block {
  void* data;
  int64_t size;
};

int64_t RoundedUp(int64_t size) {
  const int64_t step = size >= kHugeFrom ? kHugePage : kSmallStep;
  return (size + step - 1) / step * step;
}

/// A new mapping of `size` bytes, or null.
void* Map(int64_t size) {
  const bool huge = size >= kHugeFrom;
  const int64_t slack = huge ? kHugePage : 0;
  void* mapped =
      mmap(nullptr, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  if (!huge) return mapped;
  char* begin = static_cast<char*>(mapped);
  const int64_t head = (kHugePage - reinterpret_cast<uintptr_t>(begin) % kHugePage) % kHugePage;
  if (head > 0) munmap(begin, head);
  if (slack - head > 0) munmap(begin + head + size, slack - head);
#ifdef MADV_HUGEPAGE
  madvise(begin + head, size, MADV_HUGEPAGE);
#endif
  return begin + head;
}

class Cache {
 public:
  void* Take(int64_t size, int64_t* block_size) {
    {
      std::lock_guard lock(mutex_);
      auto best = blocks_.end();
      for (auto it = blocks_.begin(); it != blocks_.end(); ++it) {
        const bool fits = it->size >= size && it->size - size <= it->size / 4;
        if (fits && (best == blocks_.end() || it->size < best->size)) best = it;
      }
      if (best != blocks_.end()) {
        const Block block = *best;
        blocks_.erase(best);
        total_ -= block.size;
        *block_size = block.size;
        return block.data;
      }
    }
    *block_size = RoundedUp(size);
    if (*block_size >= kCheckedBytes) CheckFits(*block_size);
    void* data = Map(*block_size);
    if (data == nullptr) {
      Clear();
      data = Map(*block_size);
    }
    if (data == nullptr) ThrowOutOfMemory(size);
    return data;
  }

  void Give(Block block) {
    static const int64_t kBytesMax = std::min(int64_t{512} << 20, base::MachineMemoryBytes() / 16);
    std::vector<Block> evicted;
    {
      std::lock_guard lock(mutex_);
      if (block.size <= kBytesMax) {
        blocks_.push_back(block);
        total_ += block.size;
      } else {
        evicted.push_back(block);
      }
      // The oldest ones go first.
      while (total_ > kBytesMax || blocks_.size() > kBlocksMax) {
        evicted.push_back(blocks_.front());
        total_ -= blocks_.front().size;
        blocks_.erase(blocks_.begin());
      }
    }
    for (const Block& each : evicted) munmap(each.data, each.size);
  }

 private:
  void Clear() {
    std::vector<Block> blocks;
    {
      std::lock_guard lock(mutex_);
      blocks.swap(blocks_);
      total_ = 0;
    }
    for (const Block& each : blocks) munmap(each.data, each.size);
  }

  void CheckFits(int64_t size) {
    const int64_t machine = base::MachineMemoryBytes();
    if (machine <= 0 || size <= machine - base::ReadProcessMemory().resident) return;
    Clear();
    if (size > machine - base::ReadProcessMemory().resident) ThrowOutOfMemory(size);
  }

  [[noreturn]] static void ThrowOutOfMemory(int64_t size) {
    throw OutOfMemoryError("a tensor of " + std::to_string(size) +
                           " bytes does not fit into memory: the process may use " +
                           std::to_string(base::MachineMemoryBytes()) + " bytes and holds " +
                           std::to_string(base::ReadProcessMemory().resident));
  }

  std::mutex mutex_;
  std::vector<Block> blocks_;  // guarded by mutex_, oldest first
  int64_t total_ = 0;          // guarded by mutex_
};

/// Never destroyed: tensors may be freed while other static objects are torn down.
Cache& TheCache() {
  static Cache* cache = new Cache;
  return *cache;
}

struct LargeStorage {
  explicit LargeStorage(int64_t size_bytes) {
    block.data = TheCache().Take(size_bytes, &block.size);
  }
  ~LargeStorage() { TheCache().Give(block); }
  LargeStorage(const LargeStorage&) = delete;
  LargeStorage& operator=(const LargeStorage&) = delete;

  Block block;
};

}  // namespace

std::shared_ptr<void> AllocateLarge(int64_t size_bytes) {
  auto storage = std::make_shared<LargeStorage>(size_bytes);
  void* data = storage->block.data;
  return std::shared_ptr<void>(std::move(storage), data);
}

}  // namespace emberharmony::tensor::internal
