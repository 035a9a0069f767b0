#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <span>

#include "emberharmony/io/csv_block_internal.h"
#include "emberharmony/io/pooled_array_internal.h"

namespace emberharmony::io::internal {

/// Finds the distinct texts among the fields of a column in one block. One thread at a time; memory
/// is kept for the next use.
class CsvDictionary {
 public:
  explicit CsvDictionary(arrow::MemoryPool* pool) : slots_(pool), numbers_(pool), distinct_(pool) {}

  /// More distinct texts are not looked for.
  static constexpr int64_t kEntriesMax = 8192;

  /// Numbers the distinct texts in order of first occurrence and writes each field's number to
  /// `indices` (fields.size() of them); what is null gets the number behind the last. False, and
  /// indices are worth nothing, where too few fields are equal for a dictionary to pay: a function
  /// of the fields alone. With empty_is_null a quoted field without content is null, too.
  arrow::Result<bool> Encode(const char* text, std::span<const CsvField> fields, bool empty_is_null,
                             int32_t* indices);

  /// After Encode: the first field of each number.
  std::span<const CsvField> distinct() const {
    return {distinct_.data(), static_cast<size_t>(distinct_.size())};
  }
  bool has_nulls() const { return has_nulls_; }

 private:
  /// A text of up to 16 bytes is its own key; a longer one has a hash and its size. A low word of
  /// zero: an empty slot (texts hold no NUL).
  struct Slot {
    uint64_t low;
    uint64_t high;
  };

  arrow::Status Clear(int64_t num_slots);
  arrow::Status Grow(const char* text);

  PooledArray<Slot> slots_;
  PooledArray<int32_t> numbers_;
  PooledArray<CsvField> distinct_;
  bool has_nulls_ = false;
};

}  // namespace emberharmony::io::internal
