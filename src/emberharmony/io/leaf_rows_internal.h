#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/leaf_pages_internal.h"
#include "emberharmony/io/pooled_array_internal.h"

namespace emberharmony::io::internal {

/// Some rows of one leaf that is inside of lists or structs: levels, and a cell for each level at
/// which the innermost list has an element (or, without lists, for each row).
struct LeafRows {
  explicit LeafRows(arrow::MemoryPool* pool) : repetition(pool), definition(pool) {}

  PooledArray<int16_t> repetition;
  PooledArray<int16_t> definition;  ///< of the same length
  std::shared_ptr<arrow::Array> cells;
};

/// Reads one leaf row by row, its levels with it. Dictionary pages are decoded: what reads whole
/// nested cells looks at each of them. Functions may throw parquet::ParquetException. One thread at
/// a time.
class LeafRowReader {
 public:
  /// See LeafPages. `cell_definition`: the definition level from which on there is a cell.
  LeafRowReader(std::shared_ptr<const ParquetFile> file, std::string name,
                std::shared_ptr<arrow::DataType> type, int leaf, int cell_definition,
                std::vector<RowGroupChunk> chunks, arrow::MemoryPool* pool,
                int64_t read_bytes = LeafPages::kReadBytes);

  /// Passes over the next num_rows rows; whole row groups, and without lists whole pages, are not
  /// decoded, the rest is read into `scratch`, at most rows_at_once at a time.
  arrow::Status Skip(int64_t num_rows, int64_t rows_at_once, LeafRows* scratch);
  /// The next num_rows rows, at least one. There must be that many.
  arrow::Status Read(int64_t num_rows, LeafRows* out);
  arrow::Status WithContext(const arrow::Status& status) const {
    return pages_.WithContext(status);
  }

 private:
  arrow::Result<int64_t> SkipUndecoded(int64_t num_rows);
  void LeavePage();
  void BeginPage();
  arrow::Result<bool> NextBlock(bool rows_complete);
  arrow::Result<int64_t> FindEnd(int64_t num_rows, int64_t* rows);
  arrow::Status Append(int64_t begin, int64_t end, LeafRows* out);
  arrow::Status AppendCells(int64_t num_cells, int64_t num_valid,
                            std::shared_ptr<arrow::Buffer> valid_bits);
  arrow::Status Collect(LeafRows* out);

  static constexpr int64_t kBlockLevels = 512;

  const std::shared_ptr<arrow::DataType> type_;
  const int cell_definition_;
  arrow::MemoryPool* const pool_;
  LeafPages pages_;
  LevelDecoder repetition_;
  LevelDecoder definition_;
  bool chunk_open_ = false;
  size_t chunks_begun_ = 0;
  int64_t chunk_rows_ = 0;   // rows of the chunk that have begun
  int64_t page_levels_ = 0;  // of the page, not yet in a block
  int64_t block_begin_ = 0;  // of the block's levels, the first that is not used yet
  int64_t block_end_ = 0;
  std::array<int16_t, kBlockLevels> block_repetition_;
  std::array<int16_t, kBlockLevels> block_definition_;
  std::vector<std::shared_ptr<arrow::Array>> cells_;  // of the rows being read
};

}  // namespace emberharmony::io::internal
