#pragma once

#include <memory>

#include "emberharmony/feature/analyzer.h"

namespace emberharmony::feature {

/// Counts, exact sum and squares, minimum and maximum of numbers (integers, floats, bools as 0/1,
/// decimals as the nearest double, dates and timestamps as their integers).
struct MomentsStatistic : Statistic {
  int64_t count = 0;       ///< rows with a value, infinities included
  int64_t null_count = 0;  ///< rows that are null or NaN
  int64_t infinity_count =
      0;            ///< rows with an infinity; these are in count, min and max, and nowhere else
  double sum = 0;   ///< of the finite values
  double mean = 0;  ///< exact, rounded once; NaN when there is no finite value
  double variance = 0;            ///< population (ddof 0), exact, rounded once
  double standard_deviation = 0;  ///< its root, also where the variance is beyond a double
  double min = 0;                 ///< NaN when count is 0
  double max = 0;
};

/// state_key "moments".
std::shared_ptr<const Analyzer> MakeMomentsAnalyzer();

}  // namespace emberharmony::feature
