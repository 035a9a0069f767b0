// Reductions along axes.
#include <ATen/ops/all.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/amin.h>
#include <ATen/ops/any.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/argmin.h>
#include <ATen/ops/count_nonzero.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/prod.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/var.h>

#include <algorithm>
#include <vector>

#include "backends/torch/torch_call.h"

namespace emberharmony::torch_backend {
namespace {

/// The axes a call reduces. PyTorch takes an empty list for all axes, the library for none.
struct Axes {
  at::IntArrayRef axes;
  bool none = false;
  bool keeps = false;

  explicit Axes(const TorchCall& call) {
    const EmberAttribute* attribute = call.Find(EMBER_ATTRIBUTE_AXES);
    if (attribute != nullptr) {
      axes = {attribute->value.integers.values,
              static_cast<size_t>(attribute->value.integers.count)};
      none = axes.empty() && call.in(0).dim() > 0;
    }
    keeps = call.in(0).dim() > 0 && call.out().dim() == call.in(0).dim();
  }
};

/// Of no axes each element is a reduction of itself alone.
bool IsAlone(const TorchCall& call, const Axes& axes) {
  if (!axes.none) return false;
  call.out().copy_(call.in(0));
  return true;
}

/// Whether sums and products are made of int64 and then cut off, which wraps around the same way:
/// PyTorch has no smaller ones.
bool IsSmallInteger(const at::Tensor& tensor) {
  return at::isIntegralType(tensor.scalar_type(), /*includeBool=*/false) &&
         tensor.scalar_type() != at::kLong;
}

void Sum(const TorchCall& call) {
  const Axes axes(call);
  if (IsAlone(call, axes)) return;
  if (IsSmallInteger(call.out())) {
    call.out().copy_(at::sum(call.in(0), axes.axes, axes.keeps, at::kLong));
    return;
  }
  at::sum_out(call.out(), call.in(0), axes.axes, axes.keeps, call.out().scalar_type());
}

/// Of complex numbers the means of their parts: PyTorch's makes NaN of infinities.
void Mean(const TorchCall& call) {
  const Axes axes(call);
  if (IsAlone(call, axes)) return;
  if (!call.out().is_complex()) {
    at::mean_out(call.out(), call.in(0), axes.axes, axes.keeps, call.out().scalar_type());
    return;
  }
  std::vector<int64_t> reduced = axes.axes.vec();
  for (int64_t i = 0; reduced.empty() && i < call.in(0).dim(); ++i) reduced.push_back(i);
  if (reduced.empty()) {
    call.out().copy_(call.in(0));
    return;
  }
  at::Tensor out = PartsOf(call.out());
  at::mean_out(out, PartsOf(call.in(0)), at::IntArrayRef(reduced), axes.keeps);
}

void Var(const TorchCall& call) {
  const Axes axes(call);
  if (axes.none) throw Refusal{"a variance along no axes"};
  const double correction = call.Number(EMBER_ATTRIBUTE_CORRECTION, 0);
  const int64_t results = call.out().numel();
  if (results == 0 || static_cast<double>(call.in(0).numel() / results) <= correction) {
    throw Refusal{"no degrees of freedom are left, of which PyTorch prints a warning"};
  }
  at::var_out(call.out(), call.in(0), axes.axes, at::Scalar(correction), axes.keeps);
}

/// The axes to reduce made one, the last: PyTorch's products are along one.
at::Tensor WithOneAxis(const at::Tensor& input, at::IntArrayRef axes) {
  std::vector<int64_t> order;
  std::vector<int64_t> reduced;
  std::vector<int64_t> shape;
  int64_t length = 1;
  for (int64_t i = 0; i < input.dim(); ++i) {
    if (axes.empty() || std::find(axes.begin(), axes.end(), i) != axes.end()) {
      reduced.push_back(i);
      length *= input.size(i);
    } else {
      order.push_back(i);
      shape.push_back(input.size(i));
    }
  }
  order.insert(order.end(), reduced.begin(), reduced.end());
  shape.push_back(length);
  return input.permute(order).reshape(shape);
}

void Prod(const TorchCall& call) {
  const Axes axes(call);
  if (IsAlone(call, axes)) return;
  const at::Tensor input = axes.axes.size() == 1 ? call.in(0) : WithOneAxis(call.in(0), axes.axes);
  const int64_t axis = axes.axes.size() == 1 ? axes.axes[0] : input.dim() - 1;
  const auto dtype = IsSmallInteger(call.out()) ? at::kLong : call.out().scalar_type();
  const at::Tensor product = at::prod(input, axis, /*keepdim=*/false, dtype);
  call.out().copy_(product.view(call.out().sizes()));
}

template <at::Tensor& (*kFunction)(at::Tensor&, const at::Tensor&, at::IntArrayRef, bool)>
void Extremum(const TorchCall& call) {
  const Axes axes(call);
  if (IsAlone(call, axes)) return;
  kFunction(call.out(), call.in(0), axes.axes, axes.keeps);
}

template <at::Tensor& (*kFunction)(at::Tensor&, const at::Tensor&, at::OptionalIntArrayRef, bool)>
void Truth(const TorchCall& call) {
  const Axes axes(call);
  if (axes.none) {
    at::ne_out(call.out(), call.in(0), at::Scalar(0));
    return;
  }
  kFunction(call.out(), call.in(0), axes.axes, axes.keeps);
}

void CountNonzero(const TorchCall& call) {
  const Axes axes(call);
  if (axes.none) {
    call.out().copy_(at::ne(call.in(0), at::Scalar(0)));
    return;
  }
  const at::Tensor count = at::count_nonzero(call.in(0), axes.axes);
  call.out().copy_(count.view(call.out().sizes()));
}

template <at::Tensor& (*kFunction)(at::Tensor&, const at::Tensor&, std::optional<int64_t>, bool)>
void Position(const TorchCall& call) {
  const int64_t axis = call.Integer(EMBER_ATTRIBUTE_AXIS, 0);
  if (call.in(0).dim() == 0) throw Refusal{"a tensor of rank 0"};
  // Of all elements as one row the result may have as many axes of length 1 as there were.
  std::vector<int64_t> shape = call.in(0).sizes().vec();
  shape.erase(shape.begin() + axis);
  at::Tensor output = call.out().view(shape);
  kFunction(output, call.in(0), axis, /*keepdim=*/false);
}

constexpr DTypes kReals = kInts | kFloats;

constexpr WideUnsigned kBits = WideUnsigned::kBits;
constexpr WideUnsigned kOrder = WideUnsigned::kOrder;

constexpr TorchOp kOps[] = {
    {EMBER_OP_kSum, kReals | kComplexes, &Sum, nullptr, kBits},
    {EMBER_OP_kProd, kReals, &Prod,
     "PyTorch's complex products make NaN of infinities in other cases", kBits},
    {EMBER_OP_kMean, kFloats | kComplexes, &Mean},
    {EMBER_OP_kVar, kFloats, &Var},
    {EMBER_OP_kMin, kReals, &Extremum<&at::amin_out>, nullptr, kOrder},
    {EMBER_OP_kMax, kReals, &Extremum<&at::amax_out>, nullptr, kOrder},
    {EMBER_OP_kAny, kBools, &Truth<&at::any_out>,
     "the library asks of bytes what PyTorch asks of numbers"},
    {EMBER_OP_kAll, kBools, &Truth<&at::all_out>,
     "the library asks of bytes what PyTorch asks of numbers"},
    {EMBER_OP_kCountNonzero, kBools | kInts, &CountNonzero},
    {EMBER_OP_kArgMin, kReals, &Position<&at::argmin_out>, nullptr, kOrder},
    {EMBER_OP_kArgMax, kReals, &Position<&at::argmax_out>, nullptr, kOrder},
};

}  // namespace

std::span<const TorchOp> ReductionOps() { return kOps; }

}  // namespace emberharmony::torch_backend
