#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <functional>

#include "emberharmony/feature/analyzer.h"

namespace emberharmony::feature {

/// Calls visit with the same values in an array that is no dictionary: those of a dictionary array
/// once each, with the weights of the rows that point at them.
arrow::Status VisitPlainValues(const WeightedValues& values,
                               const std::function<arrow::Status(const WeightedValues&)>& visit);

/// The sum of n weights (nullptr: n). DataError when it, added to `so_far`, is beyond 2^63 - 1.
arrow::Status AddWeights(const int64_t* weights, int64_t n, int64_t* so_far);

/// *so_far += weight; DataError when that is beyond the range of int64.
arrow::Status AddWeight(int64_t weight, int64_t* so_far);

}  // namespace emberharmony::feature
