#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>

#include "emberharmony/io/csv_block_internal.h"
#include "emberharmony/io/csv_file_internal.h"

namespace emberharmony::io::internal {

/// Cuts the bytes [begin, end) of a file, which begin with a record, into blocks of whole records.
///
/// A block is the longest run of records from its start on within CsvSizes::block_bytes, or one
/// record if that is longer: the same blocks whoever reads them. One thread at a time.
class CsvBlockReader {
 public:
  static arrow::Result<std::unique_ptr<CsvBlockReader>> Make(std::shared_ptr<const CsvFile> file,
                                                             const CsvDialect& dialect,
                                                             int64_t num_columns,
                                                             const CsvSizes& sizes, int64_t begin,
                                                             int64_t end, arrow::MemoryPool* pool);

  /// The next records; none (num_rows 0) at the end. DataError for a record that does not have
  /// num_columns fields, that is longer than record_bytes_max, or whose quotes are not closed.
  arrow::Status Next(CsvBlock* block);
  /// DataError that names the file and the line on which record `row` of the block begins.
  arrow::Status ErrorAt(const CsvBlock& block, int64_t row, const std::string& what) const;

 private:
  CsvBlockReader(std::shared_ptr<const CsvFile> file, const CsvDialect& dialect,
                 int64_t num_columns, const CsvSizes& sizes, int64_t begin, arrow::MemoryPool* pool)
      : file_(std::move(file)),
        dialect_(dialect),
        num_columns_(num_columns),
        sizes_(sizes),
        next_offset_(begin),
        carried_(pool) {}

  arrow::Result<int64_t> TakeBytes(int64_t size, char* out);
  arrow::Status SkipLineFeed(CsvBlock* block);
  arrow::Status Fill(int64_t limit, CsvBlock* block);
  arrow::Status Search(CsvBlock* block);
  arrow::Status EndLastRecord(CsvBlock* block);
  arrow::Status Cut(CsvBlock* block);
  arrow::Status CheckGrid(const CsvBlock& block);
  arrow::Status WrongNumberOfFields(const CsvBlock& block) const;

  const std::shared_ptr<const CsvFile> file_;
  const CsvDialect dialect_;
  const int64_t num_columns_;
  const CsvSizes sizes_;
  std::unique_ptr<CsvStream> stream_;
  bool at_end_ = false;          // of the stream
  bool skip_line_feed_ = false;  // the last block ended with a CR
  int64_t next_offset_;          // where the next block begins in the file
  PooledArray<char> carried_;    // what has been read beyond the last block, from carried_begin_ on
  int64_t carried_begin_ = 0;

  // Of the block that is being read:
  int64_t size_ = 0;         // text read
  int64_t searched_ = 0;     // text searched for fields
  int64_t num_records_ = 0;  // that end in it
  int64_t num_checked_ = 0;  // records that have the right number of fields
  CsvScanState state_;
};

}  // namespace emberharmony::io::internal
