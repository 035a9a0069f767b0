#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/feature/counted_values_internal.h"
#include "emberharmony/feature/value_counts.h"

namespace emberharmony::feature {

/// Collects counted values and ranks them: count descending, then value ascending. Of more than
/// max_size only the first are kept, in memory of twice that size. One thread at a time.
class ValueRanking {
 public:
  /// copy_bytes: long strings do not stay where they are (they come from a run).
  ValueRanking(const ValueKeys& keys, const ValueCountsOptions& options, bool copy_bytes,
               const StateOptions& memory);

  /// Takes a value unless its count is below min_count.
  arrow::Status Add(int section, const CountedEntry& entry);
  /// Sets values, counts, distinct_count and kept_count.
  arrow::Status Finish(ValueCountsStatistic* statistic);

  /// How many values wait to be ranked, and what the statistic and an index of them would take.
  int64_t size() const { return static_cast<int64_t>(ranked_.size()); }
  int64_t learned_bytes() const;
  /// Hands over what was added so far, ranked, as entries of RankedValues::section(), and is empty
  /// then.
  arrow::Status Drain(const std::function<arrow::Status(const CountedEntry&)>& visit);

 private:
  struct Ranked {
    int64_t count;
    uint64_t prefix;      // numbers: the key; bytes: the first eight, most significant first
    uint32_t length;      // of bytes
    uint32_t long_index;  // of strings longer than eight bytes: which of long_bytes_
  };

  bool RanksBefore(const Ranked& a, const Ranked& b) const;
  std::string_view BytesOf(const Ranked& ranked, char (&buffer)[8]) const;
  arrow::Status Push(const Ranked& ranked);
  arrow::Status CopyLong(std::string_view bytes, const char** copy);
  arrow::Status Account(int64_t more = 0);
  template <class T>
  arrow::Status Grow(size_t capacity, std::vector<T>* vector);
  void Sort();
  void KeepBest();
  void CompactLong();

  const ValueKeys& keys_;
  const ValueCountsOptions options_;
  const bool copy_bytes_;
  arrow::MemoryPool* const pool_;
  base::MemoryReservation reservation_;
  std::vector<Ranked> ranked_;
  std::vector<const char*> long_bytes_;
  std::vector<std::unique_ptr<char[]>> copies_;  // blocks that copied strings lie in
  int64_t copied_bytes_ = 0;                     // the blocks' size
  int64_t long_length_ = 0;                      // of the strings that long_bytes_ refers to
  char* block_ = nullptr;                        // free part of the last block
  int64_t block_bytes_ = 0;
  bool have_worst_ = false;  // what ranks after ranked_[max_size - 1] need not be kept
  Ranked worst_{};
  int64_t distinct_count_ = 0;
};

}  // namespace emberharmony::feature
