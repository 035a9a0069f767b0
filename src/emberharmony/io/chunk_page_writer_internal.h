#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>

#include "emberharmony/io/column_format_internal.h"
#include "emberharmony/io/distinct_entries_internal.h"
#include "emberharmony/io/page_stream_internal.h"
#include "emberharmony/io/pooled_array_internal.h"

namespace emberharmony::io {

/// Rows as numbers of entries: row i is map[slots[i]], or slots[i] without a map; negative is null.
struct RowIds {
  const int32_t* slots = nullptr;
  int64_t num_rows = 0;
  const int32_t* map = nullptr;
  bool has_nulls = false;
};

/// Writes the pages of column chunks: definition levels for nullable columns, then indices or plain
/// values.
///
/// A page closes after kPageRows rows; one of plain values of variable length also after the row
/// with which it reaches kPagePlainBytes. One thread at a time.
class ChunkPageWriter {
 public:
  static constexpr int64_t kPageRows = 65536;
  static constexpr int64_t kPagePlainBytes = int64_t{1} << 20;

  static arrow::Result<std::unique_ptr<ChunkPageWriter>> Make(arrow::MemoryPool* pool);

  /// A dictionary page with `count` values.
  arrow::Result<PageBytes> WriteDictionary(const EntryValues& values, int64_t count);
  /// Data pages of indices into a dictionary with num_entries entries.
  arrow::Result<PageBytes> WriteIndices(bool nullable, const RowIds& rows, int64_t num_entries);
  /// The same for a dictionary of two entries and rows without nulls, whose indices are given as
  /// bits from bit 0 on.
  arrow::Result<PageBytes> WriteIndexBits(bool nullable, const uint8_t* bits, int64_t num_rows);
  /// Data pages of plain values, looked up entry by entry.
  arrow::Result<PageBytes> WritePlain(const ColumnFormat& format, const RowIds& rows,
                                      const EntryValues& entries);
  /// Data pages of plain values that lie one after the other, without the nulls. `valid`: a bit a
  /// row from bit 0 on, or null if all num_rows rows are valid.
  arrow::Result<PageBytes> WriteDense(const ColumnFormat& format, const uint8_t* valid,
                                      int64_t num_rows, const EntryValues& values);

 private:
  explicit ChunkPageWriter(arrow::MemoryPool* pool)
      : page_ids_(pool), page_valid_(pool), page_bytes_(pool), body_(pool) {}

  /// The entries of rows [begin, begin + count) into page_ids_ (or where they lie), nulls as -1.
  arrow::Result<const int32_t*> LoadIds(const RowIds& rows, int64_t begin, int64_t count);
  /// Starts a body with the definition levels; valid as in WriteDense.
  arrow::Status BeginBody(bool nullable, const uint8_t* valid, int64_t num_rows);
  arrow::Status PutIndices(const int32_t* ids, int64_t count, int bit_width);
  arrow::Status PutValues(const ColumnFormat& format, const EntryValues& entries,
                          const int32_t* ids, int64_t count);
  arrow::Status PutDense(const ColumnFormat& format, const EntryValues& values, int64_t begin,
                         int64_t count);
  arrow::Status PutBinary(std::string_view value);
  arrow::Status EndPage(int64_t num_rows, parquet::Encoding::type encoding);

  std::unique_ptr<PageStream> pages_;
  PooledArray<int32_t> page_ids_;
  PooledArray<uint8_t> page_valid_;
  PooledArray<uint8_t> page_bytes_;
  PooledArray<uint8_t> body_;
};

}  // namespace emberharmony::io
