#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>

#include "emberharmony/io/row_group_encoder_internal.h"

namespace emberharmony::io {

/// Encodes one row group after the other of a column of lists of one length, whose values lie row
/// after row, without nulls. One thread at a time.
class MatrixEncoder {
 public:
  virtual ~MatrixEncoder() = default;
  /// The next rows.
  virtual arrow::Status Add(const uint8_t* values, int64_t num_rows) = 0;
  /// The row group's chunk.
  virtual arrow::Result<EncodedChunk> Finish() = 0;
};

/// In Parquet: required lists of required values of `value_bytes` bytes, in plain pages of about
/// 1 MiB.
arrow::Result<std::unique_ptr<MatrixEncoder>> MakeParquetMatrixEncoder(int64_t values_per_row,
                                                                       int64_t value_bytes,
                                                                       arrow::MemoryPool* pool);

/// In Arrow: the buffers of a fixed-size list without nulls, not compressed: numbers of features
/// hardly get smaller, and readers may map them.
std::unique_ptr<MatrixEncoder> MakeArrowMatrixEncoder(int64_t values_per_row, int64_t value_bytes,
                                                      arrow::MemoryPool* pool);

}  // namespace emberharmony::io
