#pragma once

#include <cstdint>
#include <memory>

#include "emberharmony/feature/analyzer.h"

namespace emberharmony::feature {

struct QuantileEstimate {
  double value = 0;        ///< NaN when there are no values
  double error_bound = 0;  ///< absolute; 0 when exact
};

/// The order statistics of numbers, exact or within a stated bound (DESIGN section 3, "Quantiles, medians").
class QuantileStatistic : public Statistic {
 public:
  virtual int64_t count() const = 0;
  virtual int64_t null_count() const = 0;
  virtual int64_t infinity_count() const = 0;
  /// NumPy's "linear" interpolation at q in [0, 1].
  virtual QuantileEstimate Quantile(double q) const = 0;
  /// The middle value, or the mean of the two middle values (exact sum, rounded once).
  virtual QuantileEstimate Median() const = 0;
  /// The value with the largest count, ties to the smallest; exact only while no key was shortened.
  virtual double MostFrequent() const = 0;
  /// Leading significant bits that the keys kept; 53 is full.
  virtual int bits() const = 0;
  virtual int64_t num_keys() const = 0;
  virtual double min() const = 0;
  virtual double max() const = 0;
};

/// state_key "value_histogram/<max_keys>".
std::shared_ptr<const Analyzer> MakeValueHistogramAnalyzer(int64_t max_keys = 65536);

}  // namespace emberharmony::feature
