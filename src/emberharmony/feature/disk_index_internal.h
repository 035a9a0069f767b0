#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/base/spill_file.h"
#include "emberharmony/feature/analyzer.h"
#include "emberharmony/feature/ranked_values_internal.h"

namespace emberharmony::feature {

/// A frozen map from values to numbers in a temporary file: what a vocabulary that memory does not
/// hold is looked up in.
///
/// The file is cut into buckets by the values' hashes; where each begins is kept in memory. Values
/// that are looked up together are sorted by bucket first, so each bucket is read once, in the
/// file's order, and neighbours together: a batch costs at most as many reads as it has distinct
/// values, and at most one pass over the file. Immutable and thread-safe.
class DiskIndex {
 public:
  enum class Number { kPosition, kCount };  ///< what a value is mapped to

  /// Sorts the values by their hashes, in further temporary files that are gone afterwards.
  /// DataError when a value repeats.
  static arrow::Result<std::unique_ptr<DiskIndex>> Make(
      const std::shared_ptr<const RankedValues>& ranked, Number number, const StateOptions& memory);

  /// numbers[i] becomes that of values[i], or kAbsent or kMissing; plain values of a type that the
  /// ranked values' keys accept.
  arrow::Status Find(const arrow::Array& values, int64_t* numbers) const;
  static constexpr int64_t kAbsent = -1;
  static constexpr int64_t kMissing = -2;

  const ValueKeys& keys() const { return keys_; }
  int64_t size() const { return size_; }
  /// What it takes of memory.
  int64_t memory_bytes() const { return reservation_.bytes(); }

 private:
  class Builder;
  class Search;
  // Values of one section (value_runs_internal.h), in ascending order of (hash, bytes).
  struct Section {
    int64_t num_buckets = 0;
    int64_t first_bucket = 0;  // in bucket_ends_
  };

  DiskIndex(ValueKeys keys, int64_t size, base::MemoryBudget* budget)
      : keys_(std::move(keys)), size_(size), budget_(budget), reservation_(budget) {}

  int64_t BucketBegin(int64_t bucket) const {
    return bucket == 0 ? 0 : bucket_ends_[static_cast<size_t>(bucket) - 1];
  }
  int64_t BucketEnd(int64_t bucket) const { return bucket_ends_[static_cast<size_t>(bucket)]; }
  int64_t BucketOf(int section, uint64_t hash) const;

  const ValueKeys keys_;
  const int64_t size_;
  int64_t first_number_ = 0;  // what stands for 0 in the file, where numbers begin at 1
  base::MemoryBudget* const budget_;
  base::MemoryReservation reservation_;
  std::array<Section, kNumSections> sections_;
  std::vector<int64_t> bucket_ends_;  // offsets in the file
  std::unique_ptr<base::SpillFile> file_;
};

}  // namespace emberharmony::feature
