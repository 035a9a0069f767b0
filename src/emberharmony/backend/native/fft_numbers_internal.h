#pragma once

#include <cstdint>
#include <memory>

#include "emberharmony/tensor/allocation.h"

namespace emberharmony::backend::native {

/// Uninitialized working memory for `size` numbers from a pool, which may be another thread's
/// current one. Throws OutOfMemoryError.
template <class T>
class FftNumbers {
 public:
  FftNumbers(arrow::MemoryPool* pool, int64_t size) {
    const tensor::AllocationScope scope(pool);
    storage_ = tensor::AllocateStorage(size * static_cast<int64_t>(sizeof(T)));
  }
  T* data() const { return static_cast<T*>(storage_.get()); }

 private:
  std::shared_ptr<void> storage_;
};

}  // namespace emberharmony::backend::native
