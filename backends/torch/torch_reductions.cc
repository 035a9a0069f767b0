// Reductions along axes.
#include <ATen/ops/all.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/amin.h>
#include <ATen/ops/any.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/argmin.h>
#include <ATen/ops/count_nonzero.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/prod.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/var.h>

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

void Sum(const TorchCall& call) {
  const Axes axes(call);
  if (axes.none) throw Refusal{"a reduction along no axes"};
  at::sum_out(call.out(), call.in(0), axes.axes, axes.keeps, call.out().scalar_type());
}

void Mean(const TorchCall& call) {
  const Axes axes(call);
  if (axes.none) throw Refusal{"a reduction along no axes"};
  at::mean_out(call.out(), call.in(0), axes.axes, axes.keeps, call.out().scalar_type());
}

void Var(const TorchCall& call) {
  const Axes axes(call);
  if (axes.none) throw Refusal{"a reduction along no axes"};
  const double correction = call.Number(EMBER_ATTRIBUTE_CORRECTION, 0);
  const int64_t results = call.out().numel();
  if (results == 0 || static_cast<double>(call.in(0).numel() / results) <= correction) {
    throw Refusal{"no degrees of freedom are left, of which PyTorch prints a warning"};
  }
  at::var_out(call.out(), call.in(0), axes.axes, at::Scalar(correction), axes.keeps);
}

void Prod(const TorchCall& call) {
  const Axes axes(call);
  if (axes.axes.size() != 1) throw Refusal{"PyTorch's products are along one axis"};
  at::prod_out(call.out(), call.in(0), axes.axes[0], axes.keeps, call.out().scalar_type());
}

template <at::Tensor& (*kFunction)(at::Tensor&, const at::Tensor&, at::IntArrayRef, bool)>
void Extreme(const TorchCall& call) {
  const Axes axes(call);
  if (axes.none) throw Refusal{"a reduction along no axes"};
  kFunction(call.out(), call.in(0), axes.axes, axes.keeps);
}

template <at::Tensor& (*kFunction)(at::Tensor&, const at::Tensor&, at::OptionalIntArrayRef, bool)>
void Truth(const TorchCall& call) {
  const Axes axes(call);
  if (axes.none) throw Refusal{"a reduction along no axes"};
  kFunction(call.out(), call.in(0), axes.axes, axes.keeps);
}

void CountNonzero(const TorchCall& call) {
  const Axes axes(call);
  if (axes.none) throw Refusal{"a reduction along no axes"};
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

constexpr TorchOp kOps[] = {
    {EMBER_OP_kSum, Bit(EMBER_INT64) | kFloats | kComplexes, &Sum},
    {EMBER_OP_kProd, Bit(EMBER_INT64) | kFloats, &Prod},
    {EMBER_OP_kMean, kFloats, &Mean,
     "PyTorch's complex means make NaN of infinities in other cases"},
    {EMBER_OP_kVar, kFloats, &Var},
    {EMBER_OP_kMin, kReals, &Extreme<&at::amin_out>},
    {EMBER_OP_kMax, kReals, &Extreme<&at::amax_out>},
    {EMBER_OP_kAny, kBools, &Truth<&at::any_out>,
     "the library asks of bytes what PyTorch asks of numbers"},
    {EMBER_OP_kAll, kBools, &Truth<&at::all_out>,
     "the library asks of bytes what PyTorch asks of numbers"},
    {EMBER_OP_kCountNonzero, kBools | kInts, &CountNonzero},
    {EMBER_OP_kArgMin, kReals, &Position<&at::argmin_out>},
    {EMBER_OP_kArgMax, kReals, &Position<&at::argmax_out>},
};

}  // namespace

std::span<const TorchOp> ReductionOps() { return kOps; }

}  // namespace emberharmony::torch_backend
