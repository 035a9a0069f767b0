#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/io/batch.h"

namespace emberharmony::engine {

/// Row fingerprints (DESIGN section 5) of the batches of one reader: a dictionary's entries are
/// hashed once, however many batches it serves. Eight bytes for each entry of the columns'
/// dictionaries, and each row of a batch where there is none, are accounted for in the budget. One
/// thread at a time.
class RowFingerprinter {
 public:
  RowFingerprinter(int64_t seed, int num_columns, base::MemoryBudget* budget = nullptr)
      : seed_(seed), columns_(num_columns), reservation_(budget) {}
  /// out has batch.num_rows entries; batch has all num_columns columns. OutOfMemory.
  arrow::Status Compute(const io::Batch& batch, uint64_t* out);

 private:
  struct ColumnCells {
    uint64_t dictionary_id = 0;
    std::vector<uint64_t> fingerprints;  // of the current piece's entries, then 0 for null
    size_t piece = 0;                    // where the batch's next row is
    int64_t next_row = 0;                // within that piece
  };
  arrow::Status BeginPiece(const io::Piece& piece, ColumnCells* column);
  // The cells of the next n rows, each num_columns after the one before.
  arrow::Status GatherCells(const io::Column& pieces, int64_t n, ColumnCells* column,
                            uint64_t* out);

  int64_t seed_;
  std::vector<ColumnCells> columns_;
  base::MemoryReservation reservation_;  // of the columns' fingerprints
  std::vector<uint64_t> cells_;          // of a block of rows, row-major
};

}  // namespace emberharmony::engine
