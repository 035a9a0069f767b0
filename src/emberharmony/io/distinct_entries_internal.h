#pragma once

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "emberharmony/io/pooled_array_internal.h"

namespace emberharmony::io {

/// The values of one column's dictionary entries: `count` values of `width` bytes each, or views if
/// width is 0.
struct EntryValues {
  const uint8_t* fixed = nullptr;
  const std::string_view* views = nullptr;
  int width = 0;
};

/// Finds equal dictionary entries. Entries of several columns that share an index stream are equal
/// when they are equal in every column; values are equal when their bytes are. One thread at a
/// time; memory is kept for the next use.
class DistinctEntries {
 public:
  explicit DistinctEntries(arrow::MemoryPool* pool) : table_(pool), ids_(pool), firsts_(pool) {}

  /// Numbers the distinct ones among `count` entries in order of first occurrence.
  arrow::Status Find(std::span<const EntryValues> columns, int64_t count);
  /// Whether so many of up to 1,024 evenly spaced entries are equal to others (more than one in
  /// ten) that Find pays. A function of the entries alone.
  arrow::Result<bool> ManyAreEqual(std::span<const EntryValues> columns, int64_t count);

  /// The number of each entry, after Find.
  const int32_t* ids() const { return ids_.data(); }
  /// The entry that each number stands for.
  const int32_t* firsts() const { return firsts_.data(); }
  int64_t num_distinct() const { return firsts_.size(); }

 private:
  /// Find for 32-bit values that lie close together, by a table over their range; false if they do
  /// not.
  arrow::Result<bool> FindInRange(const uint8_t* values, int64_t count);
  template <typename Position, typename Hash, typename Equal>
  arrow::Status FindWith(int64_t count, Position position, Hash hash, Equal equal);
  template <typename Position>
  arrow::Status FindAt(std::span<const EntryValues> columns, int64_t count, Position position);

  PooledArray<int32_t> table_;  // open addressing: number + 1, or 0
  PooledArray<int32_t> ids_;
  PooledArray<int32_t> firsts_;
};

}  // namespace emberharmony::io
