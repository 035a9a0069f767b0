#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <cstring>
#include <memory>

#include "emberharmony/io/arrow_layout_internal.h"
#include "emberharmony/io/arrow_message_internal.h"
#include "emberharmony/io/body_buffer_internal.h"

namespace emberharmony::io::internal {

/// A record batch (or a dictionary's values) in a file, of which arrays are read.
struct ArrowBody {
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  std::shared_ptr<const ArrowMessage> message;
  int64_t body_begin = 0;  ///< in the file
  /// Bytes of the file that are in memory already, or null.
  std::shared_ptr<arrow::Buffer> kept;
  int64_t kept_begin = 0;
  int64_t read_ahead = 0;  ///< the fewest bytes of a plain buffer that are read at once

  /// An array's k-th buffer. Invalid when the message has not so many.
  arrow::Result<BodyBuffer> Buffer(const ArrayParts& parts, int64_t k,
                                   arrow::MemoryPool* pool) const;
  /// How many buffers a view array has beside its first two.
  arrow::Result<int64_t> CountVariadic(const ArrayParts& parts) const;
  /// The rows of an array, less than 2^31.
  arrow::Result<int64_t> NumRows(const ArrayParts& parts) const;
};

/// The i-th of the offsets, or sizes, that a buffer holds in 32 or 64 bits.
inline int64_t LoadOffset(const arrow::Buffer& offsets, bool wide, int64_t i) {
  if (wide) {
    int64_t offset;
    std::memcpy(&offset, offsets.data() + 8 * i, sizeof(offset));
    return offset;
  }
  int32_t offset;
  std::memcpy(&offset, offsets.data() + 4 * i, sizeof(offset));
  return offset;
}

/// Bits [row, row + n) of a buffer, from its first bit on. As BodyBuffer::Slice otherwise.
arrow::Result<std::shared_ptr<arrow::Buffer>> ReadBits(BodyBuffer* buffer, int64_t row, int64_t n,
                                                       arrow::MemoryPool* pool);

/// Which rows of an array are null by its validity bitmap; read front to back, as BodyBuffers are.
/// One thread at a time.
class ArrowValidity {
 public:
  /// All rows are valid.
  ArrowValidity() = default;
  /// Of an array that has a bitmap, as all but null and run-end-encoded ones have.
  static arrow::Result<ArrowValidity> Open(const ArrowBody& body, const ArrayParts& parts,
                                           arrow::MemoryPool* pool);

  /// A bit for each of the rows [row, row + n), or null where all are valid.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t row, int64_t n, int64_t* num_nulls);

 private:
  bool has_nulls_ = false;
  BodyBuffer bits_;
  arrow::MemoryPool* pool_ = nullptr;
};

}  // namespace emberharmony::io::internal
