#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/util/compression.h>

#include <cstdint>
#include <memory>

namespace emberharmony::io::internal {

/// Bytes of a file, some of which have been read already.
struct FileRange {
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  int64_t begin = 0;  ///< in the file
  int64_t size = 0;
  /// The bytes [kept_begin, kept_begin + kept->size()) of the file, or null.
  std::shared_ptr<arrow::Buffer> kept;
  int64_t kept_begin = 0;
  int64_t read_ahead = 0;  ///< the fewest bytes that BodyBuffer reads of it at once

  /// Bytes [from, from + count) of the range: from memory, or read from the file. Invalid when the
  /// file has fewer.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t from, int64_t count,
                                                     arrow::MemoryPool* pool) const;
};

/// A buffer of a message's body, plain or compressed, that is read piece by piece from front to
/// back, so that memory is needed for the pieces only. One thread at a time.
class BodyBuffer {
 public:
  BodyBuffer() = default;
  /// With a codec the range begins with the plain size in 64 bits, or -1 when what follows is not
  /// compressed after all.
  static arrow::Result<BodyBuffer> Open(FileRange range, arrow::Compression::type codec,
                                        arrow::MemoryPool* pool);

  /// Of the plain bytes.
  int64_t size() const { return size_; }
  /// The plain bytes [begin, end). Pieces may overlap, but none begins before the one before it.
  /// Invalid when the buffer has fewer bytes or can't be decompressed.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Slice(int64_t begin, int64_t end);

 private:
  arrow::Status ReadAhead(int64_t begin, int64_t end);
  arrow::Status Start();
  /// The next `count` plain bytes to `out`.
  arrow::Status Decompress(int64_t count, uint8_t* out);

  FileRange range_;  // of the plain bytes, or of the compressed ones without the size before them
  int64_t size_ = 0;
  arrow::MemoryPool* pool_ = nullptr;
  std::unique_ptr<arrow::util::Codec> codec_;  // null: plain
  std::shared_ptr<arrow::Buffer> whole_;       // decompressed at once, where that is small
  // Decompressing piece by piece:
  std::shared_ptr<arrow::util::Decompressor> decompressor_;
  std::shared_ptr<arrow::Buffer> input_;
  int64_t input_begin_ = 0;              // of what input_ has left
  int64_t input_end_ = 0;                // of range_, up to where input has been read
  int64_t produced_ = 0;                 // plain bytes so far
  std::shared_ptr<arrow::Buffer> last_;  // the last slice, which may overlap with the next
  int64_t last_begin_ = 0;
};

}  // namespace emberharmony::io::internal
