#include "emberharmony/tensor/allocation.h"

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include "emberharmony/tensor/errors.h"

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

}  // namespace

arrow::MemoryPool* CurrentMemoryPool() {
  return current_pool != nullptr ? current_pool : arrow::default_memory_pool();
}

AllocationScope::AllocationScope(arrow::MemoryPool* pool) : outer_(current_pool) {
  current_pool = pool;
}

AllocationScope::~AllocationScope() { current_pool = outer_; }

std::shared_ptr<void> AllocateStorage(int64_t size_bytes) {
  auto storage = std::make_shared<Storage>(CurrentMemoryPool(), size_bytes);
  void* data = storage->data;
  return std::shared_ptr<void>(std::move(storage), data);
}

}  // namespace emberharmony::tensor
