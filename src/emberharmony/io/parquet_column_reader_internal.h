#pragma once

#include <arrow/memory_pool.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/page_index.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/batch.h"
#include "emberharmony/io/chunk_stream_internal.h"
#include "emberharmony/io/page_value_decoder_internal.h"
#include "emberharmony/io/parquet_file_internal.h"
#include "emberharmony/io/rle_decoder_internal.h"

namespace emberharmony::io::internal {

/// Refuses single allocations that no page of a chunk could need, so that a page header that lies
/// about its size is found out before memory is spent on it. Thread-safe but for set_limit.
class PageMemoryPool : public arrow::MemoryPool {
 public:
  explicit PageMemoryPool(arrow::MemoryPool* parent) : parent_(parent) {}

  void set_limit(int64_t bytes) { limit_ = bytes; }
  /// Whether an allocation was refused, for which the limit was to blame.
  bool refused() const { return refused_; }

  using arrow::MemoryPool::Allocate;
  using arrow::MemoryPool::Free;
  using arrow::MemoryPool::Reallocate;
  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                           uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override {
    parent_->Free(buffer, size, alignment);
  }
  int64_t bytes_allocated() const override { return parent_->bytes_allocated(); }
  int64_t max_memory() const override { return parent_->max_memory(); }
  int64_t total_bytes_allocated() const override { return parent_->total_bytes_allocated(); }
  int64_t num_allocations() const override { return parent_->num_allocations(); }
  std::string backend_name() const override { return parent_->backend_name(); }

 private:
  arrow::Status Check(int64_t size);

  arrow::MemoryPool* parent_;
  int64_t limit_ = 0;
  bool refused_ = false;
};

/// A row group of a unit, for one column.
struct RowGroupChunk {
  int row_group = 0;
  int64_t num_rows = 0;
  uint64_t dictionary_id = 0;
};

/// Reads one flat column of consecutive row groups of a file, front to back, page by page.
///
/// What it holds: a window of the compressed bytes, the page's bytes, the chunk's dictionary; pages
/// are decoded only as far as rows are asked for. Dictionary-encoded pages become encoded pieces
/// (one piece for as many pages as fit), all others plain ones. Errors are DataErrors that name
/// file, row group and column; memory errors stay memory errors. After an error the reader must not
/// be used. One thread at a time.
class ParquetColumnReader {
 public:
  /// What a read from disk asks for.
  static constexpr int64_t kReadBytes = int64_t{256} << 10;

  /// `leaf` is the column's index among the file's leaf columns, `field` its name and type.
  ParquetColumnReader(std::shared_ptr<const ParquetFile> file, std::shared_ptr<arrow::Field> field,
                      int leaf, std::vector<RowGroupChunk> chunks, arrow::MemoryPool* pool,
                      int64_t read_bytes = kReadBytes);

  /// Passes over the next n rows. Pages that lie within them are neither decompressed nor decoded;
  /// where the file has an offset index they are not even read.
  arrow::Status Skip(int64_t n);
  /// Appends the next n rows to out->pieces. There must be that many.
  arrow::Status Read(int64_t n, Column* out);

 private:
  arrow::Status ReadRows(int64_t n, Column* out);
  arrow::Status SkipRows(int64_t n);
  arrow::Status PassOver(int64_t n);
  arrow::Status JumpToPage();
  void LoadOffsetIndex();
  arrow::Status OpenChunk();
  arrow::Status NextPage();
  arrow::Status SetDictionary(const parquet::DictionaryPage& page);
  arrow::Status SetDataPage(const parquet::DataPage& page);
  arrow::Status SplitPageV1(const parquet::DataPageV1& page, const uint8_t** values, int64_t* size);
  arrow::Status SplitPageV2(const parquet::DataPageV2& page, const uint8_t** values, int64_t* size);
  arrow::Status SetIndices(const uint8_t* values, int64_t size);
  arrow::Status StartIndices(int64_t rows_wanted);
  arrow::Status AppendIndices(int64_t n);
  arrow::Status AppendPlain(int64_t n, Column* out);
  void FinishIndices(Column* out);
  arrow::Status WithContext(const arrow::Status& status) const;

  // What is decoded at once: a multiple of 8, small enough for the L1 cache.
  static constexpr int64_t kBlockRows = 2048;
  static constexpr int64_t kPieceRows = 65536;

  const std::shared_ptr<const ParquetFile> file_;
  const std::shared_ptr<arrow::Field> field_;
  const int leaf_;
  const std::vector<RowGroupChunk> chunks_;
  arrow::MemoryPool* const pool_;
  const BitUnpackKernels& kernels_ = BestBitUnpackKernels();
  PageMemoryPool page_pool_;
  std::shared_ptr<ChunkStream> stream_;
  bool nullable_ = false;
  std::unique_ptr<PageValueDecoder> value_decoder_;

  size_t next_chunk_ = 0;
  int64_t skip_rows_ = 0;        // still to be passed over, from the next page on
  int64_t chunk_rows_left_ = 0;  // beginning with the current page's
  std::unique_ptr<parquet::PageReader> pages_;
  std::shared_ptr<arrow::Array> dictionary_;
  std::unique_ptr<parquet::OffsetIndex> offset_index_;  // of the chunk, once it was needed
  bool offset_index_tried_ = false;
  int64_t expected_page_rows_ = -1;  // of the next page, if the offset index led to it

  std::shared_ptr<parquet::Page> page_;
  int64_t page_rows_left_ = 0;
  bool page_has_indices_ = false;
  DefinitionLevelDecoder levels_;
  IndexDecoder indices_;

  std::unique_ptr<arrow::Buffer> piece_;  // indices of the piece being made
  int64_t piece_rows_ = 0;
  int64_t piece_capacity_ = 0;
  std::array<uint32_t, kBlockRows + kExpandPadding> dense_;
  std::array<uint8_t, kBlockRows / 8> valid_bits_;
};

}  // namespace emberharmony::io::internal
