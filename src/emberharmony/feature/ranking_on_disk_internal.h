#pragma once

#include <arrow/result.h>

#include <memory>

#include "emberharmony/feature/counted_values_internal.h"
#include "emberharmony/feature/ranked_values_internal.h"
#include "emberharmony/feature/value_counts.h"

namespace emberharmony::feature {

/// Ranks counted values as ValueRanking does, in temporary files of the multiset's spill_dir: parts
/// that memory holds are ranked, written and merged. Sets ranked, distinct_count and kept_count.
arrow::Status RankOnDisk(const CountedValues& values, const ValueCountsOptions& options,
                         ValueCountsStatistic* statistic);

}  // namespace emberharmony::feature
