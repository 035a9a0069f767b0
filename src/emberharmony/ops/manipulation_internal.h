#pragma once

#include <optional>
#include <vector>

#include "emberharmony/ops/manipulation.h"

namespace emberharmony::ops {

/// `axis` counted from the front; throws ShapeError unless it lies in [-rank, rank).
int CheckedAxis(const char* function, int axis, int rank);

/// The axes counted from the front, in the order given; all of them, ascending, if none are given.
/// Throws ShapeError for one that does not exist or repeats.
std::vector<int> CheckedAxes(const char* function, const std::optional<std::vector<int>>& axes,
                             int rank);

/// Throws std::invalid_argument for an undefined tensor.
void CheckDefined(const char* function, const Tensor& x);

}  // namespace emberharmony::ops
