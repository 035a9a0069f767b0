#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <parquet/statistics.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "emberharmony/io/chunk_page_writer_internal.h"
#include "emberharmony/io/column_format_internal.h"
#include "emberharmony/io/distinct_entries_internal.h"
#include "emberharmony/io/page_stream_internal.h"
#include "emberharmony/io/pooled_array_internal.h"
#include "emberharmony/io/row_group_encoder_internal.h"
#include "emberharmony/io/slot_rows_internal.h"

namespace emberharmony::io {

/// Encodes one row group after the other of columns that share an index stream.
///
/// Each column gets the smaller of two forms: a dictionary of the entries that rows point at (in
/// the order of the input, without equal ones where that pays, always for variable length) with
/// indices of as few bits as possible, or plain values. Columns with the same indices share data
/// pages. All choices depend on the rows and their dictionaries alone. One thread at a time.
class ColumnChunkEncoder : public RowGroupEncoder {
 public:
  /// The formats must outlive the encoder.
  static arrow::Result<std::unique_ptr<ColumnChunkEncoder>> Make(
      std::span<const ColumnFormat> columns, arrow::MemoryPool* pool);

  /// The chunks of all columns for these rows (at least one); changes `rows` by giving plain rows
  /// slots.
  arrow::Result<std::vector<EncodedChunk>> Encode(SlotRows* rows) override;

 private:
  /// The values of one column, kept while its chunk is encoded.
  struct Values {
    explicit Values(arrow::MemoryPool* pool) : fixed(pool), views(pool) {}
    PooledArray<uint8_t> fixed;
    PooledArray<std::string_view> views;
    EntryValues entries;  // points into the arrays above, or into an Arrow array
  };
  /// What rows point at once null, unused and (perhaps) equal entries are gone.
  struct Entries {
    EntryValues values;
    int64_t count = 0;
    RowIds rows;
    int64_t num_valid_rows = 0;
  };

  ColumnChunkEncoder(std::span<const ColumnFormat> columns, arrow::MemoryPool* pool);

  bool AnyUsedEntryIsNull(const SlotRows& rows) const;
  arrow::Status EncodeColumns(const SlotRows& rows, std::span<const int> columns,
                              std::vector<EncodedChunk>* chunks);
  /// Lists the used slots with a value in `column`; says whether rows point at nulls.
  arrow::Result<bool> ListUsedSlots(const SlotRows& rows, int column);
  arrow::Status GatherUsed(const SlotRows& rows, int column);
  arrow::Status KeepFirstOfEqual(int column, Values* values);
  arrow::Result<RowIds> MapSlots(const SlotRows& rows, bool merge_equal, bool has_nulls);
  arrow::Status EncodeGroup(std::span<const int> columns, Entries entries,
                            std::vector<EncodedChunk>* chunks);
  arrow::Result<bool> EncodeNarrower(int column, const Entries& entries, EncodedChunk* chunk);
  /// A column with two values among at most 256 entries of the group (as in a one-hot), after Find.
  arrow::Result<EncodedChunk> EncodeTwoValues(int column, const Entries& entries);
  arrow::Status RowsAsBytes(const Entries& entries);
  arrow::Result<EncodedChunk> EncodeChunk(const ColumnFormat& format, const Entries& entries,
                                          std::shared_ptr<const PageBytes>* shared_pages);
  bool DictionaryPays(const ColumnFormat& format, const Entries& entries) const;

  /// Plain rows as they are; nothing if so many of them are equal that a dictionary should be
  /// tried.
  arrow::Result<std::optional<EncodedChunk>> EncodePlainRows(const ColumnFormat& format,
                                                             const arrow::Array& array);
  arrow::Status GatherValid(const ColumnFormat& format, const arrow::Array& array, Values* values);
  arrow::Result<parquet::EncodedStatistics> MakeStatistics(const ColumnFormat& format,
                                                           const EntryValues& values, int64_t count,
                                                           int64_t num_nulls) const;

  const std::span<const ColumnFormat> columns_;
  arrow::MemoryPool* const pool_;
  std::unique_ptr<ChunkPageWriter> page_writer_;
  DistinctEntries distinct_;
  std::vector<Values> values_;  // a column each
  Values kept_;
  PooledArray<uint8_t> converted_;
  PooledArray<int32_t> used_slots_;
  PooledArray<int32_t> map_;
  PooledArray<int32_t> narrower_map_;
  PooledArray<uint8_t> valid_;
  PooledArray<uint8_t>
      row_bytes_;  // each row's entry, for groups with at most 256; empty until it is needed
  PooledArray<uint8_t> row_bits_;
};

}  // namespace emberharmony::io
