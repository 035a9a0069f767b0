#pragma once

#include <optional>
#include <span>
#include <vector>

#include "emberharmony/ops/operand.h"

namespace emberharmony::ops {

struct GradientOptions {
  /// The axes to differentiate along; all of them unless given.
  std::optional<std::vector<int>> axes = std::nullopt;
  /// 1 or 2: the order of the error at the first and last element.
  int edge_order = 1;
};

/// The derivatives of f, sampled at points, along each axis: a tensor of f's shape for each.
/// Central differences of second order within, one-sided ones at the edges (as numpy.gradient; for
/// uneven points see Fornberg, "Generation of Finite Difference Formulas on Arbitrarily Spaced
/// Grids", 1988).
///
/// `spacing`: nothing (points are 1 apart), or one tensor for every axis, or one for all: of rank 0
/// the points' distance, of rank 1 their coordinates. Floating-point dtypes are kept, integers and
/// bool become float64. Throws ShapeError for axes shorter than edge_order + 1, coordinates of
/// another number than points, and another number of spacings; std::invalid_argument for another
/// edge_order; DTypeError for complex spacing. Thread-safe.
std::vector<Tensor> gradient(const Tensor& f, std::span<const Tensor> spacing = {},
                             const GradientOptions& options = {});

}  // namespace emberharmony::ops
