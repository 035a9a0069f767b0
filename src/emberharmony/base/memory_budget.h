#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace emberharmony::base {

/// A named limit of bytes in a tree of limits; every byte reserved by a child counts in all its
/// ancestors.
///
/// It is an arrow::MemoryPool, so Arrow buffers made from it are accounted for without further ado;
/// memory of other containers is accounted for with Reserve and Release, or a MemoryReservation. A
/// reservation over a limit fails with Status::OutOfMemory whose message names the consumer (the
/// path of names from the root), what it asked for, what is in use, and the limit; nothing has
/// changed then. Thread-safe. A parent outlives its children; a child outlives the buffers made
/// from it. Reallocate accounts for the moment when a growing block's old and new memory both
/// exist; to shrink never fails.
class MemoryBudget : public arrow::MemoryPool {
 public:
  /// A root of the tree. limit_bytes 0 means no limit. `upstream` allocates (default: Arrow's
  /// system pool).
  static std::shared_ptr<MemoryBudget> MakeRoot(std::string name, int64_t limit_bytes,
                                                arrow::MemoryPool* upstream = nullptr);
  /// A child that may use at most limit_bytes (0: only the ancestors' limits apply). For those who
  /// can give memory back, by spilling: what they ask for is refused, too, when it would leave the
  /// others less than headroom_bytes, unless they hold no more than kSmallHolderBytes.
  std::shared_ptr<MemoryBudget> MakeChild(std::string name, int64_t limit_bytes = 0,
                                          int64_t headroom_bytes = 0);
  static constexpr int64_t kSmallHolderBytes = int64_t{1} << 20;

  ~MemoryBudget() override;

  /// Accounts for memory held outside the pool.
  arrow::Status Reserve(int64_t bytes);
  void Release(int64_t bytes);

  int64_t limit_bytes() const { return limit_bytes_.load(std::memory_order_relaxed); }
  /// Changes a limit; below what is in use it refuses all that is new.
  void set_limit_bytes(int64_t bytes) { limit_bytes_.store(bytes, std::memory_order_relaxed); }
  /// Bytes that could still be reserved here, under the tightest limit up to the root; INT64_MAX
  /// without any limit.
  int64_t available_bytes() const;
  /// "process/fit/vocabulary(origin)"
  std::string path() const;

  // arrow::MemoryPool
  using arrow::MemoryPool::Allocate;
  using arrow::MemoryPool::Free;
  using arrow::MemoryPool::Reallocate;
  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                           uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  int64_t bytes_allocated() const override { return used_bytes_.load(std::memory_order_relaxed); }
  int64_t max_memory() const override { return peak_bytes_.load(std::memory_order_relaxed); }
  int64_t total_bytes_allocated() const override {
    return total_bytes_.load(std::memory_order_relaxed);
  }
  int64_t num_allocations() const override {
    return num_allocations_.load(std::memory_order_relaxed);
  }
  std::string backend_name() const override { return upstream_->backend_name(); }

 private:
  MemoryBudget(std::string name, int64_t limit_bytes, int64_t headroom_bytes, MemoryBudget* parent,
               arrow::MemoryPool* upstream);

  // Whether so many bytes more would leave the others too little.
  bool EatsHeadroom(int64_t bytes) const;

  // Takes `bytes` at this level alone; false (and the bytes in use) when the limit forbids it.
  bool TryTake(int64_t bytes, int64_t* used_before);
  void CountAllocation(int64_t bytes);
  // When the budget had room and the system none.
  arrow::Status Refused(int64_t bytes) const;

  std::string name_;
  std::atomic<int64_t> limit_bytes_;
  const int64_t headroom_bytes_;
  MemoryBudget* parent_;
  arrow::MemoryPool* upstream_;
  std::atomic<int64_t> used_bytes_{0};
  std::atomic<int64_t> peak_bytes_{0};
  std::atomic<int64_t> total_bytes_{0};
  std::atomic<int64_t> num_allocations_{0};
};

/// Bytes reserved in a budget for as long as this object lives. Not thread-safe. Movable.
class MemoryReservation {
 public:
  MemoryReservation() = default;
  explicit MemoryReservation(MemoryBudget* budget) : budget_(budget) {}
  MemoryReservation(MemoryReservation&& other) noexcept;
  MemoryReservation& operator=(MemoryReservation&& other) noexcept;
  ~MemoryReservation();
  /// Grows or shrinks the reservation to `bytes`; on error it is unchanged. Without a budget it
  /// only remembers.
  arrow::Status Resize(int64_t bytes);
  int64_t bytes() const { return bytes_; }

 private:
  MemoryBudget* budget_ = nullptr;
  int64_t bytes_ = 0;
};

/// The resident memory of this process now (/proc/self/status VmRSS) and its peak (VmHWM), in
/// bytes; 0 if unknown.
int64_t ResidentBytes();
int64_t PeakResidentBytes();

/// Parses "512MiB", "1GiB", "2GB", "100000" (bytes). Units: B, kB/KB, MB, GB, TB (powers of 1000),
/// KiB, MiB, GiB, TiB.
arrow::Result<int64_t> ParseByteSize(std::string_view text);
/// "1.5 GiB", "312 MiB", "17 B": for people, at most four significant digits.
std::string FormatByteSize(int64_t bytes);

}  // namespace emberharmony::base
