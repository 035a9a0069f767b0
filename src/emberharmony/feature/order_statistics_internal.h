#pragma once

#include <cstdint>
#include <vector>

#include "emberharmony/feature/number_keys_internal.h"
#include "emberharmony/feature/value_histogram.h"

namespace emberharmony::feature {

/// Values that a statistic cannot tell apart: `count` of them, the first of which is the first-th
/// smallest (from 0), all with keys in [low, high].
struct ValueRange {
  uint64_t low = 0;
  uint64_t high = 0;
  int64_t first = 0;
  int64_t count = 0;
  bool exact() const { return low == high; }
};

/// Quantiles by what is known of single order statistics. Immutable.
class OrderStatistics : public QuantileStatistic {
 public:
  QuantileEstimate Quantile(double q) const override;
  QuantileEstimate Median() const override;

  /// Of the keys in ranges.
  virtual NumberForm form() const = 0;
  /// Whether integers beyond 2^53 have come into their ranges cut to fewer bits, while the nearest
  /// doubles of some may lie in the next one: another pass over doubles cannot count by the ranges.
  virtual bool cut() const { return false; }
  /// Rows with a finite value.
  virtual int64_t num_finite() const = 0;
  /// The index-th smallest finite value, 0 <= index < num_finite().
  virtual QuantileEstimate OrderStatistic(int64_t index) const = 0;
  /// The values among which it is.
  virtual ValueRange RangeOf(int64_t index) const = 0;
};

/// The order statistics of n >= 1 values that NumPy's "linear" at q takes, and those of the median.
std::vector<int64_t> RanksOfQuantile(double q, int64_t n);
std::vector<int64_t> RanksOfMedian(int64_t n);

}  // namespace emberharmony::feature
