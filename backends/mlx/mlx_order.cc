// Along one axis: scans, sorting, searching, picking.
#include <mlx/ops.h>

#include "backends/mlx/mlx_arrays.h"

namespace emberharmony::mlx_backend {
namespace {

int AxisOf(const MlxCall& call) { return static_cast<int>(call.Integer(EMBER_ATTRIBUTE_AXIS, 0)); }

void CheckRank(const MlxCall& call) {
  if (call.in().ndim() == 0) throw Refusal{"a tensor of rank 0"};
}

using Scan = mx::array (*)(const mx::array&, int, bool, bool, mx::StreamOrDevice);

template <Scan kFunction, int kNeutral>
mx::array Scanned(const MlxCall& call) {
  CheckRank(call);
  const mx::array scanned =
      kFunction(call.in(), AxisOf(call), /*reverse=*/false, /*inclusive=*/true, call.stream);
  if (call.Integer(EMBER_ATTRIBUTE_INCLUDE_INITIAL, 0) == 0) return scanned;
  mx::Shape shape = scanned.shape();
  shape[AxisOf(call)] = 1;
  const mx::array first =
      mx::full(shape, mx::array(kNeutral, scanned.dtype()), scanned.dtype(), call.stream);
  return mx::concatenate({first, scanned}, AxisOf(call), call.stream);
}

/// Numbers that are in ascending order where those of the input are in descending order, NaN last
/// all the same.
mx::array Reversed(const MlxCall& call, const mx::array& x) {
  return x.dtype() == mx::float32 || x.dtype() == mx::float64 ? mx::negative(x, call.stream)
                                                              : mx::bitwise_invert(x, call.stream);
}

mx::array Sort(const MlxCall& call) {
  CheckRank(call);
  if (call.Integer(EMBER_ATTRIBUTE_DESCENDING, 0) == 0) {
    return mx::sort(call.in(), AxisOf(call), call.stream);
  }
  return Reversed(call, mx::sort(Reversed(call, call.in()), AxisOf(call), call.stream));
}

mx::array ArgSort(const MlxCall& call) {
  CheckRank(call);
  const bool descending = call.Integer(EMBER_ATTRIBUTE_DESCENDING, 0) != 0;
  const mx::array places =
      mx::argsort(descending ? Reversed(call, call.in()) : call.in(), AxisOf(call), call.stream);
  return mx::astype(places, mx::int64, call.stream);
}

mx::array SearchSorted(const MlxCall& call) {
  if (call.in(0).dtype() != call.in(1).dtype() || call.in(0).ndim() != 1) {
    throw Refusal{"sorted and wanted values of different dtypes"};
  }
  const char* const side = call.Integer(EMBER_ATTRIBUTE_RIGHT, 0) != 0 ? "right" : "left";
  return mx::astype(mx::searchsorted(call.in(0), call.in(1), side, call.stream), mx::int64,
                    call.stream);
}

/// Indices, which the library has checked, as MLX takes them on any device.
const mx::array& Indices(const MlxCall& call) {
  if (call.in(1).dtype() != mx::int64) throw Refusal{"indices other than int64"};
  return call.in(1);
}

mx::array Take(const MlxCall& call) {
  CheckRank(call);
  return mx::take(call.in(0), Indices(call), AxisOf(call), call.stream);
}

mx::array TakeAlongAxis(const MlxCall& call) {
  CheckRank(call);
  return mx::take_along_axis(call.in(0), Indices(call), AxisOf(call), call.stream);
}

constexpr MlxOp kOps[] = {
    {EMBER_OP_kCumulativeSum, kReals, &Scanned<&mx::cumsum, 0>},
    {EMBER_OP_kCumulativeProd, kReals, &Scanned<&mx::cumprod, 1>},
    {EMBER_OP_kSort, kReals, &Sort},
    {EMBER_OP_kArgSort, kReals, &ArgSort},
    {EMBER_OP_kSearchSorted, kReals, &SearchSorted},
    {EMBER_OP_kTake, kAllDTypes, &Take},
    {EMBER_OP_kTakeAlongAxis, kAllDTypes, &TakeAlongAxis},
};

}  // namespace

std::span<const MlxOp> OrderOps() { return kOps; }

}  // namespace emberharmony::mlx_backend
