#pragma once

#include <arrow/memory_pool.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "emberharmony/base/memory_budget.h"

namespace emberharmony::python {

/// The memory of one reader: a limit, what is in use, the most there was. Batches that the caller
/// keeps live in it, perhaps longer than the reader: it deletes itself after the last block.
/// Thread-safe.
class ReadPool : public arrow::MemoryPool {
 public:
  /// limit_bytes 0: none. The owner calls Retire once, instead of deleting it.
  static ReadPool* Make(int64_t limit_bytes) { return new ReadPool(limit_bytes); }
  void Retire() { DropOne(); }

  int64_t limit_bytes() const { return budget_->limit_bytes(); }

  // arrow::MemoryPool
  using arrow::MemoryPool::Allocate;
  using arrow::MemoryPool::Free;
  using arrow::MemoryPool::Reallocate;
  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    ARROW_RETURN_NOT_OK(budget_->Allocate(size, alignment, out));
    num_holders_.fetch_add(1, std::memory_order_relaxed);
    return arrow::Status::OK();
  }
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                           uint8_t** ptr) override {
    return budget_->Reallocate(old_size, new_size, alignment, ptr);
  }
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override {
    budget_->Free(buffer, size, alignment);
    DropOne();
  }
  int64_t bytes_allocated() const override { return budget_->bytes_allocated(); }
  int64_t max_memory() const override { return budget_->max_memory(); }
  int64_t total_bytes_allocated() const override { return budget_->total_bytes_allocated(); }
  int64_t num_allocations() const override { return budget_->num_allocations(); }
  std::string backend_name() const override { return budget_->backend_name(); }

 private:
  explicit ReadPool(int64_t limit_bytes)
      : budget_(base::MemoryBudget::MakeRoot("BigQuery reader", limit_bytes,
                                             arrow::default_memory_pool())) {}
  void DropOne() {
    if (num_holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  std::shared_ptr<base::MemoryBudget> budget_;
  std::atomic<int64_t> num_holders_{1};  ///< blocks, and the owner
};

}  // namespace emberharmony::python
