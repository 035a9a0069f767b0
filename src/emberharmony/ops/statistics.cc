#include "emberharmony/ops/statistics.h"

#include <fmt/format.h>

#include "emberharmony/backend/rows_kernel.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/reduction_internal.h"

namespace emberharmony::ops {
namespace {

using backend::Op;

bool IsFloating(DType dtype) { return tensor::IsRealFloating(dtype) || tensor::IsComplex(dtype); }

/// x, or its elements as float64 where the function is defined for floating point only.
Tensor FloatingInput(const Tensor& x) {
  return IsFloating(x.dtype()) ? x : astype(x, DType::kFloat64);
}

/// Whether the native kernels' accumulators give what converting first would: then the conversion
/// needs no pass of its own.
bool ConvertsOnTheWay(Op op, DType from, DType to) {
  if (&backend::CurrentBackend() != &backend::Native()) return false;
  if (from == DType::kFloat32) return to == DType::kFloat64;
  if (op == Op::kProd) return false;
  const bool is_integer = tensor::IsInteger(from) || tensor::IsBool(from);
  return is_integer && tensor::IsInteger(to) && tensor::ItemSize(to) == 8;
}

Tensor Total(Op op, const Tensor& x, const ReductionOptions& options) {
  const DType dtype = options.dtype.value_or(TotalDType(x.dtype()));
  CheckKind(op, dtype);
  if (tensor::IsComplex(x.dtype()) && !tensor::IsComplex(dtype)) {
    return Total(op, real(x), options);
  }
  const ReductionPlan plan = PlanReduction(op, x, options.axis, options.keepdims);
  if (x.dtype() == dtype && op == Op::kSum) return Reduce(op, x, plan, dtype);
  // Integers wrap around alike in 64 bits and in the bits that are kept of them.
  const DType wide = op == Op::kProd && tensor::IsInteger(dtype) ? TotalDType(dtype) : dtype;
  const bool as_is = x.dtype() == wide || ConvertsOnTheWay(op, x.dtype(), wide);
  return astype(Reduce(op, as_is ? x : astype(x, wide), plan, wide), dtype, /*copy=*/false);
}

Tensor Extreme(Op op, const Tensor& x, const ReductionOptions& options) {
  const ReductionPlan plan = PlanReduction(op, x, options.axis, options.keepdims);
  if (plan.num_reduced == 0 && plan.shape.num_elements() > 0) {
    throw ShapeError(fmt::format("{}: expected at least one element along the axes, found a {}",
                                 backend::InfoOf(op).name, x.Describe()));
  }
  if (!tensor::IsBool(x.dtype())) {
    CheckKind(op, x.dtype());
    return Reduce(op, x, plan, x.dtype());
  }
  return Reduce(op == Op::kMin ? Op::kAll : Op::kAny, x, plan, DType::kBool);
}

/// Reductions of whether elements are zero: bytes as they are, others compared first.
Tensor ReduceTruth(Op op, const Tensor& x, const ReductionOptions& options, DType dtype) {
  const ReductionPlan plan = PlanReduction(op, x, options.axis, options.keepdims);
  return Reduce(op, tensor::ItemSize(x.dtype()) == 1 ? x : not_equal(x, 0), plan, dtype);
}

}  // namespace

ReductionPlan PlanReduction(Op op, const Tensor& x, const std::optional<Axes>& axis,
                            bool keepdims) {
  const char* name = backend::InfoOf(op).name.data();
  if (!x.defined()) {
    throw std::invalid_argument(
        fmt::format("{}: expected a tensor, found an undefined tensor", name));
  }
  const int rank = x.rank();
  ReductionPlan plan;
  plan.mask = axis ? axis->MaskFor(name, x) : ~uint64_t{0};
  for (int i = 0; i < rank; ++i) {
    if ((plan.mask >> i) & 1) {
      plan.axes[plan.num_axes++] = i;
      // Of a tensor without elements the product may exceed 64 bits, and then says nothing.
      __builtin_mul_overflow(plan.num_reduced, x.shape()[i], &plan.num_reduced);
      if (keepdims) plan.shape.Append(1);
    } else {
      plan.shape.Append(x.shape()[i]);
    }
  }
  return plan;
}

namespace {

/// Elements up to which the short way pays.
constexpr int64_t kShortReductionMax = 512;

/// The short way is for small contiguous tensors of which the last axes are reduced, so that each
/// result is made of a row, natively: nothing is laid out or shared out. The kernel, or none where
/// the reduction has to go the long way.
backend::RowsKernel ShortRowsKernel(Op op, const Tensor& x, const ReductionPlan& plan,
                                    DType dtype) {
  if (op == Op::kVar || !x.is_contiguous() || x.size() == 0 || x.size() > kShortReductionMax ||
      x.device() != tensor::kCpuDevice || plan.num_axes == 0 ||
      plan.axes[0] != x.rank() - plan.num_axes) {
    return {};
  }
  const backend::RowsKernel kernel =
      backend::CurrentRowsKernel(op == Op::kMean ? Op::kSum : op, x.dtype());
  const bool fits = kernel.accumulator_bytes == tensor::ItemSize(dtype);
  const bool narrows = dtype == DType::kFloat32 && x.dtype() == DType::kFloat32 &&
                       kernel.accumulator_bytes == sizeof(double);
  return fits || narrows ? kernel : backend::RowsKernel{};
}

Tensor ReduceShort(Op op, const backend::RowsKernel& kernel, const Tensor& x,
                   const ReductionPlan& plan, DType dtype) {
  Tensor result = Tensor::Empty(plan.shape, dtype);
  const int64_t n = plan.num_reduced;
  const int64_t rows = result.size();
  if (kernel.accumulator_bytes == tensor::ItemSize(dtype)) {
    kernel.run(x.data(), n, rows, n, nullptr, 0, result.mutable_data());
    if (op == Op::kMean) {
      double* const totals = result.mutable_data_as<double>();
      for (int64_t i = 0; i < rows; ++i) totals[i] /= static_cast<double>(n);
    }
    return result;
  }
  double totals[kShortReductionMax];
  kernel.run(x.data(), n, rows, n, nullptr, 0, totals);
  const double divisor = op == Op::kMean ? static_cast<double>(n) : 1;
  float* const to = result.mutable_data_as<float>();
  for (int64_t i = 0; i < rows; ++i) to[i] = static_cast<float>(totals[i] / divisor);
  return result;
}

}  // namespace

Tensor Reduce(Op op, const Tensor& x, const ReductionPlan& plan, DType dtype,
              std::optional<double> correction) {
  if (const backend::RowsKernel kernel = ShortRowsKernel(op, x, plan, dtype);
      kernel.run != nullptr) {
    return ReduceShort(op, kernel, x, plan, dtype);
  }
  const Tensor result = NewResultOf(x, plan.shape, dtype);
  const backend::Attribute attributes[] = {
      backend::Attribute::Integers(backend::AttributeKey::kAxes,
                                   {plan.axes, static_cast<size_t>(plan.num_axes)}),
      backend::Attribute::Number(backend::AttributeKey::kCorrection, correction.value_or(0))};
  const Tensor* const inputs[] = {&x};
  const Tensor* const outputs[] = {&result};
  RunOp(op, inputs, {attributes, correction ? 2u : 1u}, outputs);
  return result;
}

Tensor sum(const Tensor& x, const ReductionOptions& options) { return Total(Op::kSum, x, options); }
Tensor prod(const Tensor& x, const ReductionOptions& options) {
  return Total(Op::kProd, x, options);
}

Tensor mean(const Tensor& x, const ReductionOptions& options) {
  const ReductionPlan plan = PlanReduction(Op::kMean, x, options.axis, options.keepdims);
  const Tensor numbers = FloatingInput(x);
  return Reduce(Op::kMean, numbers, plan, numbers.dtype());
}

Tensor var(const Tensor& x, const VarianceOptions& options) {
  const ReductionPlan plan = PlanReduction(Op::kVar, x, options.axis, options.keepdims);
  const Tensor numbers = FloatingInput(x);
  return Reduce(Op::kVar, numbers, plan, tensor::RealPartOf(numbers.dtype()), options.correction);
}

Tensor std_(const Tensor& x, const VarianceOptions& options) { return sqrt(var(x, options)); }

Tensor min(const Tensor& x, const ReductionOptions& options) {
  return Extreme(Op::kMin, x, options);
}
Tensor max(const Tensor& x, const ReductionOptions& options) {
  return Extreme(Op::kMax, x, options);
}
Tensor any(const Tensor& x, const ReductionOptions& options) {
  return ReduceTruth(Op::kAny, x, options, DType::kBool);
}
Tensor all(const Tensor& x, const ReductionOptions& options) {
  return ReduceTruth(Op::kAll, x, options, DType::kBool);
}
Tensor count_nonzero(const Tensor& x, const ReductionOptions& options) {
  return ReduceTruth(Op::kCountNonzero, x, options, DType::kInt64);
}

}  // namespace emberharmony::ops
