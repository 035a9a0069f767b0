#pragma once

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "emberharmony/io/batch.h"
#include "emberharmony/io/column_reader_internal.h"
#include "emberharmony/io/row_selection.h"

namespace emberharmony::io::internal {

/// Reads the selected rows of one Parquet column of a unit. Pages without a selected row are
/// neither decompressed nor decoded (ColumnReader::Skip); of the others the rows in between
/// are decoded and left out.
///
/// Where a row group's dictionary is much larger than the rows that are selected from it, its rows
/// come plain: whoever works on distinct values would do so on entries that no row has. That
/// depends on the row group and the selection alone. One thread at a time.
class SelectedColumn {
 public:
  /// `reader` stands at the unit's first row; `row_groups` are the rows of each of its row groups.
  SelectedColumn(std::unique_ptr<ColumnReader> reader,
                 std::shared_ptr<const RowSelection> selection, std::vector<int64_t> row_groups,
                 arrow::MemoryPool* pool);

  /// Passes over the first n selected rows. To be called before the first Read.
  void SkipSelected(int64_t n) { walker_.Advance(selection_->RowOf(n)); }
  /// Appends the next n selected rows to out->pieces. There must be that many.
  arrow::Status Read(int64_t n, Column* out);

 private:
  arrow::Status ReadFromRowGroup(int64_t n, Column* out);
  arrow::Status ReadBlock(int64_t n, Column* out);
  arrow::Status SkipTo(int64_t row);
  arrow::Status Finish(Column* collected, Column* out);
  bool IsSparse(const Piece& piece) const;

  const std::unique_ptr<ColumnReader> reader_;
  const std::shared_ptr<const RowSelection> selection_;
  const std::vector<int64_t> row_groups_;
  arrow::MemoryPool* const pool_;
  RowWalker walker_;
  int64_t row_ = 0;  // where the reader stands
  size_t row_group_ = 0;
  int64_t row_group_end_ = 0;
  int64_t row_group_selected_ = 0;
  int64_t block_rows_ = 0;
  std::vector<int32_t> offsets_;
};

}  // namespace emberharmony::io::internal
