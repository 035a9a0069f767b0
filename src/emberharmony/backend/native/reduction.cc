// The reductions of the standard: what accumulators become results.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "emberharmony/backend/native/native_backend_internal.h"
#include "emberharmony/backend/native/operation_internal.h"
#include "emberharmony/backend/native/reduction_run_internal.h"
#include "emberharmony/backend/rows_kernel.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

uint64_t AxesOf(Attributes attributes) {
  const Attribute* axes = FindAttribute(attributes, AttributeKey::kAxes);
  if (axes == nullptr) return ~uint64_t{0};
  uint64_t mask = 0;
  for (int64_t i = 0; i < axes->integers.count; ++i)
    mask |= uint64_t{1} << axes->integers.values[i];
  return mask;
}

bool IsFloating(DType dtype) { return tensor::IsRealFloating(dtype) || tensor::IsComplex(dtype); }

/// Sums and products are held in double precision, or in 64 bits modulo 2^64.
template <class Acc>
void Narrow(const void* accs, const Tensor& output, int64_t count) {
  if (static_cast<const void*>(output.data()) == accs) return;
  const Acc* from = static_cast<const Acc*>(accs);
  tensor::VisitReal(tensor::RealPartOf(output.dtype()), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = static_cast<T*>(output.mutable_data());
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<T>(from[i]);
  });
}

/// Memory for `count` accumulators: the output's own if the result is the accumulator.
Tensor AccumulatorsFor(const Tensor& output, int64_t count, int64_t acc_bytes) {
  if (output.size_bytes() == count * acc_bytes) return output;
  return Tensor::Empty({count * acc_bytes}, DType::kUInt8);
}

/// The real numbers of a result: two of a complex one.
int64_t NumParts(const Tensor& output) {
  return output.size() * (tensor::IsComplex(output.dtype()) ? 2 : 1);
}

void FillParts(const Tensor& output, double real, double imaginary) {
  tensor::VisitAny(output.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T value{};
    if constexpr (std::is_arithmetic_v<T>) {
      value = static_cast<T>(real);
    } else {
      value = T(static_cast<typename T::value_type>(real),
                static_cast<typename T::value_type>(imaginary));
    }
    std::fill_n(static_cast<T*>(output.mutable_data()), output.size(), value);
  });
}

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void Total(Op op, const Tensor& input, Attributes attributes, const Tensor& output) {
  const bool pairs = op == Op::kSum;
  // Integers wrap around, in any order to the same result.
  const bool any_order = !IsFloating(input.dtype()) && !input.is_contiguous();
  const ReductionLayout layout = any_order ? LayOutAsItLies(input, AxesOf(attributes))
                                           : LayOut(input, AxesOf(attributes), pairs);
  if (layout.reduced.size() == 0) return FillParts(output, op == Op::kProd ? 1 : 0, 0);
  const ReductionKernel& kernel = ActiveReductions().Get(op, layout.dtype);
  const int64_t count = layout.kept.size();
  const Tensor accs = AccumulatorsFor(output, count, kernel.acc_bytes);
  RunReduction(kernel, layout, nullptr, accs.mutable_data());
  if (IsFloating(input.dtype())) {
    Narrow<double>(accs.data(), output, NumParts(output));
  } else {
    Narrow<uint64_t>(accs.data(), output, count);
  }
}

bool HasZero(const Tensor& output) {
  bool found = false;
  tensor::VisitReal(output.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = static_cast<const T*>(output.data());
    found = std::find(x, x + output.size(), T(0)) != x + output.size();
  });
  return found;
}

/// Reductions whose accumulators are the results. They may be made in any order, but that of zeros
/// with both signs the first one is the least, or largest.
void Select(Op op, const Tensor& input, Attributes attributes, const Tensor& output) {
  const uint64_t axes = AxesOf(attributes);
  const bool any_order = !input.is_contiguous();
  const ReductionLayout layout =
      any_order ? LayOutAsItLies(input, axes) : LayOut(input, axes, /*complex_as_pairs=*/false);
  if (layout.reduced.size() == 0) return FillParts(output, op == Op::kAll ? 1 : 0, 0);
  const ReductionKernel& kernel = ActiveReductions().Get(op, layout.dtype);
  RunReduction(kernel, layout, nullptr, output.mutable_data());
  const bool is_extreme = op == Op::kMin || op == Op::kMax;
  if (any_order && is_extreme && tensor::IsRealFloating(output.dtype()) && HasZero(output)) {
    RunReduction(kernel, LayOut(input, axes, /*complex_as_pairs=*/false), nullptr,
                 output.mutable_data());
  }
}

void Mean(Op, const Tensor& input, Attributes attributes, const Tensor& output) {
  const ReductionLayout layout = LayOut(input, AxesOf(attributes), /*complex_as_pairs=*/true);
  const int64_t n = layout.reduced.size();
  if (n == 0) return FillParts(output, kNaN, tensor::IsComplex(output.dtype()) ? kNaN : 0);
  const int64_t count = layout.kept.size();
  const Tensor accs = AccumulatorsFor(output, count, sizeof(double));
  RunReduction(ActiveReductions().Get(Op::kSum, layout.dtype), layout, nullptr,
               accs.mutable_data());
  double* totals = static_cast<double*>(accs.mutable_data());
  for (int64_t i = 0; i < count; ++i) totals[i] /= static_cast<double>(n);
  Narrow<double>(totals, output, count);
}

void Variance(Op, const Tensor& input, Attributes attributes, const Tensor& output) {
  const ReductionLayout layout = LayOut(input, AxesOf(attributes), /*complex_as_pairs=*/true);
  const int64_t n = layout.reduced.size();
  if (n == 0) return FillParts(output, kNaN, 0);
  const int64_t count = layout.kept.size();
  const Tensor means = Tensor::Empty({count}, DType::kFloat64);
  double* centers = means.mutable_data_as<double>();
  RunReduction(ActiveReductions().Get(Op::kSum, layout.dtype), layout, nullptr, centers);
  for (int64_t i = 0; i < count; ++i) centers[i] /= static_cast<double>(n);
  const Tensor accs = Tensor::Empty({count, 2}, DType::kFloat64);
  RunReduction(ActiveReductions().Get(Op::kVar, layout.dtype), layout, centers,
               accs.mutable_data());
  // The corrected two-pass algorithm (Chan, Golub and LeVeque, "Algorithms for Computing the Sample
  // Variance", 1983): the deviations' sum takes out what the rounded mean adds to their squares.
  const double* sums = accs.data_as<double>();
  const double divisor =
      std::max(static_cast<double>(n) - NumberOr(attributes, AttributeKey::kCorrection, 0), 0.0);
  for (int64_t i = 0; i < count; ++i) {
    const double excess = sums[2 * i] * sums[2 * i] / static_cast<double>(n);
    const double squares = sums[2 * i + 1] - excess;
    centers[i] = (squares < 0 ? 0 : squares) / divisor;
  }
  // |z - mean|^2 is the sum of what the real and the imaginary parts deviate, squared.
  if (tensor::IsComplex(input.dtype())) {
    for (int64_t i = 0; i < count / 2; ++i) centers[i] = centers[2 * i] + centers[2 * i + 1];
  }
  Narrow<double>(centers, output, output.size());
}

using Body = void (*)(Op, const Tensor&, Attributes, const Tensor&);

template <Op op, Body body>
void Execute(Tensors inputs, Attributes attributes, Tensors outputs) {
  const Tensor& output = *outputs[0];
  if (output.size() == 0) return;
  if (output.is_contiguous()) return body(op, *inputs[0], attributes, output);
  const Tensor apart = Tensor::Empty(output.shape(), output.dtype());
  body(op, *inputs[0], attributes, apart);
  tensor::CopyElements(apart, output);
}

template <Op op>
bool Supports(std::span<const DType> dtypes) {
  const bool pairs = op == Op::kSum || op == Op::kMean || op == Op::kVar;
  const DType dtype = pairs ? tensor::RealPartOf(dtypes[0]) : dtypes[0];
  return ActiveReductions().Get(op == Op::kMean ? Op::kSum : op, dtype).rows != nullptr;
}

template <Op op, Body body>
bool Register() {
  return RegisterOperation(op, {&Supports<op>, &Execute<op, body>});
}

const bool registered = Register<Op::kSum, &Total>() && Register<Op::kProd, &Total>() &&
                        Register<Op::kMin, &Select>() && Register<Op::kMax, &Select>() &&
                        Register<Op::kAny, &Select>() && Register<Op::kAll, &Select>() &&
                        Register<Op::kCountNonzero, &Select>() && Register<Op::kMean, &Mean>() &&
                        Register<Op::kVar, &Variance>();

}  // namespace
}  // namespace emberharmony::backend::native

namespace emberharmony::backend {

static_assert(kRowsKernelMax == native::kReductionBlock);

RowsKernel CurrentRowsKernel(Op op, tensor::DType dtype) {
  if (!IsNativeCurrent()) return {};
  const native::ReductionKernel& kernel = native::ActiveReductions().Get(op, dtype);
  return {kernel.rows, kernel.acc_bytes};
}

}  // namespace emberharmony::backend
