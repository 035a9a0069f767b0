#pragma once

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <cstdint>
#include <vector>

#include "emberharmony/io/filter/expression.h"
#include "emberharmony/io/pooled_array_internal.h"

namespace emberharmony::io::filter {

/// SQL's three truth values. As bits: 1 for true, 2 for false, neither for unknown (NULL).
enum class Truth : uint8_t { kNull = 0, kTrue = 1, kFalse = 2 };

/// The truth of some rows, in two bitmaps of 64-bit words: true, false, or neither. Bits beyond the
/// last row are 0. A row may have failed instead, by a CAST of a value that there is none of: then
/// it has no truth, unless one side of AND is false, or one of OR true, whatever the other may be.
class TruthBits {
 public:
  explicit TruthBits(arrow::MemoryPool* pool) : true_(pool), false_(pool) {}

  /// Makes room for so many rows; what they hold is not specified.
  arrow::Status Resize(int64_t num_rows);
  /// Every row.
  arrow::Status Fill(int64_t num_rows, Truth truth);
  /// Row i is null where valid says so (nullptr: nowhere), else whether test[i] is 1.
  arrow::Status SetTested(const uint8_t* test, const uint8_t* valid_bits, int64_t valid_offset,
                          int64_t num_rows);
  /// Rows for which failed[i] is 1 have failed.
  void SetFailed(const uint8_t* failed, int64_t num_rows);
  /// Copies all rows of `from` to the rows from `row` on; the words there were 0.
  void Place(const TruthBits& from, int64_t row);

  void And(const TruthBits& other);
  void Or(const TruthBits& other);
  void Not();
  /// x IS NULL, IS TRUE, IS FALSE: never unknown.
  void IsNull();
  void Is(Truth truth);
  /// FALSE < TRUE; unknown where one side is.
  void Compare(ComparisonOp op, const TruthBits& other);

  int64_t num_rows() const { return num_rows_; }
  /// Whether row i has failed; at(i) is kNull then.
  bool failed(int64_t row) const {
    return !failed_.empty() && (failed_[static_cast<size_t>(row >> 6)] >> (row & 63) & 1) != 0;
  }
  bool any_failed() const;
  bool all_true() const;
  bool all_false() const;
  uint64_t* true_words() { return true_.data(); }
  uint64_t* false_words() { return false_.data(); }
  const uint64_t* true_words() const { return true_.data(); }
  const uint64_t* false_words() const { return false_.data(); }
  Truth at(int64_t row) const {
    const uint64_t bit = row & 63;
    return static_cast<Truth>((true_[row >> 6] >> bit & 1) | (false_[row >> 6] >> bit & 1) << 1);
  }

 private:
  int64_t num_words() const { return (num_rows_ + 63) / 64; }
  uint64_t last_mask() const {
    return (num_rows_ & 63) == 0 ? ~uint64_t{0} : (uint64_t{1} << (num_rows_ & 63)) - 1;
  }
  uint64_t mask(int64_t word) const { return word + 1 == num_words() ? last_mask() : ~uint64_t{0}; }

  uint64_t failed_word(int64_t word) const {
    return failed_.empty() ? 0 : failed_[static_cast<size_t>(word)];
  }
  void AddFailed(const TruthBits& other);

  PooledArray<uint64_t> true_;
  PooledArray<uint64_t> false_;
  std::vector<uint64_t> failed_;  // empty: none has, as nearly always
  int64_t num_rows_ = 0;
};

}  // namespace emberharmony::io::filter
