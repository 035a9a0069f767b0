#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "emberharmony/bigquery/client/sliced_bytes.h"
#include "emberharmony/io/record_batch_message.h"

namespace emberharmony::bigquery::client {

/// How far the service is in a stream, as shares of its rows.
struct Progress {
  double at_response_start = 0;
  double at_response_end = 0;
};

/// A ReadRowsResponse (google/cloud/bigquery/storage/v1/storage.proto), as far as this client needs
/// it: its rows and schema stay where they are.
struct Response {
  SlicedBytes rows;  ///< serialized_record_batch; empty: it brings none
  SlicedBytes schema;
  int64_t row_count = 0;
  std::optional<Progress> progress;
  int32_t throttle_percent = 0;
  std::optional<int64_t> uncompressed_bytes;  ///< of the rows, where the response is compressed
  bool has_avro = false;
};

/// Takes the outer message apart by hand, without a copy of what may be 128 MB. Invalid for bytes
/// that are no such message; fields that are not known are passed over.
arrow::Result<Response> DecodeResponse(const SlicedBytes& message);

/// A record batch message of Arrow's IPC format.
struct BatchMessage {
  std::shared_ptr<arrow::Buffer> metadata;  ///< its FlatBuffer
  SlicedBytes body;
  int64_t num_rows = 0;
};

/// Finds the record batches in a response's rows, and checks what their metadata say. The service
/// sends one message, of Arrow's present framing or the one before 0.15; a schema before it and an
/// end mark behind it are passed over, since emulators send them. Invalid for anything else.
arrow::Result<std::vector<BatchMessage>> FindBatches(const SlicedBytes& rows,
                                                     const io::RecordBatchChecker& checker,
                                                     arrow::MemoryPool* pool);

/// The rows of a response that is compressed as a whole (ResponseCompressionCodec LZ4).
arrow::Result<std::shared_ptr<arrow::Buffer>> UncompressRows(const SlicedBytes& rows,
                                                             int64_t uncompressed_bytes,
                                                             arrow::MemoryPool* pool);

}  // namespace emberharmony::bigquery::client
