// Along one axis: scans, sorting, searching, picking.
#include <ATen/ops/cumprod.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/searchsorted.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/where.h>

#include <optional>
#include <tuple>

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

/// Small integers are added up as int64 and cut off, which wraps around the same way.
template <
    at::Tensor& (*kOut)(at::Tensor&, const at::Tensor&, int64_t, std::optional<at::ScalarType>),
    at::Tensor (*kNew)(const at::Tensor&, int64_t, std::optional<at::ScalarType>), int64_t kNeutral>
void Scan(const TorchCall& call) {
  at::Tensor output = ScanOutput(call, kNeutral);
  const at::ScalarType dtype = call.out().scalar_type();
  if (at::isIntegralType(dtype, /*includeBool=*/false) && dtype != at::kLong) {
    output.copy_(kNew(call.in(0), AxisOf(call), at::kLong));
  } else {
    kOut(output, call.in(0), AxisOf(call), dtype);
  }
}

/// NaN comes first in PyTorch's descending order, and last in the library's: as it does in the
/// ascending order of the negatives.
void SortDownwards(const TorchCall& call, bool wants_positions) {
  const at::Tensor positions =
      std::get<1>(at::sort(at::neg(call.in(0)), /*stable=*/true, AxisOf(call), false));
  if (wants_positions) {
    call.out().copy_(positions);
  } else {
    at::gather_out(call.out(), call.in(0), AxisOf(call), positions);
  }
}

/// PyTorch sorts into values and positions at once. Always stable, so that the result does not
/// depend on how the work is shared out.
void Sort(const TorchCall& call) {
  const bool wants_positions = call.call->op == EMBER_OP_kArgSort;
  const at::Tensor& input = call.in(0);
  const bool descending = call.Integer(EMBER_ATTRIBUTE_DESCENDING, 0) != 0;
  if (input.dim() == 0) throw Refusal{"a tensor of rank 0"};
  if (descending && input.is_floating_point()) return SortDownwards(call, wants_positions);
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
  const bool right = call.Integer(EMBER_ATTRIBUTE_RIGHT, 0) != 0;
  // PyTorch prints a warning about gaps between elements, and makes the copies itself.
  at::Tensor sorted = call.in(0).contiguous();
  const at::Tensor wanted = call.in(1).contiguous();
  if (!sorted.is_floating_point()) {
    at::searchsorted_out(call.out(), sorted, wanted, /*out_int32=*/false, right);
    return;
  }
  // PyTorch's search does not know that NaN comes last: it is done without those.
  const at::Tensor is_nan = at::isnan(wanted);
  const int64_t num_numbers = sorted.numel() - at::isnan(sorted).sum().item<int64_t>();
  const at::Tensor found =
      at::searchsorted(sorted.narrow(0, 0, num_numbers), wanted, /*out_int32=*/false, right);
  const int64_t of_nan = right ? sorted.numel() : num_numbers;
  call.out().copy_(at::where(is_nan, at::full_like(found, of_nan), found));
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

constexpr WideUnsigned kBits = WideUnsigned::kBits;
constexpr WideUnsigned kOrder = WideUnsigned::kOrder;

constexpr TorchOp kOps[] = {
    {EMBER_OP_kCumulativeSum, kReals, &Scan<&at::cumsum_out, &at::cumsum, 0>, nullptr, kBits},
    {EMBER_OP_kCumulativeProd, kReals, &Scan<&at::cumprod_out, &at::cumprod, 1>, nullptr, kBits},
    {EMBER_OP_kSort, kReals, &Sort, nullptr, kOrder},
    {EMBER_OP_kArgSort, kReals, &Sort, nullptr, kOrder},
    {EMBER_OP_kSearchSorted, kReals, &SearchSorted, nullptr, kOrder},
    {EMBER_OP_kTake, kMost, &Take, nullptr, kBits},
    {EMBER_OP_kTakeAlongAxis, kMost, &TakeAlongAxis, nullptr, kBits},
};

}  // namespace

std::span<const TorchOp> OrderOps() { return kOps; }

}  // namespace emberharmony::torch_backend
