#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace emberharmony::base {

/// Bytes that do not fit into memory: a temporary file without a name, whose space comes back when
/// it is closed, however the process ends. Blocks are appended and read back by offset and length.
/// Thread-safe: appends and reads may overlap in time, and a block can be read as soon as its
/// Append has returned. Errors (IOError) carry the folder and the reason; a full disk is reported
/// as such with what to do. Nothing is buffered here, so blocks should be large (64 KiB and more).
class SpillFile {
 public:
  /// Makes the file in `folder`, which must exist and be writable.
  static arrow::Result<std::unique_ptr<SpillFile>> Create(std::string folder);
  /// A file with a name, which stays, in the place of one that is there.
  static arrow::Result<std::unique_ptr<SpillFile>> CreateNamed(const std::string& path);
  /// What CreateNamed has made, to be read.
  static arrow::Result<std::unique_ptr<SpillFile>> OpenNamed(const std::string& path);
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  /// Writes `block` at the end and returns its offset. After an error nothing of the block can be
  /// read, and its space is lost.
  arrow::Result<int64_t> Append(std::string_view block);
  /// Reads exactly `length` bytes, all written before, from `offset` to `out`.
  arrow::Status Read(int64_t offset, int64_t length, void* out) const;
  /// Gives the space of a block back to the file system where that is possible (holes), else does
  /// nothing. It must not be read again.
  void Discard(int64_t offset, int64_t length);

  /// All that was appended is on disk when it returns.
  arrow::Status Sync();

  /// Bytes appended so far.
  int64_t size_bytes() const { return end_.load(std::memory_order_relaxed); }

 private:
  SpillFile(int fd, std::string folder);

  const int fd_;
  const std::string folder_;
  std::atomic<int64_t> end_{0};
};

}  // namespace emberharmony::base
