#pragma once

#include <arrow/memory_pool.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <array>
#include <memory>
#include <vector>

#include "emberharmony/io/batch.h"
#include "emberharmony/io/column_reader_internal.h"
#include "emberharmony/io/leaf_pages_internal.h"
#include "emberharmony/io/parquet_file_internal.h"
#include "emberharmony/io/rle_decoder_internal.h"

namespace emberharmony::io::internal {

/// Reads one column without lists, flat or a struct's member, of consecutive row groups of a file,
/// front to back, page by page. A member is null where anything above it is.
///
/// What it holds: a window of the compressed bytes, the page's bytes, the chunk's dictionary; pages
/// are decoded only as far as rows are asked for. Dictionary-encoded pages become encoded pieces
/// (one piece for as many pages as fit), all others plain ones. Errors are DataErrors that name
/// file, row group and column; memory errors stay memory errors. After an error the reader must not
/// be used. One thread at a time.
class ParquetColumnReader : public ColumnReader {
 public:
  /// `leaf` is the column's index among the file's leaf columns, `field` its name and type.
  ParquetColumnReader(std::shared_ptr<const ParquetFile> file, const arrow::Field& field, int leaf,
                      std::vector<RowGroupChunk> chunks, arrow::MemoryPool* pool,
                      int64_t read_bytes = LeafPages::kReadBytes);

  /// Pages that lie within the rows are neither decompressed nor decoded; where the file has an
  /// offset index they are not even read.
  arrow::Status Skip(int64_t n) override;
  arrow::Status Read(int64_t n, Column* out) override;

 private:
  arrow::Status ReadRows(int64_t n, Column* out);
  arrow::Status SkipRows(int64_t n);
  void BeginPage();
  arrow::Status StartIndices(int64_t rows_wanted);
  arrow::Status AppendIndices(int64_t n);
  arrow::Status AppendPlain(int64_t n, Column* out);
  void FinishIndices(Column* out);

  // What is decoded at once: a multiple of 8, small enough for the L1 cache.
  static constexpr int64_t kBlockRows = 2048;
  static constexpr int64_t kPieceRows = 65536;

  arrow::MemoryPool* const pool_;
  const BitUnpackKernels& kernels_ = BestBitUnpackKernels();
  LeafPages pages_;
  const int max_level_;  // the definition level of a value; 0: no nulls, no levels

  int64_t page_rows_left_ = 0;
  DefinitionLevelDecoder levels_;

  std::unique_ptr<arrow::Buffer> piece_;  // indices of the piece being made
  int64_t piece_rows_ = 0;
  int64_t piece_capacity_ = 0;
  std::array<uint32_t, kBlockRows + kExpandPadding> dense_;
  std::array<uint8_t, kBlockRows / 8> valid_bits_;
};

}  // namespace emberharmony::io::internal
