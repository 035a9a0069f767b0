#include "emberharmony/tensor/allocation.h"

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <new>

#include "emberharmony/tensor/errors.h"
#include "emberharmony/tensor/large_storage_internal.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EMBER_ADDRESS_SANITIZER
#endif
#endif

namespace emberharmony::tensor {
namespace {

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
// A block that is used again would hide that it was used too late.
constexpr int kCachedMax = 0;
constexpr bool kKeepsLarge = false;
#else
constexpr int kCachedMax = 64;
constexpr bool kKeepsLarge = true;
#endif

struct alignas(kAlignment) SmallStorage {
  SmallStorage() {}  // the bytes stay uninitialized
  uint8_t bytes[kSmallBytes];
};

/// Blocks of one size that this thread has freed.
struct BlockCache {
  void* blocks[kCachedMax + 1];
  int size = 0;
};

/// What a thread knows. A few bytes, so that the quickest kind of thread-local memory has room for
/// them wherever this library is loaded.
struct ThreadState {
  arrow::MemoryPool* pool = nullptr;
  BlockCache* cache = nullptr;
  /// The thread is ending: tensors in other thread-local objects may be freed later.
  bool ended = false;
};
#if defined(__GNUC__) && defined(__ELF__)
[[gnu::tls_model("initial-exec")]]
#endif
constinit thread_local ThreadState state;

/// Frees the cache when its thread ends.
struct CacheOwner {
  ~CacheOwner() {
    BlockCache* cache = state.cache;
    state.cache = nullptr;
    state.ended = true;
    while (cache != nullptr && cache->size > 0) {
      ::operator delete(cache->blocks[--cache->size], std::align_val_t{kAlignment});
    }
    delete cache;
  }
};

/// The thread's cache, made on first use; null where there can be none.
[[gnu::noinline]] BlockCache* MakeCache() {
  if (state.ended || kCachedMax == 0) return nullptr;
  thread_local CacheOwner owner;
  static_cast<void>(owner);
  state.cache = new (std::nothrow) BlockCache;
  return state.cache;
}

/// What std::allocate_shared takes the block of a SmallStorage and its reference count from.
template <class T>
struct CachingAllocator {
  using value_type = T;
  CachingAllocator() = default;
  template <class U>
  CachingAllocator(const CachingAllocator<U>&) {}

  T* allocate(size_t) {
    BlockCache* cache = state.cache;
    if (cache != nullptr && cache->size > 0) return static_cast<T*>(cache->blocks[--cache->size]);
    try {
      return static_cast<T*>(::operator new(sizeof(T), std::align_val_t{kAlignment}));
    } catch (const std::bad_alloc&) {
      throw OutOfMemoryError("no memory is left for a tensor of a few elements");
    }
  }
  void deallocate(T* block, size_t) {
    BlockCache* cache = state.cache != nullptr ? state.cache : MakeCache();
    if (cache != nullptr && cache->size < kCachedMax) {
      cache->blocks[cache->size++] = block;
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
  return state.pool != nullptr ? state.pool : arrow::default_memory_pool();
}

AllocationScope::AllocationScope(arrow::MemoryPool* pool) : outer_(state.pool) {
  state.pool = pool;
}

AllocationScope::~AllocationScope() { state.pool = outer_; }

std::shared_ptr<void> AllocateStorage(int64_t size_bytes) {
  if (state.pool == nullptr && size_bytes <= kSmallBytes) {
    // One block holds the reference count and the bytes.
    auto small = std::allocate_shared<SmallStorage>(CachingAllocator<SmallStorage>{});
    void* data = small->bytes;
    return std::shared_ptr<void>(std::move(small), data);
  }
  if (kKeepsLarge && state.pool == nullptr && size_bytes >= internal::kLargeBytes) {
    return internal::AllocateLarge(size_bytes);
  }
  auto storage = std::make_shared<Storage>(CurrentMemoryPool(), size_bytes);
  void* data = storage->data;
  return std::shared_ptr<void>(std::move(storage), data);
}

}  // namespace emberharmony::tensor
