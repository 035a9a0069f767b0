#include <vector>

#include "emberharmony/backend/native/sort_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::Tensor;

/// The order of axes that moves `axis` to the end.
std::vector<int> AxisLast(int rank, int axis) {
  std::vector<int> order;
  for (int i = 0; i < rank; ++i) {
    if (i != axis) order.push_back(i);
  }
  order.push_back(axis);
  return order;
}

}  // namespace

Tensor RowsAlong(const Tensor& x, int axis) {
  if (axis == x.rank() - 1) return x.Contiguous();
  return x.PermuteDims(AxisLast(x.rank(), axis)).Contiguous();
}

Tensor RowsFor(const Tensor& output, int axis) {
  if (axis == output.rank() - 1 && output.is_contiguous()) return output;
  return Tensor::Empty(output.PermuteDims(AxisLast(output.rank(), axis)).shape(), output.dtype());
}

void StoreRows(const Tensor& rows, const Tensor& output, int axis) {
  if (rows.data() == output.data()) return;
  tensor::CopyElements(rows, output.PermuteDims(AxisLast(output.rank(), axis)));
}

}  // namespace emberharmony::backend::native
