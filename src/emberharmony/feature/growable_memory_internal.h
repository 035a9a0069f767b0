#pragma once

#include <arrow/status.h>

#include <cstdint>

#include "emberharmony/base/memory_budget.h"

namespace emberharmony::feature {

/// Zeroed memory that grows without a second copy of itself, in huge pages once it is large.
///
/// Large hash tables spend most of their time on TLB misses when their memory lies in 4 KiB pages;
/// in 2 MiB pages (MADV_HUGEPAGE) a look-up costs less than half. Growing moves page tables, not
/// bytes. What is held is accounted for in the budget given. One thread at a time. Movable.
class GrowableMemory {
 public:
  explicit GrowableMemory(base::MemoryBudget* budget) : reservation_(budget) {}
  GrowableMemory(GrowableMemory&& other) noexcept;
  GrowableMemory& operator=(GrowableMemory&& other) noexcept;
  ~GrowableMemory() { Free(); }

  /// Holds RoundUp(bytes) afterwards, if that is more than now: the contents stay, what is new is
  /// zero. data() may change. OutOfMemory leaves everything as it was.
  arrow::Status Grow(int64_t bytes);
  /// Holds RoundUp(bytes) zeroed bytes afterwards; the contents are gone. OutOfMemory leaves
  /// everything as it was.
  arrow::Status Replace(int64_t bytes);
  /// Gives everything back.
  void Free();

  uint8_t* data() const { return data_; }
  int64_t size() const { return size_; }

  /// What would be held for `bytes`: cache lines, then pages, then huge pages.
  static int64_t RoundUp(int64_t bytes);

 private:
  base::MemoryReservation reservation_;
  uint8_t* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace emberharmony::feature
