#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/csv_block_reader_internal.h"
#include "emberharmony/io/csv_dictionary_internal.h"
#include "emberharmony/io/csv_types_internal.h"
#include "emberharmony/io/source.h"

namespace emberharmony::io::internal {

/// A column as a reader of CSV is asked for it.
struct CsvColumn {
  int index = 0;  ///< in the header
  std::string name;
  CsvType type = CsvType::kString;
  bool expected = false;  ///< the type was asked for, not found in the values
};

/// Reads columns of one unit, block by block. Batches end with their block. A column of a block
/// whose texts repeat is encoded, each distinct text converted once. One thread at a time.
class CsvUnitReader : public BatchReader {
 public:
  /// `first_dictionary_id`: identifiers from there on are this unit's.
  CsvUnitReader(std::unique_ptr<CsvBlockReader> blocks, std::vector<CsvColumn> columns,
                const BatchOptions& options, Cursor start, uint64_t first_dictionary_id);

  arrow::Result<std::optional<Batch>> Next() override;
  Cursor cursor() const override { return {next_row_}; }

 private:
  arrow::Status NextBlock();
  arrow::Result<Piece> ConvertColumn(size_t c);
  arrow::Status Conflict(const CsvColumn& column, int64_t row) const;

  const std::unique_ptr<CsvBlockReader> blocks_;
  const std::vector<CsvColumn> columns_;
  const int64_t batch_rows_;
  arrow::MemoryPool* const pool_;
  int64_t next_row_;  // of the unit
  uint64_t next_dictionary_id_;
  CsvBlock block_;
  int64_t block_begin_ = 0;    // the unit's row that is the block's first
  std::vector<Piece> pieces_;  // of the block, by column
  PooledArray<CsvField> fields_;
  PooledArray<int32_t> indices_;
  CsvDictionary dictionary_;
  arrow::Status status_;  // the first error, which stays
};

}  // namespace emberharmony::io::internal
