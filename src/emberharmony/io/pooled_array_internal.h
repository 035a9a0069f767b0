#pragma once

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

namespace emberharmony::io {

/// A growing array whose memory belongs to an arrow::MemoryPool and is counted there. Elements are
/// not initialized. Shrinking keeps the memory for the next use.
template <typename T>
class PooledArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit PooledArray(arrow::MemoryPool* pool) : pool_(pool) {}

  /// Makes the array `size` elements long; those that were there before keep their values.
  arrow::Status Resize(int64_t size) {
    ARROW_RETURN_NOT_OK(Reserve(size));
    size_ = size;
    return arrow::Status::OK();
  }

  arrow::Status Reserve(int64_t capacity) {
    if (capacity <= capacity_) return arrow::Status::OK();
    const int64_t grown = size_ == 0 ? capacity : std::max(capacity, capacity_ + capacity_ / 2);
    if (buffer_ == nullptr || size_ == 0) {
      // Nothing to keep: a fresh allocation saves the copy.
      buffer_.reset();
      capacity_ = 0;
      ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(Bytes(grown), pool_));
    } else {
      ARROW_RETURN_NOT_OK(buffer_->Resize(Bytes(grown), /*shrink_to_fit=*/false));
    }
    capacity_ = grown;
    return arrow::Status::OK();
  }

  arrow::Status Append(const T* values, int64_t count) {
    ARROW_RETURN_NOT_OK(Reserve(size_ + count));
    if (count > 0) std::memcpy(data() + size_, values, Bytes(count));
    size_ += count;
    return arrow::Status::OK();
  }

  /// The elements as an immutable buffer of exactly their size; the array is empty afterwards.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish() {
    if (buffer_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(0, pool_));
    }
    ARROW_RETURN_NOT_OK(buffer_->Resize(Bytes(size_), /*shrink_to_fit=*/true));
    std::shared_ptr<arrow::Buffer> result = std::move(buffer_);
    size_ = capacity_ = 0;
    return result;
  }

  /// Forgets the elements and keeps the memory.
  void Clear() { size_ = 0; }

  /// Gives the memory back.
  void Release() {
    buffer_.reset();
    size_ = capacity_ = 0;
  }

  T* data() { return buffer_ ? reinterpret_cast<T*>(buffer_->mutable_data()) : nullptr; }
  const T* data() const { return buffer_ ? reinterpret_cast<const T*>(buffer_->data()) : nullptr; }
  int64_t size() const { return size_; }
  T& operator[](int64_t i) { return data()[i]; }
  const T& operator[](int64_t i) const { return data()[i]; }

 private:
  static int64_t Bytes(int64_t count) { return count * static_cast<int64_t>(sizeof(T)); }

  arrow::MemoryPool* pool_;
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  int64_t size_ = 0;
  int64_t capacity_ = 0;
};

}  // namespace emberharmony::io
