#pragma once

#include <arrow/memory_pool.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/page_index.h>
#include <parquet/schema.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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

/// Bytes of a page.
struct PageBytesView {
  const uint8_t* data = nullptr;
  int64_t size = 0;
};

/// Goes through the pages of one leaf column of consecutive row groups of a file and divides each
/// data page into repetition levels, definition levels and values. What a page counts are its
/// levels: one a row, or one an element (and one an empty list) where the leaf is inside of lists.
///
/// Holds a window of the compressed bytes, one page, and the chunk's dictionary. Functions may
/// throw parquet::ParquetException; errors say what is wrong, WithContext says where. One thread at
/// a time.
class LeafPages {
 public:
  /// What a read from disk asks for.
  static constexpr int64_t kReadBytes = int64_t{256} << 10;

  /// `leaf` is the index among the file's leaf columns, `type` that of its values, `name` for
  /// messages.
  LeafPages(std::shared_ptr<const ParquetFile> file, std::string name,
            std::shared_ptr<arrow::DataType> type, int leaf, std::vector<RowGroupChunk> chunks,
            arrow::MemoryPool* pool, int64_t read_bytes = kReadBytes);

  /// Without lists only: leaves the current page and passes over the num_rows rows after it. Pages
  /// that lie within them are neither decompressed nor decoded; where the file has an offset index
  /// they are not even read. Returns how many of the rows are in the page that is then the current
  /// one; 0 may mean that there is none until Next.
  arrow::Result<int64_t> SkipRows(int64_t num_rows);
  /// Passes over the row groups that lie within the next num_rows rows; returns how many rows are
  /// left to pass over. Between row groups: before the first Next, at the end of a chunk, or after
  /// LeaveRowGroup.
  int64_t SkipRowGroups(int64_t num_rows);
  /// Leaves out what is left of the current row group.
  void LeaveRowGroup();

  /// The next page with levels in it, of the next row group with rows where a chunk has ended.
  arrow::Status Next();
  /// Levels of the chunk in pages to come; 0 with a page used up: the chunk has ended.
  int64_t levels_after_page() const { return levels_after_page_; }
  /// The row group of the current page.
  const RowGroupChunk& chunk() const { return chunks_[next_chunk_ - 1]; }
  /// Counts row groups that were begun.
  size_t num_chunks_begun() const { return next_chunk_; }

  // Of the current page, valid until Next:
  int64_t num_levels() const { return num_levels_; }
  PageBytesView repetition_levels() const { return repetition_; }
  PageBytesView definition_levels() const { return definition_; }
  /// Whether its values are indices into dictionary(), which indices() decodes; else values() does.
  bool has_indices() const { return has_indices_; }
  IndexDecoder* indices() { return &indices_; }
  PageValueDecoder* values() { return value_decoder_.get(); }
  const std::shared_ptr<arrow::Array>& dictionary() const { return dictionary_; }

  const parquet::ColumnDescriptor& descriptor() const { return *descriptor_; }
  int max_definition_level() const { return descriptor_->max_definition_level(); }
  int max_repetition_level() const { return descriptor_->max_repetition_level(); }

  /// An error as a DataError that names file, row group and column; memory errors stay memory
  /// errors.
  arrow::Status WithContext(const arrow::Status& status) const;

 private:
  arrow::Status OpenChunk();
  arrow::Status NextPage();
  arrow::Status JumpToPage();
  void LoadOffsetIndex();
  arrow::Status SetDictionary(const parquet::DictionaryPage& page);
  arrow::Status SetDataPage(const parquet::DataPage& page);
  arrow::Status SplitPageV1(const parquet::DataPageV1& page, PageBytesView* values);
  arrow::Status SplitPageV2(const parquet::DataPageV2& page, PageBytesView* values);
  arrow::Status SetIndices(PageBytesView values);

  const std::shared_ptr<const ParquetFile> file_;
  const std::string name_;
  const std::shared_ptr<arrow::DataType> type_;
  const int leaf_;
  const parquet::ColumnDescriptor* const descriptor_;
  const std::vector<RowGroupChunk> chunks_;
  arrow::MemoryPool* const pool_;
  PageMemoryPool page_pool_;
  std::shared_ptr<ChunkStream> stream_;
  std::unique_ptr<PageValueDecoder> value_decoder_;

  size_t next_chunk_ = 0;
  int64_t rows_to_skip_ = 0;  // still to be passed over, from the next page on
  int64_t levels_after_page_ = 0;
  std::unique_ptr<parquet::PageReader> pages_;
  std::shared_ptr<arrow::Array> dictionary_;
  std::unique_ptr<parquet::OffsetIndex> offset_index_;  // of the chunk, once it was needed
  bool offset_index_tried_ = false;
  int64_t expected_page_rows_ = -1;  // of the next page, if the offset index led to it

  std::shared_ptr<parquet::Page> page_;
  int64_t num_levels_ = 0;
  PageBytesView repetition_;
  PageBytesView definition_;
  bool has_indices_ = false;
  IndexDecoder indices_;
};

}  // namespace emberharmony::io::internal
