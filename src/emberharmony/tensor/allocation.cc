#include "emberharmony/tensor/allocation.h"

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <new>

#include "emberharmony/tensor/errors.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EMBER_ADDRESS_SANITIZER
#endif
#endif

namespace emberharmony::tensor {
namespace {

thread_local arrow::MemoryPool* current_pool = nullptr;

constexpr int64_t kAlignment = 64;

/// One allocation and what is needed to free it.
struct Storage {
  Storage(arrow::MemoryPool* pool, int64_t size) : pool(pool), size(size) {
    const arrow::Status status = pool->Allocate(size, kAlignment, &data);
    if (!status.ok()) throw OutOfMemoryError(status.message());
  }
  ~Storage() { pool->Free(data, size, kAlignment); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  arrow::MemoryPool* pool;
  int64_t size;
  uint8_t* data = nullptr;
};

/// Small tensors outside every AllocationScope: allocating one from a pool costs more than
/// computing it. Each thread keeps the blocks it frees, up to kCachedMax.
constexpr int64_t kSmallBytes = 512;
#if defined(__SANITIZE_ADDRESS__) || defined(EMBER_ADDRESS_SANITIZER)
constexpr int kCachedMax = 0;  // a block that is used again would hide that it was used too late
#else
constexpr int kCachedMax = 64;
#endif

struct alignas(kAlignment) SmallStorage {
  SmallStorage() {}  // the bytes stay uninitialized
  uint8_t bytes[kSmallBytes];
};

/// Blocks of one size that this thread has freed.
struct BlockCache {
  BlockCache() = default;
  ~BlockCache();
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  void* blocks[kCachedMax + 1];
  int size = 0;
};

/// False once this thread's cache is gone: tensors in other thread-local objects may be freed
/// later.
thread_local bool cache_alive = true;
thread_local BlockCache block_cache;

BlockCache::~BlockCache() {
  cache_alive = false;
  while (size > 0) ::operator delete(blocks[--size], std::align_val_t{kAlignment});
}

/// What std::allocate_shared takes the block of a SmallStorage and its reference count from.
template <class T>
struct CachingAllocator {
  using value_type = T;
  CachingAllocator() = default;
  template <class U>
  CachingAllocator(const CachingAllocator<U>&) {}

  T* allocate(size_t) {
    if (cache_alive && block_cache.size > 0) {
      return static_cast<T*>(block_cache.blocks[--block_cache.size]);
    }
    try {
      return static_cast<T*>(::operator new(sizeof(T), std::align_val_t{kAlignment}));
    } catch (const std::bad_alloc&) {
      throw OutOfMemoryError("no memory is left for a tensor of a few elements");
    }
  }
  void deallocate(T* block, size_t) {
    if (cache_alive && block_cache.size < kCachedMax) {
      block_cache.blocks[block_cache.size++] = block;
    } else {
      ::operator delete(block, std::align_val_t{kAlignment});
    }
  }

  template <class U>
  bool operator==(const CachingAllocator<U>&) const {
    return true;
  }
};

}  // namespace

arrow::MemoryPool* CurrentMemoryPool() {
  return current_pool != nullptr ? current_pool : arrow::default_memory_pool();
}

AllocationScope::AllocationScope(arrow::MemoryPool* pool) : outer_(current_pool) {
  current_pool = pool;
}

AllocationScope::~AllocationScope() { current_pool = outer_; }

std::shared_ptr<void> AllocateStorage(int64_t size_bytes) {
  if (current_pool == nullptr && size_bytes <= kSmallBytes) {
    // One block holds the reference count and the bytes.
    auto small = std::allocate_shared<SmallStorage>(CachingAllocator<SmallStorage>{});
    void* data = small->bytes;
    return std::shared_ptr<void>(std::move(small), data);
  }
  auto storage = std::make_shared<Storage>(CurrentMemoryPool(), size_bytes);
  void* data = storage->data;
  return std::shared_ptr<void>(std::move(storage), data);
}

}  // namespace emberharmony::tensor
