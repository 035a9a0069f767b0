// Reductions along axes.
#include <mlx/ops.h>

#include <algorithm>
#include <numeric>

#include "backends/mlx/mlx_arrays.h"

namespace emberharmony::mlx_backend {
namespace {

/// MLX adds up in one pass, in as many sums as an instruction has lanes: of float32 the digits of
/// long sums are lost.
constexpr int64_t kFloat32TermsMax = 1024;

/// The axes a call reduces.
std::vector<int> AxesOf(const MlxCall& call) {
  const EmberAttribute* const attribute = call.Find(EMBER_ATTRIBUTE_AXES);
  std::vector<int> axes;
  if (attribute == nullptr) {
    axes.resize(call.in().ndim());
    std::iota(axes.begin(), axes.end(), 0);
    return axes;
  }
  for (int64_t i = 0; i < attribute->value.integers.count; ++i) {
    axes.push_back(static_cast<int>(attribute->value.integers.values[i]));
  }
  return axes;
}

int64_t NumTerms(const MlxCall& call, const std::vector<int>& axes) {
  int64_t count = 1;
  for (const int axis : axes) count *= call.in().shape(axis);
  return count;
}

void CheckTerms(const MlxCall& call, const std::vector<int>& axes) {
  const bool is_small = call.in().dtype() == mx::float32 || call.in().dtype() == mx::complex64;
  if (is_small && NumTerms(call, axes) > kFloat32TermsMax) {
    throw Refusal{"MLX's sums of many float32 lose digits"};
  }
}

mx::array Converted(const MlxCall& call, const mx::array& result) {
  return mx::astype(result, DTypeOf(call.out().type), call.stream);
}

mx::array Sum(const MlxCall& call) {
  const std::vector<int> axes = AxesOf(call);
  CheckTerms(call, axes);
  // Of small integers MLX gives int32, whose last bits are those of the smaller dtype's sum.
  return Converted(call, mx::sum(call.in(), axes, /*keepdims=*/true, call.stream));
}

mx::array Prod(const MlxCall& call) {
  return Converted(call, mx::prod(call.in(), AxesOf(call), /*keepdims=*/true, call.stream));
}

mx::array MeanAlong(const MlxCall& call, const mx::array& x, const std::vector<int>& axes,
                    double divisor) {
  return mx::divide(mx::sum(x, axes, /*keepdims=*/true, call.stream), mx::array(divisor, x.dtype()),
                    call.stream);
}

mx::array Mean(const MlxCall& call) {
  const std::vector<int> axes = AxesOf(call);
  CheckTerms(call, axes);
  return MeanAlong(call, call.in(), axes, static_cast<double>(NumTerms(call, axes)));
}

mx::array Var(const MlxCall& call) {
  const std::vector<int> axes = AxesOf(call);
  CheckTerms(call, axes);
  const auto count = static_cast<double>(NumTerms(call, axes));
  const double divisor = count - call.Number(EMBER_ATTRIBUTE_CORRECTION, 0);
  if (!(divisor > 0)) throw Refusal{"no degrees of freedom are left"};
  const mx::array centered =
      mx::subtract(call.in(), MeanAlong(call, call.in(), axes, count), call.stream);
  return MeanAlong(call, mx::multiply(centered, centered, call.stream), axes, divisor);
}

using Reduction = mx::array (*)(const mx::array&, const std::vector<int>&, bool,
                                mx::StreamOrDevice);

template <Reduction kFunction>
mx::array Reduce(const MlxCall& call) {
  return Converted(call, kFunction(call.in(), AxesOf(call), /*keepdims=*/true, call.stream));
}

/// The place of the first NaN, or else of the first of the largest (smallest).
template <mx::array (*kFunction)(const mx::array&, int, bool, mx::StreamOrDevice)>
mx::array Position(const MlxCall& call) {
  const mx::array& x = call.in();
  if (x.ndim() == 0) return mx::zeros({}, mx::int64, call.stream);
  const auto axis = static_cast<int>(call.Integer(EMBER_ATTRIBUTE_AXIS, 0));
  const mx::array place = kFunction(x, axis, /*keepdims=*/true, call.stream);
  if (x.dtype() != mx::float32 && x.dtype() != mx::float64) return Converted(call, place);
  const mx::array is_nan = mx::isnan(x, call.stream);
  const mx::array first_nan = mx::argmax(is_nan, axis, /*keepdims=*/true, call.stream);
  const mx::array any_nan = mx::any(is_nan, axis, /*keepdims=*/true, call.stream);
  return Converted(call, mx::where(any_nan, first_nan, place, call.stream));
}

constexpr MlxOp kOps[] = {
    {EMBER_OP_kSum, kReals | kComplexes, &Sum},
    {EMBER_OP_kProd, kReals | kComplexes, &Prod},
    {EMBER_OP_kMean, kFloats, &Mean},
    {EMBER_OP_kVar, kFloats, &Var},
    {EMBER_OP_kMin, kReals, &Reduce<&mx::min>},
    {EMBER_OP_kMax, kReals, &Reduce<&mx::max>},
    {EMBER_OP_kAny, kBools, &Reduce<&mx::any>,
     "the library asks of bytes what MLX asks of numbers"},
    {EMBER_OP_kAll, kBools, &Reduce<&mx::all>,
     "the library asks of bytes what MLX asks of numbers"},
    {EMBER_OP_kCountNonzero, kBools | kReals, &Reduce<&mx::count_nonzero>},
    {EMBER_OP_kArgMin, kReals, &Position<&mx::argmin>},
    {EMBER_OP_kArgMax, kReals, &Position<&mx::argmax>},
};

}  // namespace

std::span<const MlxOp> ReductionOps() { return kOps; }

}  // namespace emberharmony::mlx_backend
