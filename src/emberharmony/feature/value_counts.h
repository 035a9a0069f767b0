#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <memory>

#include "emberharmony/feature/analyzer.h"

namespace emberharmony::feature {

/// Values with their exact counts, ranked: count descending, then value ascending (strings and
/// bytes by their bytes, numbers by value).
struct ValueCountsStatistic : Statistic {
  std::shared_ptr<arrow::Array> values;  ///< the source's type (a dictionary's value type)
  std::shared_ptr<arrow::Int64Array> counts;
  int64_t count = 0;  ///< rows with a value
  int64_t null_count = 0;
  int64_t distinct_count = 0;  ///< before min_count and max_size
  int64_t kept_count = 0;      ///< rows whose value is kept
};

struct ValueCountsOptions {
  int64_t min_count = 1;
  int64_t max_size = -1;  ///< -1: no limit
};

/// Exact counts of every distinct value (strings, bytes, integers, bools, dates, timestamps,
/// decimals, floats with -0 = +0), in hash partitions that spill when the budget is short.
/// state_key "value_counts".
std::shared_ptr<const Analyzer> MakeValueCountsAnalyzer(const ValueCountsOptions& options = {});

}  // namespace emberharmony::feature
