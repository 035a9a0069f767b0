// Elements along an axis by their positions: take and take_along_axis.
#include <algorithm>

#include "emberharmony/backend/native/index_axes.h"
#include "emberharmony/backend/native/index_places.h"
#include "emberharmony/backend/native/operation_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

bool SupportsTake(std::span<const DType> dtypes) { return dtypes[1] == DType::kInt64; }

int AxisOf(Attributes attributes) {
  return static_cast<int>(IntegerOr(attributes, AttributeKey::kAxis, 0));
}

void Take(Tensors inputs, Attributes attributes, Tensors outputs) {
  const Tensor& x = *inputs[0];
  const Tensor positions = inputs[1]->Contiguous();
  const int axis = AxisOf(attributes);
  const int64_t length = x.shape()[axis];
  if (outputs[0]->size() == 0) return;
  Shape shape, strides;
  for (int i = 0; i < x.rank(); ++i) {
    if (i == axis) continue;
    shape.Append(x.shape()[i]);
    strides.Append(x.strides()[i]);
  }
  const Tensor rest = x.View(shape, strides, x.offset());
  GatherPlaces({&rest, axis, positions.values<int64_t>(), length, x.strides()[axis]}, *outputs[0]);
}

/// Rows of the last axis: of x and of the positions, whose shapes differ along the axis only.
template <class Item>
void TakeRows(const Tensor& x, const Tensor& positions, int axis, const Tensor& to) {
  const int last = to.rank() - 1;
  const int64_t length = x.shape()[axis];
  const int64_t pick = x.strides()[axis];
  const int64_t step = axis == last ? 0 : x.strides()[last];
  const int64_t row = to.shape()[last];
  IndexAxes axes;  // without merging: all walks below go through the same positions
  IndexAxes position_axes;
  for (int i = 0; i < last; ++i) {
    axes.lengths[axes.rank] = to.shape()[i];
    axes.strides[axes.rank++] = i == axis ? 0 : x.strides()[i];
    position_axes.lengths[position_axes.rank] = to.shape()[i];
    position_axes.strides[position_axes.rank++] = positions.strides()[i];
  }
  const int64_t position_step = positions.strides()[last];
  constexpr int64_t kElementsPerTask = 1 << 16;
  const int64_t rows = to.size() / row;
  ParallelRanges(rows, std::max<int64_t>(kElementsPerTask / row, 1),
                 [&](int64_t begin, int64_t end) {
                   IndexWalk from(axes, begin);
                   IndexWalk at(position_axes, begin);
                   Item* out = static_cast<Item*>(to.mutable_data()) + begin * row;
                   for (int64_t r = begin; r < end; ++r, from.Next(), at.Next()) {
                     const Item* source = static_cast<const Item*>(x.data()) + from.offset();
                     const int64_t* places = positions.data_as<int64_t>() + at.offset();
                     for (int64_t k = 0; k < row; ++k) {
                       const int64_t position = places[k * position_step];
                       *out++ = source[k * step + (position + (position < 0 ? length : 0)) * pick];
                     }
                   }
                 });
}

void TakeAlongAxis(Tensors inputs, Attributes attributes, Tensors outputs) {
  if (outputs[0]->size() == 0) return;
  VisitItem(inputs[0]->dtype(), [&](auto item) {
    TakeRows<decltype(item)>(*inputs[0], *inputs[1], AxisOf(attributes), *outputs[0]);
  });
}

const bool take_registered = RegisterOperation(Op::kTake, {&SupportsTake, &Take});
const bool take_along_axis_registered =
    RegisterOperation(Op::kTakeAlongAxis, {&SupportsTake, &TakeAlongAxis});

}  // namespace
}  // namespace emberharmony::backend::native
