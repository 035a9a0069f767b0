#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>

#include "emberharmony/feature/pipeline.h"
#include "emberharmony/io/batch.h"

namespace emberharmony::engine {

/// The rows of an encoded piece, given what has become of its dictionary: an entry for each of its
/// values, and perhaps one for null; without that one rows that are null stay so.
arrow::Result<std::shared_ptr<arrow::Array>> TakeRows(const std::shared_ptr<arrow::Array>& entries,
                                                      const io::Piece& piece,
                                                      arrow::MemoryPool* pool);

/// Brings a column to what a row-wise step takes of it: plain rows behind the steps ahead, which
/// are applied to a dictionary once, however many batches it serves. One thread at a time.
class RowInput {
 public:
  RowInput(const feature::Pipeline& ahead, arrow::MemoryPool* pool) : ahead_(ahead), pool_(pool) {}
  /// The rows of a batch in one array.
  arrow::Result<std::shared_ptr<arrow::Array>> Rows(const io::Column& column);

 private:
  arrow::Result<std::shared_ptr<arrow::Array>> RowsOf(const io::Piece& piece);

  const feature::Pipeline& ahead_;
  arrow::MemoryPool* const pool_;
  uint64_t dictionary_id_ = 0;
  std::shared_ptr<arrow::Array> entries_;  // of that dictionary
};

}  // namespace emberharmony::engine
