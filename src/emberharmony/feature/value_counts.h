#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <memory>

#include "emberharmony/feature/analyzer.h"

namespace emberharmony::feature {

class RankedValues;

/// Values with their exact counts, ranked: count descending, then value ascending (strings and
/// bytes by their bytes, numbers by value).
struct ValueCountsStatistic : Statistic {
  std::shared_ptr<arrow::Array> values;  ///< the source's type (a dictionary's value type)
  std::shared_ptr<arrow::Int64Array> counts;
  /// In the place of values and counts, where memory does not hold them (options.on_disk).
  std::shared_ptr<const RankedValues> ranked;
  StateOptions memory;  ///< the state's
  /// Of the values, wherever they lie.
  const std::shared_ptr<arrow::DataType>& type() const;
  int64_t count = 0;  ///< rows with a value
  int64_t null_count = 0;
  int64_t distinct_count = 0;  ///< before min_count and max_size
  int64_t kept_count = 0;      ///< rows whose value is kept
};

struct ValueCountsOptions {
  int64_t min_count = 1;
  int64_t max_size = -1;  ///< -1: no limit
  /// Whether what is learned may lie in a temporary file: where the budget has no room for it, or
  /// it would take more than StateOptions.learned_bytes_max.
  bool on_disk = false;
};

/// Exact counts of every distinct value: strings, bytes, bools, integers, floats (with -0 = +0; a
/// NaN is missing), dates, times, timestamps, durations, decimals. state_key "value_counts".
///
/// A state takes 16 to 24 bytes a distinct value of at most 8 bytes, longer ones their length and
/// 25 to 40 bytes more; when StateOptions.budget refuses that and there is a spill_dir, it writes
/// what it holds to a temporary file and goes on. Finalize needs 24 bytes for each value that
/// min_count and max_size leave (with max_size at most twice as many, and 1,024), and the arrays of
/// the statistic; it may spill, too, and with on_disk needs no more than that leaves. Errors:
/// UsageError for a type that cannot be counted, OutOfMemory (with the budget's path), IOError of
/// the temporary file.
std::shared_ptr<const Analyzer> MakeValueCountsAnalyzer(const ValueCountsOptions& options = {});

}  // namespace emberharmony::feature
