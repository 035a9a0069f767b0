#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "emberharmony/io/batch.h"
#include "emberharmony/io/column_reader_internal.h"
#include "emberharmony/io/leaf_rows_internal.h"
#include "emberharmony/io/nested_layout_internal.h"

namespace emberharmony::io::internal {

/// Reads one nested column (struct, list, map) as a whole, of consecutive row groups of a file,
/// front to back: its leaves page by page, put together by their levels into plain pieces. A piece
/// holds some megabytes, or one row.
///
/// Levels of damaged files may contradict each other; what would not fit together is an error.
/// Errors as ParquetColumnReader's. One thread at a time.
class NestedColumnReader : public ColumnReader {
 public:
  /// `node` describes the column in this file, and lives as long as `file`.
  NestedColumnReader(std::shared_ptr<const ParquetFile> file, const arrow::Field& field,
                     const NestedNode* node, const std::vector<RowGroupChunk>& chunks,
                     arrow::MemoryPool* pool, int64_t read_bytes = LeafPages::kReadBytes);

  arrow::Status Skip(int64_t n) override;
  arrow::Status Read(int64_t n, Column* out) override;

 private:
  arrow::Status ReadPiece(int64_t n, Column* out);
  arrow::Result<std::shared_ptr<arrow::Array>> Assemble(const NestedNode& node,
                                                        const arrow::DataType& type);
  arrow::Result<std::shared_ptr<arrow::Array>> AssembleStruct(const NestedNode& node,
                                                              const arrow::DataType& type);
  arrow::Result<std::shared_ptr<arrow::Array>> AssembleList(const NestedNode& node,
                                                            const arrow::DataType& type);
  const LeafRows& rows_of(const NestedNode& node) const {
    return leaf_rows_[static_cast<size_t>(node.first_leaf - node_->first_leaf)];
  }

  static constexpr int64_t kPieceBytes = int64_t{4} << 20;
  static constexpr int64_t kPieceRowsMax = 8192;
  static constexpr int kFirstPieceRows = 64;  // at most

  const std::shared_ptr<const ParquetFile> file_;
  const std::shared_ptr<arrow::DataType> type_;
  const NestedNode* const node_;
  arrow::MemoryPool* const pool_;
  arrow::Status layout_status_;  // whether the file's layout fits the type
  std::vector<std::unique_ptr<LeafRowReader>> leaves_;
  std::vector<LeafRows> leaf_rows_;
  int64_t piece_rows_ = kFirstPieceRows;
};

}  // namespace emberharmony::io::internal
