#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>

namespace emberharmony::tensor {

/// The pool new tensors of this thread come from: the innermost AllocationScope's, else Arrow's
/// default pool.
arrow::MemoryPool* CurrentMemoryPool();

/// While it lives, tensors made on this thread (results of operations too) are allocated from
/// `pool`, for instance a base::MemoryBudget. The pool must outlive every tensor made from it.
/// Scopes nest; each ends on the thread it began.
class AllocationScope {
 public:
  explicit AllocationScope(arrow::MemoryPool* pool);
  ~AllocationScope();
  AllocationScope(const AllocationScope&) = delete;
  AllocationScope& operator=(const AllocationScope&) = delete;

 private:
  arrow::MemoryPool* outer_;
};

/// `size_bytes` uninitialized bytes, aligned to 64, from the current pool. Throws OutOfMemoryError.
std::shared_ptr<void> AllocateStorage(int64_t size_bytes);

}  // namespace emberharmony::tensor
