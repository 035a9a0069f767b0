#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace emberharmony::bigquery::server {

/// How rows are compressed on their way: buffer by buffer as Arrow does it, or the message as a
/// whole (ResponseCompressionCodec).
enum class PayloadCompression { kNone, kLz4Frame, kZstd, kLz4Whole };

/// One Arrow IPC message of rows as it goes over the wire: the continuation marker, the length of
/// the metadata, the metadata, the body; no end of stream. Immutable.
struct WireMessage {
  std::vector<std::shared_ptr<arrow::Buffer>> parts;  ///< one after the other
  int64_t bytes = 0;                                  ///< of all parts
  int64_t num_rows = 0;
  int64_t decoded_bytes = 0;  ///< of the body before compression
  /// uncompressed_byte_size of the response; 0: not to be told.
  int64_t uncompressed_byte_size = 0;
};

/// The parts are the batch's own buffers where nothing is compressed.
arrow::Result<WireMessage> MakeWireMessage(const arrow::RecordBatch& batch,
                                           PayloadCompression compression, arrow::MemoryPool* pool);

/// The schema as one bare IPC message.
arrow::Result<std::string> SchemaMessage(const arrow::Schema& schema, arrow::MemoryPool* pool);

}  // namespace emberharmony::bigquery::server
