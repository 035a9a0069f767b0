#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <string_view>

#include "emberharmony/io/csv_scan_internal.h"
#include "emberharmony/io/pooled_array_internal.h"

namespace emberharmony::io::internal {

/// The content of one field: without its quotes, doubled quotes halved.
struct CsvField {
  uint32_t begin = 0;  ///< in the block's text
  uint32_t size : 31 = 0;
  uint32_t quoted : 1 = 0;

  bool is_null() const { return size == 0 && quoted == 0; }
  std::string_view in(const char* text) const { return {text + begin, size}; }
};

/// Consecutive whole records of a CSV file, cut into fields; each record has num_columns of them.
struct CsvBlock {
  explicit CsvBlock(arrow::MemoryPool* pool) : text(pool), ends(pool) {}

  /// The records, then kCsvPadding bytes that may be read. Fields are unquoted in place.
  PooledArray<char> text;
  /// The place behind each field's last byte, num_columns a record.
  PooledArray<uint32_t> ends;
  int64_t num_columns = 0;
  int64_t num_rows = 0;
  int64_t text_size = 0;    ///< of the records
  int64_t file_offset = 0;  ///< of the text's first byte, in the file's uncompressed bytes
  bool one_column = false;

  /// The contents of one column's fields; called once for each column, since it changes the text.
  /// Returns the first row whose field goes on behind its closing quote, or -1.
  arrow::Result<int64_t> TakeFields(int64_t column, PooledArray<CsvField>* fields);
  /// Where record `row` begins in the text.
  int64_t RecordBegin(int64_t row) const;
};

}  // namespace emberharmony::io::internal
