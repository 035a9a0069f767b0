#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emberharmony/tensor/tensor.h"

namespace emberharmony::ops {

/// The elements of a contiguous tensor as texts of one width, in C order; those of rank 0 without
/// padding. `precision`: the most digits behind the point.
std::vector<std::string> ElementTexts(const tensor::Tensor& x, std::optional<int> precision);

}  // namespace emberharmony::ops
