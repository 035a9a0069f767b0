#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "emberharmony/feature/analyzer.h"
#include "emberharmony/feature/value_histogram.h"

namespace emberharmony::feature {

/// Which order statistics a step takes of a column.
struct QuantilesWanted {
  bool median = false;
  std::vector<double> quantiles = {};  ///< each in [0, 1]
};

/// An analyzer whose statistic is a QuantileStatistic: a value histogram, of the same state_key.
///
/// With `exact`, what the histogram's keys leave open is refined (Analyzer::Refine) in further
/// passes over the same values: each counts, in a histogram of its own, only the values in the
/// ranges where the wanted order statistics lie, so that every pass tells at least 16 parts of each
/// range apart, usually thousands, until what was asked for is exact. Quantile and Median of a
/// refined statistic may be asked for what was wanted only. Memory: that of a histogram of max_keys
/// keys, or of 16 for each open range where that is more; one pass more is usual, and without any
/// where the values have at most max_keys distinct keys.
std::shared_ptr<const Analyzer> MakeQuantileAnalyzer(int64_t max_keys, bool exact,
                                                     QuantilesWanted wanted);

/// The number of distinct values up to which an analyzer's statistic is good at once: with more of
/// them Analyzer::Refine may ask for another pass. -1: it never does.
int64_t ExactUpTo(const Analyzer& analyzer);

}  // namespace emberharmony::feature
