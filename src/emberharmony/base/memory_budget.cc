#include "emberharmony/base/memory_budget.h"

#include <fmt/format.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <limits>
#include <utility>

namespace emberharmony::base {
namespace {

void RaiseTo(std::atomic<int64_t>* peak, int64_t value) {
  int64_t seen = peak->load(std::memory_order_relaxed);
  while (seen < value && !peak->compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

// What malloc keeps of freed memory goes back to the system; false when there was nothing.
bool ReturnFreedMemory() {
#ifdef __GLIBC__
  return malloc_trim(0) != 0;
#else
  return false;
#endif
}

}  // namespace

MemoryBudget::MemoryBudget(std::string name, int64_t limit_bytes, int64_t headroom_bytes,
                           MemoryBudget* parent, arrow::MemoryPool* upstream)
    : name_(std::move(name)),
      limit_bytes_(limit_bytes),
      headroom_bytes_(headroom_bytes),
      parent_(parent),
      upstream_(upstream) {}

std::shared_ptr<MemoryBudget> MemoryBudget::MakeRoot(std::string name, int64_t limit_bytes,
                                                     arrow::MemoryPool* upstream) {
  if (upstream == nullptr) upstream = arrow::system_memory_pool();
  return std::shared_ptr<MemoryBudget>(
      new MemoryBudget(std::move(name), limit_bytes, /*headroom_bytes=*/0, nullptr, upstream));
}

std::shared_ptr<MemoryBudget> MemoryBudget::MakeChild(std::string name, int64_t limit_bytes,
                                                      int64_t headroom_bytes) {
  return std::shared_ptr<MemoryBudget>(
      new MemoryBudget(std::move(name), limit_bytes, headroom_bytes, this, upstream_));
}

bool MemoryBudget::EatsHeadroom(int64_t bytes) const {
  if (headroom_bytes_ == 0 || bytes == 0) return false;
  if (bytes_allocated() + bytes <= kSmallHolderBytes) return false;
  return available_bytes() - bytes < headroom_bytes_;
}

MemoryBudget::~MemoryBudget() {
  // Whatever was never released here must not weigh on the others for ever.
  const int64_t left = used_bytes_.load(std::memory_order_relaxed);
  if (parent_ != nullptr && left != 0) parent_->Release(left);
}

std::string MemoryBudget::path() const {
  return parent_ == nullptr ? name_ : parent_->path() + "/" + name_;
}

bool MemoryBudget::TryTake(int64_t bytes, int64_t* used_before) {
  int64_t used = used_bytes_.load(std::memory_order_relaxed);
  do {
    *used_before = used;
    if (bytes > std::numeric_limits<int64_t>::max() - used) return false;
    const int64_t limit = limit_bytes();
    if (limit > 0 && used + bytes > limit) return false;
  } while (!used_bytes_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  RaiseTo(&peak_bytes_, used + bytes);
  return true;
}

arrow::Status MemoryBudget::Reserve(int64_t bytes) {
  if (bytes < 0) {
    return arrow::Status::Invalid(path(), ": expected a number of bytes to reserve, found ", bytes);
  }
  if (EatsHeadroom(bytes)) {
    return arrow::Status::OutOfMemory(fmt::format(
        "{}: asked for {}, which would leave the other parts of the run less than {}; raise "
        "--memory, or give a --spill-dir",
        path(), FormatByteSize(bytes), FormatByteSize(headroom_bytes_)));
  }
  for (MemoryBudget* level = this; level != nullptr; level = level->parent_) {
    int64_t used = 0;
    if (level->TryTake(bytes, &used)) continue;
    for (MemoryBudget* taken = this; taken != level; taken = taken->parent_) {
      taken->used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    }
    const std::string holder = level == this ? "" : " by " + level->path();
    return arrow::Status::OutOfMemory(fmt::format(
        "{}: asked for {}, {} of {} in use{}; raise --memory, or ask for less at a time with "
        "fewer --threads or columns",
        path(), FormatByteSize(bytes), FormatByteSize(used), FormatByteSize(level->limit_bytes()),
        holder));
  }
  return arrow::Status::OK();
}

void MemoryBudget::Release(int64_t bytes) {
  for (MemoryBudget* level = this; level != nullptr; level = level->parent_) {
    level->used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }
}

int64_t MemoryBudget::available_bytes() const {
  int64_t available = std::numeric_limits<int64_t>::max();
  for (const MemoryBudget* level = this; level != nullptr; level = level->parent_) {
    const int64_t limit = level->limit_bytes();
    if (limit <= 0) continue;
    const int64_t left = limit - level->used_bytes_.load(std::memory_order_relaxed);
    available = std::min(available, std::max<int64_t>(0, left));
  }
  return available;
}

void MemoryBudget::CountAllocation(int64_t bytes) {
  for (MemoryBudget* level = this; level != nullptr; level = level->parent_) {
    level->total_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    level->num_allocations_.fetch_add(1, std::memory_order_relaxed);
  }
}

arrow::Status MemoryBudget::Refused(int64_t bytes) const {
  return arrow::Status::OutOfMemory(
      fmt::format("{}: asked for {}, which the process may not have any more; raise --memory, or "
                  "ask for less at a time with fewer --threads or columns",
                  path(), FormatByteSize(bytes)));
}

arrow::Status MemoryBudget::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  ARROW_RETURN_NOT_OK(Reserve(size));
  arrow::Status status = upstream_->Allocate(size, alignment, out);
  if (!status.ok() && ReturnFreedMemory()) status = upstream_->Allocate(size, alignment, out);
  if (!status.ok()) {
    Release(size);
    return Refused(size);
  }
  CountAllocation(size);
  return status;
}

arrow::Status MemoryBudget::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                                       uint8_t** ptr) {
  if (new_size <= old_size) {
    // To shrink is to ask for less: where the system has no block for the smaller copy, the larger
    // one stays until it is freed.
    (void)upstream_->Reallocate(old_size, new_size, alignment, ptr);
    Release(old_size - new_size);
    CountAllocation(0);
    return arrow::Status::OK();
  }
  // For a moment there are both.
  ARROW_RETURN_NOT_OK(Reserve(new_size));
  arrow::Status status = upstream_->Reallocate(old_size, new_size, alignment, ptr);
  if (!status.ok() && ReturnFreedMemory()) {
    status = upstream_->Reallocate(old_size, new_size, alignment, ptr);
  }
  if (!status.ok()) {
    Release(new_size);
    return Refused(new_size);
  }
  Release(old_size);
  CountAllocation(new_size - old_size);
  return status;
}

void MemoryBudget::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  upstream_->Free(buffer, size, alignment);
  Release(size);
}

MemoryReservation::MemoryReservation(MemoryReservation&& other) noexcept
    : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}

MemoryReservation& MemoryReservation::operator=(MemoryReservation&& other) noexcept {
  if (this == &other) return *this;
  if (budget_ != nullptr && bytes_ > 0) budget_->Release(bytes_);
  budget_ = other.budget_;
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

MemoryReservation::~MemoryReservation() {
  if (budget_ != nullptr && bytes_ > 0) budget_->Release(bytes_);
}

arrow::Status MemoryReservation::Resize(int64_t bytes) {
  if (bytes < 0) {
    return arrow::Status::Invalid("expected a reservation of 0 bytes or more, found ", bytes);
  }
  if (budget_ != nullptr) {
    if (bytes > bytes_) ARROW_RETURN_NOT_OK(budget_->Reserve(bytes - bytes_));
    if (bytes < bytes_) budget_->Release(bytes_ - bytes);
  }
  bytes_ = bytes;
  return arrow::Status::OK();
}

}  // namespace emberharmony::base
