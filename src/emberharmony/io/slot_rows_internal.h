#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "emberharmony/io/pooled_array_internal.h"

namespace emberharmony::io {

/// The rows of one row group of columns that share an index stream, collected until the row group
/// is complete.
///
/// A row is a slot. Each dictionary (block) that occurs takes one slot an entry, in order of
/// occurrence, and one more for null; plain rows form one more block behind them, one slot a row.
/// How rows were divided into appends leaves no trace. One thread at a time.
class SlotRows {
 public:
  struct Block {
    std::vector<std::shared_ptr<arrow::Array>> values;  ///< one array a column
    int64_t length = 0;
    int32_t base = 0;  ///< the slot of entry 0; the null slot is base + length
  };

  SlotRows(int num_columns, arrow::MemoryPool* pool);

  /// The rows to come, so that memory is taken once.
  void Expect(int64_t num_rows) { expected_rows_ = num_rows; }
  /// See ColumnSink::Append.
  arrow::Status AppendEncoded(std::span<const std::shared_ptr<arrow::Array>> values,
                              const int32_t* indices, int64_t num_rows, uint64_t dictionary_id);
  /// Rows [offset, offset + num_rows) of the arrays.
  arrow::Status AppendPlain(std::span<const std::shared_ptr<arrow::Array>> values, int64_t offset,
                            int64_t num_rows);
  void Clear();

  int64_t num_rows() const { return num_rows_; }
  bool all_plain() const { return blocks_.empty(); }
  /// The plain rows of each column as one array.
  arrow::Result<std::vector<std::shared_ptr<arrow::Array>>> PlainRows();
  /// Turns the plain rows, if there are any, into the last block; afterwards every row has its
  /// slot.
  arrow::Status GivePlainRowsSlots();

  const std::vector<Block>& blocks() const { return blocks_; }
  const int32_t* slots() const { return slots_.data(); }
  /// A byte a slot: 1 if a row has it.
  const uint8_t* used() const { return used_.data(); }
  int64_t num_slots() const { return used_.size(); }
  /// Rows whose index said null; entries that are null are not counted.
  int64_t num_null_indices() const { return num_null_indices_; }

 private:
  struct PlainRun {
    int64_t first_row;
    int64_t num_rows;
  };

  arrow::Result<const Block*> FindOrAddBlock(std::span<const std::shared_ptr<arrow::Array>> values,
                                             uint64_t dictionary_id);
  arrow::Result<const Block*> AddBlock(std::vector<std::shared_ptr<arrow::Array>> values);
  arrow::Status MergeShortArrays(std::vector<std::shared_ptr<arrow::Array>>* arrays);

  const int num_columns_;
  arrow::MemoryPool* const pool_;
  int64_t expected_rows_ = 0;
  int64_t num_rows_ = 0;
  int64_t num_null_indices_ = 0;
  std::vector<Block> blocks_;
  std::unordered_map<uint64_t, size_t> block_of_id_;
  std::vector<PlainRun> plain_runs_;
  std::vector<std::vector<std::shared_ptr<arrow::Array>>> plain_arrays_;  // [column][piece]
  PooledArray<int32_t> slots_;  // rows of plain runs are filled in by GivePlainRowsSlots
  PooledArray<uint8_t> used_;
};

}  // namespace emberharmony::io
