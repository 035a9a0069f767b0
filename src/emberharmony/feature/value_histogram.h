#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "emberharmony/feature/analyzer.h"

namespace emberharmony::feature {

/// An integer of any 64-bit type, or a time in its type's unit.
using WholeNumber = __int128;

struct QuantileEstimate {
  double value = 0;        ///< NaN when there are no values
  double error_bound = 0;  ///< absolute; 0 when exact
  /// Of integers and times: the largest whole number that is not above, exact also where no double
  /// holds it.
  std::optional<WholeNumber> whole = std::nullopt;
};

struct CountedNumber {
  double value = 0;
  int64_t count = 0;
  std::optional<WholeNumber> whole = std::nullopt;  ///< of integers and times: the value
};

/// The order statistics of the finite numbers of a column (as CheckMeasurable allows: integers and
/// times as they are, other numbers as the nearest doubles), exact or within a stated bound. A
/// histogram of at most max_keys keys holds the numbers' leading significant bits; as long as all
/// bits are kept, every statistic is exact. The bits kept depend on the set of values alone.
class QuantileStatistic : public Statistic {
 public:
  /// Rows with a value, infinities included.
  virtual int64_t count() const = 0;
  /// Rows that are null or NaN.
  virtual int64_t null_count() const = 0;
  /// Rows with an infinity: part of count() and of nothing else.
  virtual int64_t infinity_count() const = 0;
  /// NumPy's "linear" interpolation at q in [0, 1].
  virtual QuantileEstimate Quantile(double q) const = 0;
  /// The middle value, or the mean of the two middle values (exact sum, rounded once).
  virtual QuantileEstimate Median() const = 0;
  /// The value with the largest count, ties to the smallest; exact only while no key was shortened.
  virtual double MostFrequent() const = 0;
  /// The at most k values with the largest counts, count descending, then value ascending; exact
  /// only while no key was shortened. Empty for a statistic that knows no values but the quantiles
  /// it was asked for.
  virtual std::vector<CountedNumber> MostFrequentValues(int64_t /*k*/) const { return {}; }
  /// Leading significant bits that the keys kept; 53 is full, 64 for integers and times.
  virtual int bits() const = 0;
  /// Whether no key was shortened: num_keys() is then the number of distinct finite values.
  virtual bool exact() const = 0;
  virtual int64_t num_keys() const = 0;
  /// The smallest and the largest finite value, as the nearest double; NaN when there is none.
  virtual double min() const = 0;
  virtual double max() const = 0;
};

/// state_key "value_histogram/<max_keys>". max_keys >= 1; below 4,198 more keys may be kept, since
/// one bit always is. Memory: some 20 bytes a key. A state of integers to which values of another
/// form are added (an impute's mean that joins them) goes on as one of doubles.
std::shared_ptr<const Analyzer> MakeValueHistogramAnalyzer(int64_t max_keys = 65536);

}  // namespace emberharmony::feature
