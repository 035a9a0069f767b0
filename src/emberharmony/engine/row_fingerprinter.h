#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <vector>

#include "emberharmony/io/batch.h"

namespace emberharmony::engine {

/// Row fingerprints (DESIGN section 5) of the batches of one reader: a dictionary's entries are
/// hashed once, however many batches it serves. One thread at a time.
class RowFingerprinter {
 public:
  RowFingerprinter(int64_t seed, int num_columns) : seed_(seed), columns_(num_columns) {}
  /// out has batch.num_rows entries; batch has all num_columns columns.
  arrow::Status Compute(const io::Batch& batch, uint64_t* out);

 private:
  struct ColumnCells {
    uint64_t dictionary_id = 0;
    std::vector<uint64_t> fingerprints;  // of the current piece's entries, then 0 for null
    size_t piece = 0;                    // where the batch's next row is
    int64_t next_row = 0;                // within that piece
  };
  static arrow::Status BeginPiece(const io::Piece& piece, ColumnCells* column);
  // The cells of the next n rows, each num_columns after the one before.
  arrow::Status GatherCells(const io::Column& pieces, int64_t n, ColumnCells* column,
                            uint64_t* out);

  int64_t seed_;
  std::vector<ColumnCells> columns_;
  std::vector<uint64_t> cells_;  // of a block of rows, row-major
};

}  // namespace emberharmony::engine
