#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>

namespace emberharmony::io {

/// What the metadata of a message of Arrow's IPC format say of it.
struct MessageFacts {
  enum class Kind { kSchema, kRecordBatch };
  Kind kind = Kind::kRecordBatch;
  int64_t num_rows = 0;    ///< of a record batch
  int64_t body_bytes = 0;  ///< how many follow the metadata
};

/// Checks record batch messages that come from elsewhere against the schema they should have, by
/// their metadata alone: bodies are not looked at. Immutable and thread-safe.
class RecordBatchChecker {
 public:
  /// UsageError for a schema with dictionary types, whose values messages of other kinds would
  /// carry.
  static arrow::Result<std::shared_ptr<const RecordBatchChecker>> Make(const arrow::Schema& schema);

  /// `metadata`: the message's FlatBuffer. Invalid when it is damaged, has not the schema's number
  /// of arrays and buffers, has a buffer outside of its body or columns of different lengths, or is
  /// neither a schema nor a record batch.
  arrow::Result<MessageFacts> Check(std::shared_ptr<arrow::Buffer> metadata) const;

 private:
  struct Layout;
  explicit RecordBatchChecker(std::shared_ptr<const Layout> layout) : layout_(std::move(layout)) {}
  std::shared_ptr<const Layout> layout_;
};

}  // namespace emberharmony::io
