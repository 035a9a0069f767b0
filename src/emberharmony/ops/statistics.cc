#include "emberharmony/ops/statistics.h"

#include <fmt/format.h>

#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/elementwise.h"

namespace emberharmony::ops {
namespace {

using backend::Op;

struct Reduction {
  std::vector<int64_t> axes;  // ascending
  Shape shape;                // the result's
  int64_t num_reduced = 1;    // elements per result
};

Reduction Plan(Op op, const Tensor& x, const ReductionOptions& options) {
  const std::string_view name = backend::InfoOf(op).name;
  std::vector<bool> reduced(x.rank(), !options.axis.has_value());
  if (options.axis) {
    for (int axis : *options.axis) {
      const int at = axis < 0 ? axis + x.rank() : axis;
      if (at < 0 || at >= x.rank() || reduced[at]) {
        throw ShapeError(fmt::format("{}: expected different axes in [{}, {}) of a {}, found {}",
                                     name, -x.rank(), x.rank(), x.Describe(), axis));
      }
      reduced[at] = true;
    }
  }
  Reduction plan;
  for (int i = 0; i < x.rank(); ++i) {
    if (reduced[i]) {
      plan.axes.push_back(i);
      plan.num_reduced *= x.shape()[i];
      if (options.keepdims) plan.shape.Append(1);
    } else {
      plan.shape.Append(x.shape()[i]);
    }
  }
  return plan;
}

Tensor Reduce(Op op, const Tensor& x, const Reduction& plan) {
  CheckKind(op, x.dtype());
  const std::string_view name = backend::InfoOf(op).name;
  const Tensor result = Tensor::Empty(plan.shape, x.dtype());
  if (plan.num_reduced == 0 && op != Op::kSum && result.size() > 0) {
    throw ShapeError(fmt::format("{}: expected at least one element along the axes, found a {}",
                                 name, x.Describe()));
  }
  const backend::Attribute axes =
      backend::Attribute::Integers(backend::AttributeKey::kAxes, plan.axes);
  const Tensor* const inputs[] = {&x};
  const Tensor* const outputs[] = {&result};
  RunOp(op, inputs, {&axes, 1}, outputs);
  return result;
}

}  // namespace

Tensor sum(const Tensor& x, const ReductionOptions& options) {
  CheckKind(Op::kSum, x.dtype());
  DType dtype = x.dtype();
  if (tensor::IsSignedInteger(dtype)) dtype = DType::kInt64;
  if (tensor::IsUnsignedInteger(dtype)) dtype = DType::kUInt64;
  dtype = options.dtype.value_or(dtype);
  return Reduce(Op::kSum, astype(x, dtype, /*copy=*/false), Plan(Op::kSum, x, options));
}

Tensor mean(const Tensor& x, const ReductionOptions& options) {
  if (!tensor::IsRealFloating(x.dtype())) {
    throw DTypeError(
        fmt::format("mean: expected a floating-point dtype, found {}: convert with astype",
                    DTypeName(x.dtype())));
  }
  const Reduction plan = Plan(Op::kSum, x, options);
  // float32 is rounded once, after the division.
  const Tensor total = Reduce(Op::kSum, astype(x, DType::kFloat64, /*copy=*/false), plan);
  const Tensor result = divide(total, static_cast<double>(plan.num_reduced));
  return astype(result, x.dtype(), /*copy=*/false);
}

Tensor min(const Tensor& x, const ReductionOptions& options) {
  return Reduce(Op::kMin, x, Plan(Op::kMin, x, options));
}

Tensor max(const Tensor& x, const ReductionOptions& options) {
  return Reduce(Op::kMax, x, Plan(Op::kMax, x, options));
}

}  // namespace emberharmony::ops
