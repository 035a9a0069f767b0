#pragma once

#include <optional>

#include "emberharmony/backend/op.h"
#include "emberharmony/ops/axes.h"
#include "emberharmony/ops/operand.h"

namespace emberharmony::ops {

/// The dtype in which sums and products are made by default.
inline DType TotalDType(DType dtype) {
  if (tensor::IsSignedInteger(dtype) || tensor::IsBool(dtype)) return DType::kInt64;
  return tensor::IsUnsignedInteger(dtype) ? DType::kUInt64 : dtype;
}

/// Which axes of a tensor a function reduces, and the shape that remains.
struct ReductionPlan {
  uint64_t mask = 0;
  int num_axes = 0;
  int64_t axes[tensor::kRankMax];  // ascending
  Shape shape;                     // the result's
  int64_t num_reduced = 1;         // elements per result
};

/// Without `axis`: all axes. Throws ShapeError, beginning with the operation's name.
ReductionPlan PlanReduction(backend::Op op, const Tensor& x, const std::optional<Axes>& axis,
                            bool keepdims);

/// Runs a reduction that has been checked; the result is of `dtype`.
Tensor Reduce(backend::Op op, const Tensor& x, const ReductionPlan& plan, DType dtype,
              std::optional<double> correction = std::nullopt);

}  // namespace emberharmony::ops
