#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace emberharmony::bigquery::client {

/// Bytes in several pieces, as gRPC hands out a message. Points to memory of somebody else.
class SlicedBytes {
 public:
  SlicedBytes() = default;
  explicit SlicedBytes(std::vector<std::string_view> pieces);

  int64_t size() const { return size_; }
  const std::vector<std::string_view>& pieces() const { return pieces_; }
  /// The `size` bytes from `begin`, which must be there.
  SlicedBytes Range(int64_t begin, int64_t size) const;
  /// Copies all bytes to `out`.
  void CopyTo(void* out) const;
  bool operator==(const SlicedBytes& other) const;

 private:
  std::vector<std::string_view> pieces_;
  int64_t size_ = 0;
};

/// Goes through sliced bytes once, front to back.
class SlicedReader {
 public:
  explicit SlicedReader(const SlicedBytes& bytes) : bytes_(bytes) {}

  int64_t position() const { return position_; }
  int64_t left() const { return bytes_.size() - position_; }
  /// The next byte; there must be one.
  uint8_t Next();
  /// Passes over bytes; there must be so many.
  void Skip(int64_t count);
  /// Copies the next bytes; there must be so many.
  void Read(int64_t count, void* out);

 private:
  const SlicedBytes& bytes_;
  int64_t position_ = 0;
  size_t piece_ = 0;
  size_t offset_ = 0;  // in the piece
};

/// A message as it came, with what keeps its memory.
struct WireMessage {
  SlicedBytes bytes;
  std::shared_ptr<const void> owner;
};

}  // namespace emberharmony::bigquery::client
