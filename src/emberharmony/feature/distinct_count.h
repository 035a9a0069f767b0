#pragma once

#include <cstdint>
#include <memory>

#include "emberharmony/feature/analyzer.h"

namespace emberharmony::feature {

struct DistinctCountStatistic : Statistic {
  int64_t distinct_count =
      0;  ///< exact up to 1,024, then HyperLogLog's estimate (p = 14, standard error 0.81 %)
  bool exact = true;
  int64_t count = 0;
  int64_t null_count = 0;
};

/// state_key "distinct_count". Values of any flat type; fingerprints are those of the cells
/// (io/cell_fingerprint.h), of dates and times those of their integers in the type's unit.
std::shared_ptr<const Analyzer> MakeDistinctCountAnalyzer();

}  // namespace emberharmony::feature
