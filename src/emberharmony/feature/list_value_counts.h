#pragma once

#include <memory>

#include "emberharmony/feature/value_counts.h"

namespace emberharmony::feature {

/// Exact counts of the elements of lists (a ValueCountsStatistic): value_counts of all elements of
/// all rows, each as often as it stands in its list. Lists that are null have none. state_key
/// "list_value_counts".
std::shared_ptr<const Analyzer> MakeListValueCountsAnalyzer(const ValueCountsOptions& options = {});

}  // namespace emberharmony::feature
