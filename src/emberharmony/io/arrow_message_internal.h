#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/util/type_fwd.h>

#include <cstdint>
#include <memory>

#include "emberharmony/io/flat_table_internal.h"

namespace emberharmony::io::internal {

/// The metadata of one message of Arrow's IPC format (Message.fbs), checked as far as it is used.
/// Immutable.
class ArrowMessage {
 public:
  enum class Kind { kSchema, kDictionary, kRecordBatch, kOther };
  /// A buffer of the body.
  struct Place {
    int64_t offset = 0;  ///< in the body
    int64_t size = 0;
  };

  /// `bytes`: the FlatBuffer alone. Invalid when it is damaged or not supported.
  static arrow::Result<std::shared_ptr<const ArrowMessage>> Parse(
      std::shared_ptr<arrow::Buffer> bytes);

  Kind kind() const { return kind_; }
  const std::shared_ptr<arrow::Buffer>& bytes() const { return bytes_; }
  int64_t body_size() const { return body_size_; }
  /// Before version 5 unions had validity bitmaps.
  bool before_v5() const { return before_v5_; }

  // Of record batches and of dictionaries, which are record batches of one column:
  int64_t num_rows() const { return num_rows_; }
  int64_t num_nodes() const { return nodes_.count; }
  int64_t num_buffers() const { return buffers_.count; }
  arrow::Compression::type codec() const { return codec_; }
  /// The rows and nulls of node i, which must exist.
  int64_t node_rows(int64_t i) const { return Int64(nodes_, 2 * i); }
  int64_t node_nulls(int64_t i) const { return Int64(nodes_, 2 * i + 1); }
  /// Buffer i, which must exist; Invalid unless it lies in the body.
  arrow::Result<Place> buffer(int64_t i) const;
  /// How many buffers the view columns [0, i) have beside the two that all have; Invalid when the
  /// message does not say.
  arrow::Result<int64_t> CountVariadic(int64_t i) const;

  // Of dictionaries:
  int64_t dictionary_id() const { return dictionary_id_; }
  bool is_delta() const { return is_delta_; }

 private:
  ArrowMessage() = default;
  arrow::Status ParseBatch(const FlatTable& batch);
  static int64_t Int64(const FlatTable::Elements& elements, int64_t i) {
    int64_t value;
    std::memcpy(&value, elements.data + 8 * i, 8);
    return value;
  }

  std::shared_ptr<arrow::Buffer> bytes_;
  Kind kind_ = Kind::kOther;
  int64_t body_size_ = 0;
  bool before_v5_ = false;
  int64_t num_rows_ = 0;
  FlatTable::Elements nodes_;
  FlatTable::Elements buffers_;
  FlatTable::Elements variadic_counts_;
  arrow::Compression::type codec_;
  int64_t dictionary_id_ = 0;
  bool is_delta_ = false;
};

/// Where a message lies in a file.
struct ArrowMessagePlace {
  int64_t begin = 0;  ///< of its prefix, in the file
  int64_t metadata_begin = 0;
  int64_t metadata_size = 0;  ///< padding included
  int64_t body_begin = 0;
  int64_t body_size = 0;
  int64_t end() const { return body_begin + body_size; }
};

/// A message and its place; no message at the end of a stream.
struct FoundMessage {
  std::shared_ptr<const ArrowMessage> message;
  ArrowMessagePlace place;
};

/// Reads the metadata of the message at `begin` of a file of `file_size` bytes. Both ways of
/// marking a message's length are understood: with 0xFFFFFFFF before it, and without, as before
/// Arrow 0.15. Invalid when it is damaged or its body would lie beyond the file.
arrow::Result<FoundMessage> ReadArrowMessage(arrow::io::RandomAccessFile* file, int64_t file_size,
                                             int64_t begin, arrow::MemoryPool* pool);

}  // namespace emberharmony::io::internal
