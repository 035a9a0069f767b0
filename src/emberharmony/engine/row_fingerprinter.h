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
    std::vector<uint64_t> fingerprints;  // of the dictionary's entries, then 0 for null
  };
  arrow::Status GatherCells(const io::Column& column, size_t c);

  int64_t seed_;
  std::vector<ColumnCells> columns_;
  std::vector<uint64_t> cells_;  // row-major
};

}  // namespace emberharmony::engine
