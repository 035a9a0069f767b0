#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "emberharmony/io/chunk_store_internal.h"
#include "emberharmony/io/matrix_encoder_internal.h"
#include "emberharmony/io/row_group_encoder_internal.h"
#include "emberharmony/io/sink.h"
#include "emberharmony/io/slot_rows_internal.h"

namespace emberharmony::io {

/// A sink whose columns are cut into row groups and encoded one by one; the chunks wait until the
/// file is written as a whole. Formats derive from it.
class RowGroupSink : public Sink {
 public:
  arrow::Result<std::unique_ptr<ColumnSink>> OpenColumns(int first, int count) final;
  arrow::Result<ShardInfo> Commit() final;
  void Abort() final;

  // For column sinks:
  const ShardLayout& layout() const { return layout_; }
  ChunkStore* chunks() { return &chunks_; }
  void MarkClosed(int first, int count);

 protected:
  RowGroupSink(std::string path, ShardLayout layout, const SinkOptions& options);
  /// For columns [first, first + count). Thread-safe.
  virtual arrow::Result<std::unique_ptr<RowGroupEncoder>> MakeEncoder(int first, int count) = 0;
  /// For a column for which IsMatrix. Thread-safe.
  virtual arrow::Result<std::unique_ptr<MatrixEncoder>> MakeMatrixEncoder(int64_t values_per_row,
                                                                          int64_t value_bytes) = 0;
  /// Writes the file from the chunks, all of which are there.
  virtual arrow::Status WriteFile(arrow::io::OutputStream* stream) = 0;
  arrow::MemoryPool* pool() const { return pool_; }

 private:
  enum class ColumnState { kNew, kOpen, kClosed };

  arrow::Status CheckComplete() const;

  const std::string path_;
  const ShardLayout layout_;
  arrow::MemoryPool* const pool_;
  ChunkStore chunks_;
  std::mutex mutex_;
  std::vector<ColumnState> column_states_;  // guarded by mutex_
  bool done_ = false;                       // committed or aborted; guarded by mutex_
};

/// Whether a column is the matrix of a matrix layout, which goes through a MatrixEncoder.
bool IsMatrix(const arrow::DataType& type);

/// UsageError for a layout without columns; Invalid for a row group without rows.
arrow::Status CheckLayout(const std::string& path, const ShardLayout& layout);

}  // namespace emberharmony::io
