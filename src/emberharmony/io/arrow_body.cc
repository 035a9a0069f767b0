#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <limits>

#include "emberharmony/io/arrow_body_internal.h"

namespace emberharmony::io::internal {

using arrow::Result;
using arrow::Status;

Result<BodyBuffer> ArrowBody::Buffer(const ArrayParts& parts, int64_t k,
                                     arrow::MemoryPool* pool) const {
  int64_t i = parts.buffer + k;
  if (parts.view > 0) {
    ARROW_ASSIGN_OR_RAISE(const int64_t variadic, message->CountVariadic(parts.view));
    i += variadic;
  }
  if (i >= message->num_buffers()) {
    return Status::Invalid("it has ", message->num_buffers(), " buffers, fewer than its columns");
  }
  ARROW_ASSIGN_OR_RAISE(const ArrowMessage::Place place, message->buffer(i));
  return BodyBuffer::Open(
      {file, body_begin + place.offset, place.size, kept, kept_begin, read_ahead}, message->codec(),
      pool);
}

Result<int64_t> ArrowBody::CountVariadic(const ArrayParts& parts) const {
  ARROW_ASSIGN_OR_RAISE(const int64_t before, message->CountVariadic(parts.view));
  ARROW_ASSIGN_OR_RAISE(const int64_t with, message->CountVariadic(parts.view + 1));
  return with - before;
}

Result<int64_t> ArrowBody::NumRows(const ArrayParts& parts) const {
  if (parts.node >= message->num_nodes()) {
    return Status::Invalid("it has ", message->num_nodes(), " arrays, fewer than its columns");
  }
  const int64_t rows = message->node_rows(parts.node);
  if (rows < 0 || rows > std::numeric_limits<int32_t>::max()) {
    return Status::Invalid("an array claims ", rows, " rows");
  }
  return rows;
}

Result<std::shared_ptr<arrow::Buffer>> ReadBits(BodyBuffer* buffer, int64_t row, int64_t n,
                                                arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto bytes, buffer->Slice(row / 8, arrow::bit_util::BytesForBits(row + n)));
  if (row % 8 == 0) return bytes;
  return arrow::internal::CopyBitmap(pool, bytes->data(), row % 8, n);
}

Result<ArrowValidity> ArrowValidity::Open(const ArrowBody& body, const ArrayParts& parts,
                                          arrow::MemoryPool* pool) {
  ArrowValidity validity;
  validity.pool_ = pool;
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, body.NumRows(parts));
  // An array without rows may be without buffers, and one without nulls without a bitmap.
  validity.has_nulls_ = rows > 0 && body.message->node_nulls(parts.node) != 0;
  if (validity.has_nulls_) {
    ARROW_ASSIGN_OR_RAISE(validity.bits_, body.Buffer(parts, 0, pool));
  }
  return validity;
}

Result<std::shared_ptr<arrow::Buffer>> ArrowValidity::Read(int64_t row, int64_t n,
                                                           int64_t* num_nulls) {
  *num_nulls = 0;
  if (!has_nulls_ || n == 0) return std::shared_ptr<arrow::Buffer>();
  ARROW_ASSIGN_OR_RAISE(auto bits, ReadBits(&bits_, row, n, pool_));
  *num_nulls = n - arrow::internal::CountSetBits(bits->data(), 0, n);
  if (*num_nulls == 0) bits.reset();
  return bits;
}

}  // namespace emberharmony::io::internal
