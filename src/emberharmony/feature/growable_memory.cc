#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "emberharmony/feature/growable_memory_internal.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kCacheLine = 64;
constexpr int64_t kPage = 4096;
constexpr int64_t kHugePage = int64_t{2} << 20;
constexpr int64_t kMappedFrom = 64 * 1024;  // smaller blocks come from the heap

// An address range of `bytes`, aligned to huge pages when it consists of such, without any memory
// behind it. nullptr when the system has none.
uint8_t* MapRange(int64_t bytes) {
  const int64_t slack = bytes >= kHugePage ? kHugePage : 0;
  void* mapped =
      mmap(nullptr, bytes + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  if (slack == 0) return static_cast<uint8_t*>(mapped);
  const auto begin = reinterpret_cast<uintptr_t>(mapped);
  const uintptr_t aligned = (begin + kHugePage - 1) & ~static_cast<uintptr_t>(kHugePage - 1);
  if (aligned > begin) munmap(mapped, aligned - begin);
  const uintptr_t end = begin + bytes + slack;
  if (end > aligned + bytes)
    munmap(reinterpret_cast<void*>(aligned + bytes), end - aligned - bytes);
  return reinterpret_cast<uint8_t*>(aligned);
}

// Makes bytes of a range usable; false where the process may not have that much memory
// (RLIMIT_DATA counts writable ranges).
bool Commit(uint8_t* range, int64_t bytes) {
  if (mprotect(range, bytes, PROT_READ | PROT_WRITE) != 0) return false;
  if (bytes >= kHugePage) madvise(range, bytes, MADV_HUGEPAGE);  // a hint: may fail
  return true;
}

uint8_t* Map(int64_t bytes) {
  uint8_t* range = MapRange(bytes);
  if (range == nullptr || Commit(range, bytes)) return range;
  munmap(range, bytes);
  return nullptr;
}

uint8_t* Allocate(int64_t bytes) {
  if (bytes >= kMappedFrom) return Map(bytes);
  auto* data = static_cast<uint8_t*>(std::aligned_alloc(kCacheLine, bytes));
  if (data != nullptr) std::memset(data, 0, bytes);
  return data;
}

void Release(uint8_t* data, int64_t bytes) {
  if (bytes >= kMappedFrom) {
    munmap(data, bytes);
  } else {
    std::free(data);
  }
}

arrow::Status SystemOutOfMemory(int64_t bytes) {
  return arrow::Status::OutOfMemory(
      "the system refused ", bytes,
      " bytes for a hash table; close other programs or lower --memory");
}

}  // namespace

GrowableMemory::GrowableMemory(GrowableMemory&& other) noexcept
    : reservation_(std::move(other.reservation_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

GrowableMemory& GrowableMemory::operator=(GrowableMemory&& other) noexcept {
  if (this == &other) return *this;
  Free();
  reservation_ = std::move(other.reservation_);
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

int64_t GrowableMemory::RoundUp(int64_t bytes) {
  const int64_t grain = bytes < kMappedFrom ? kCacheLine : bytes < kHugePage ? kPage : kHugePage;
  return (bytes + grain - 1) / grain * grain;
}

arrow::Status GrowableMemory::Grow(int64_t bytes) {
  const int64_t size = RoundUp(bytes);
  if (size <= size_) return arrow::Status::OK();
  const int64_t old_size = size_;
  ARROW_RETURN_NOT_OK(reservation_.Resize(size));
  uint8_t* data = nullptr;
  if (old_size >= kHugePage) {
    // The old pages move to the start of a range that has no memory of its own, and the system
    // gives what is missing or refuses the whole: at no time are there two copies. It may have
    // unmapped the range by then, which is therefore left alone.
    data = MapRange(size);
    if (data != nullptr &&
        mremap(data_, old_size, size, MREMAP_MAYMOVE | MREMAP_FIXED, data) == MAP_FAILED) {
      data = nullptr;
    }
    if (data != nullptr) madvise(data, size, MADV_HUGEPAGE);
  } else {
    data = Allocate(size);
    if (data != nullptr && data_ != nullptr) {
      std::memcpy(data, data_, old_size);
      Release(data_, old_size);
    }
  }
  if (data == nullptr) {
    ARROW_RETURN_NOT_OK(reservation_.Resize(old_size));
    return SystemOutOfMemory(size);
  }
  data_ = data;
  size_ = size;
  return arrow::Status::OK();
}

arrow::Status GrowableMemory::Replace(int64_t bytes) {
  const int64_t size = RoundUp(bytes);
  const int64_t old_size = size_;
  ARROW_RETURN_NOT_OK(reservation_.Resize(size));
  uint8_t* data = Allocate(size);
  if (data == nullptr) {
    ARROW_RETURN_NOT_OK(reservation_.Resize(old_size));
    return SystemOutOfMemory(size);
  }
  if (data_ != nullptr) Release(data_, old_size);
  data_ = data;
  size_ = size;
  return arrow::Status::OK();
}

void GrowableMemory::Free() {
  if (data_ != nullptr) Release(data_, size_);
  data_ = nullptr;
  size_ = 0;
  // Shrinking a reservation cannot fail.
  (void)reservation_.Resize(0);
}

}  // namespace emberharmony::feature
