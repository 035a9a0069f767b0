// Along one axis: scans, sorting, searching, picking.
#include <ATen/ops/cumprod.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/searchsorted.h>
#include <ATen/ops/sort.h>

#include <cmath>

#include "backends/torch/torch_call.h"

namespace emberharmony::torch_backend {
namespace {

int64_t AxisOf(const TorchCall& call) { return call.Integer(EMBER_ATTRIBUTE_AXIS, 0); }

/// The part of the output behind the neutral element, which is written, if there is one.
at::Tensor ScanOutput(const TorchCall& call, int64_t neutral) {
  if (call.Integer(EMBER_ATTRIBUTE_INCLUDE_INITIAL, 0) == 0) return call.out();
  const int64_t axis = AxisOf(call);
  call.out().narrow(axis, 0, 1).fill_(neutral);
  return call.out().narrow(axis, 1, call.in(0).size(axis));
}

void CumulativeSum(const TorchCall& call) {
  at::Tensor output = ScanOutput(call, 0);
  at::cumsum_out(output, call.in(0), AxisOf(call), call.out().scalar_type());
}

void CumulativeProd(const TorchCall& call) {
  at::Tensor output = ScanOutput(call, 1);
  at::cumprod_out(output, call.in(0), AxisOf(call), call.out().scalar_type());
}

/// PyTorch sorts into values and positions at once. Always stable, so that the result does not
/// depend on how the work is shared out.
void Sort(const TorchCall& call) {
  const bool wants_positions = call.call->op == EMBER_OP_kArgSort;
  const at::Tensor& input = call.in(0);
  const bool descending = call.Integer(EMBER_ATTRIBUTE_DESCENDING, 0) != 0;
  if (input.dim() == 0) throw Refusal{"a tensor of rank 0"};
  if (descending && input.is_floating_point()) {
    throw Refusal{"NaN comes first in PyTorch's descending order, and last in the library's"};
  }
  at::Tensor other =
      at::empty({0}, wants_positions ? input.options() : input.options().dtype(at::kLong));
  at::Tensor& values = wants_positions ? other : call.out();
  at::Tensor& positions = wants_positions ? call.out() : other;
  at::sort_out(values, positions, input, /*stable=*/true, AxisOf(call), descending);
}

void SearchSorted(const TorchCall& call) {
  if (call.in(0).scalar_type() != call.in(1).scalar_type() || call.in(0).dim() != 1) {
    throw Refusal{"sorted and wanted values of different dtypes"};
  }
  const at::Tensor& sorted = call.in(0);
  if (sorted.is_floating_point() && sorted.size(0) > 0 &&
      std::isnan(sorted.select(0, -1).item().toDouble())) {
    throw Refusal{"PyTorch's search does not know that NaN comes last"};
  }
  // PyTorch prints a warning about gaps between elements, and makes the copies itself.
  at::searchsorted_out(call.out(), sorted.contiguous(), call.in(1).contiguous(),
                       /*out_int32=*/false, call.Integer(EMBER_ATTRIBUTE_RIGHT, 0) != 0);
}

/// Indices, which the library has checked, counted from the front.
at::Tensor FromFront(const at::Tensor& indices, int64_t length) {
  return length > 0 ? at::remainder(indices, length) : indices;
}

void Take(const TorchCall& call) {
  const at::Tensor& indices = call.in(1);
  if (indices.scalar_type() != at::kLong || indices.dim() > 1) {
    throw Refusal{"indices other than int64 in one dimension"};
  }
  if (call.in(0).dim() == 0) throw Refusal{"a tensor of rank 0"};
  at::index_select_out(call.out(), call.in(0), AxisOf(call),
                       FromFront(indices, call.in(0).size(AxisOf(call))));
}

void TakeAlongAxis(const TorchCall& call) {
  if (call.in(1).scalar_type() != at::kLong) throw Refusal{"indices other than int64"};
  if (call.in(0).dim() == 0) throw Refusal{"a tensor of rank 0"};
  at::gather_out(call.out(), call.in(0), AxisOf(call),
                 FromFront(call.in(1), call.in(0).size(AxisOf(call))));
}

constexpr DTypes kReals = kInts | kFloats;
constexpr DTypes kMost = kReals | kBools | kComplexes;

constexpr TorchOp kOps[] = {
    {EMBER_OP_kCumulativeSum, Bit(EMBER_INT64) | kFloats, &CumulativeSum},
    {EMBER_OP_kCumulativeProd, Bit(EMBER_INT64) | kFloats, &CumulativeProd},
    {EMBER_OP_kSort, kReals, &Sort},
    {EMBER_OP_kArgSort, kReals, &Sort},
    {EMBER_OP_kSearchSorted, kReals, &SearchSorted},
    {EMBER_OP_kTake, kMost, &Take},
    {EMBER_OP_kTakeAlongAxis, kMost, &TakeAlongAxis},
};

}  // namespace

std::span<const TorchOp> OrderOps() { return kOps; }

}  // namespace emberharmony::torch_backend
