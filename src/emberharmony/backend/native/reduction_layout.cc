#include <cstdlib>
#include <cstring>

#include "emberharmony/backend/native/reduction_layout_internal.h"

namespace emberharmony::backend::native {
namespace {

struct Pair {
  uint64_t low, high;
};

template <class Item>
void GatherItems(const char* data, const Sequence& sequence, int64_t begin, int64_t count,
                 void* target) {
  const Item* from = reinterpret_cast<const Item*>(data);
  Item* to = static_cast<Item*>(target);
  const int64_t stride = sequence.last_stride();
  sequence.ForEachRun(begin, begin + count, [&](int64_t, int64_t offset, int64_t run) {
    if (stride == 1) {
      std::memcpy(to, from + offset, run * sizeof(Item));
    } else {
      for (int64_t i = 0; i < run; ++i) to[i] = from[offset + i * stride];
    }
    to += run;
  });
}

}  // namespace

ReductionLayout LayOut(const tensor::Tensor& input, uint64_t axes, bool complex_as_pairs) {
  const bool pairs = complex_as_pairs && tensor::IsComplex(input.dtype());
  ReductionLayout layout{static_cast<const char*>(input.data()),
                         pairs ? tensor::RealPartOf(input.dtype()) : input.dtype(),
                         {},
                         {}};
  const int64_t scale = pairs ? 2 : 1;
  for (int axis = 0; axis < input.rank(); ++axis) {
    Sequence& sequence = (axes >> axis) & 1 ? layout.reduced : layout.kept;
    sequence.Append(input.shape()[axis], input.strides()[axis] * scale);
  }
  if (pairs) layout.kept.Append(2, 1);
  return layout;
}

ReductionLayout LayOutAsItLies(const tensor::Tensor& input, uint64_t axes) {
  ReductionLayout layout{static_cast<const char*>(input.data()), input.dtype(), {}, {}};
  const auto reach = [&](int axis) { return std::abs(input.strides()[axis]); };
  int reduced[tensor::kRankMax];
  int count = 0;
  for (int axis = 0; axis < input.rank(); ++axis) {
    if (((axes >> axis) & 1) == 0) {
      layout.kept.Append(input.shape()[axis], input.strides()[axis]);
      continue;
    }
    int at = count++;
    for (; at > 0 && reach(reduced[at - 1]) < reach(axis); --at) reduced[at] = reduced[at - 1];
    reduced[at] = axis;
  }
  for (int i = 0; i < count; ++i) {
    const int64_t length = input.shape()[reduced[i]], stride = input.strides()[reduced[i]];
    if (stride < 0 && length > 1) layout.data += (length - 1) * stride * layout.item_bytes();
    layout.reduced.Append(length, std::abs(stride));
  }
  return layout;
}

void GatherElements(const char* data, int64_t item_bytes, const Sequence& sequence, int64_t begin,
                    int64_t count, void* to) {
  switch (item_bytes) {
    case 1:
      return GatherItems<uint8_t>(data, sequence, begin, count, to);
    case 2:
      return GatherItems<uint16_t>(data, sequence, begin, count, to);
    case 4:
      return GatherItems<uint32_t>(data, sequence, begin, count, to);
    case 8:
      return GatherItems<uint64_t>(data, sequence, begin, count, to);
    default:
      return GatherItems<Pair>(data, sequence, begin, count, to);
  }
}

}  // namespace emberharmony::backend::native
