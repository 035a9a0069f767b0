#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace emberharmony::feature {

/// Takes bytes, piece by piece.
using ByteConsumer = std::function<arrow::Status(std::string_view bytes)>;

/// The encoded form of a state: bytes in memory, or bytes that are read where they lie. Copies of
/// the latter are cheap. Reading is as thread-safe as the function that reads.
class EncodedState {
 public:
  /// Reads exactly `length` bytes from `offset` to `out`.
  using Reader = std::function<arrow::Status(int64_t offset, int64_t length, void* out)>;

  EncodedState() = default;
  explicit EncodedState(std::string bytes);
  EncodedState(int64_t size, Reader reader);

  int64_t size() const { return size_; }
  arrow::Status Read(int64_t offset, int64_t length, void* out) const;
  /// All bytes in memory; OutOfMemory.
  arrow::Result<std::string> ReadAll() const;
  /// Hands on all bytes in pieces of some hundred kilobytes at most.
  arrow::Status ReadTo(const ByteConsumer& out) const;

 private:
  int64_t size_ = 0;
  std::string bytes_;
  Reader reader_;  // empty: the bytes are in memory
};

}  // namespace emberharmony::feature
