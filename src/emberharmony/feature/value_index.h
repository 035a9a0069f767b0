#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>

namespace emberharmony::feature {

/// A frozen map from values to their positions in an array: what a learned vocabulary is looked up
/// in.
///
/// Values are equal as in value_counts: by bytes, by number, -0 = +0; a null and a NaN are missing.
/// Immutable once made, and thread-safe. Look-ups are prefetched in batches: some 10 to 30 ns each,
/// however large the map.
class ValueIndex {
 public:
  static constexpr int32_t kAbsent = -1;   ///< the position of a value that is not in the map
  static constexpr int32_t kMissing = -2;  ///< the position of a null or NaN

  /// `values` are distinct, without nulls or NaN, at most 2^31 - 1 of them: strings, bytes,
  /// fixed-size bytes, bools, integers, floats, dates, times, timestamps, durations, decimals.
  /// DataError when a value repeats or is missing, UsageError for a type that cannot be counted,
  /// OutOfMemory. Memory (some 16 to 24 bytes a value, longer strings more) is accounted for when
  /// `pool` is a base::MemoryBudget, which must then outlive the map. nullptr: the pool that the
  /// values' own memory came from.
  static arrow::Result<std::unique_ptr<ValueIndex>> Make(std::shared_ptr<arrow::Array> values,
                                                         arrow::MemoryPool* pool = nullptr);
  ~ValueIndex();

  /// out[i] becomes the position of values[i], kAbsent, or kMissing; out has values.length()
  /// entries. The type must be that of the map's values (any string or bytes type for another one;
  /// a dictionary of that type; null), else UsageError.
  arrow::Status Lookup(const arrow::Array& values, int32_t* out) const;

  /// The array the map was made from.
  const std::shared_ptr<arrow::Array>& values() const;
  int64_t size() const { return values()->length(); }
  int64_t memory_bytes() const;

 private:
  struct Impl;
  explicit ValueIndex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace emberharmony::feature
