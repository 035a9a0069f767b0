#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "emberharmony/tensor/shape.h"
#include "emberharmony/tensor/strided_copy_internal.h"

namespace emberharmony::tensor::internal {
namespace {

struct Pair {
  uint64_t low, high;
};

/// Longest axis of a band of tiles: a page each of so many rows stays in the translation buffers.
constexpr int64_t kBand = 256;

template <class Item>
void CopyRow(const Item* from, Item* to, CopyAxis axis) {
  if (axis.from_stride == 1 && axis.to_stride == 1) {
    std::memcpy(to, from, axis.length * sizeof(Item));
    return;
  }
  if (axis.to_stride == 1) {
    for (int64_t i = 0; i < axis.length; ++i) to[i] = from[i * axis.from_stride];
    return;
  }
  for (int64_t i = 0; i < axis.length; ++i) to[i * axis.to_stride] = from[i * axis.from_stride];
}

/// `across` has the smaller step on the side of `from`, `along` on that of `to`.
template <class Item>
void CopyTiles(const Item* from, Item* to, CopyAxis across, CopyAxis along) {
  // A tile's side is a cache line.
  constexpr int64_t kTile = 64 / sizeof(Item);
  for (int64_t band = 0; band < along.length; band += kBand) {
    const int64_t band_end = std::min(along.length, band + kBand);
    for (int64_t row = 0; row < across.length; row += kTile) {
      const int64_t row_end = std::min(across.length, row + kTile);
      for (int64_t column = band; column < band_end; column += kTile) {
        const CopyAxis part{std::min(band_end - column, kTile), along.from_stride, along.to_stride};
        for (int64_t i = row; i < row_end; ++i) {
          CopyRow(from + i * across.from_stride + column * along.from_stride,
                  to + i * across.to_stride + column * along.to_stride, part);
        }
      }
    }
  }
}

/// Axes in the order in which `to` lies in memory, neighbours merged where both sides walk through
/// them as through one. Returns how many are left.
int Arrange(CopyAxis* axes, int num_axes) {
  CopyAxis* end = std::remove_if(axes, axes + num_axes, [](CopyAxis a) { return a.length == 1; });
  std::stable_sort(axes, end, [](CopyAxis a, CopyAxis b) {
    return std::abs(a.to_stride) > std::abs(b.to_stride);
  });
  int used = 0;
  for (CopyAxis* axis = axes; axis != end; ++axis) {
    CopyAxis* outer = used > 0 ? &axes[used - 1] : nullptr;
    if (outer != nullptr && outer->from_stride == axis->from_stride * axis->length &&
        outer->to_stride == axis->to_stride * axis->length) {
      *outer = {outer->length * axis->length, axis->from_stride, axis->to_stride};
    } else {
      axes[used++] = *axis;
    }
  }
  return used;
}

template <class Item>
void Copy(const Item* from, Item* to, CopyAxis* axes, int num_axes) {
  num_axes = Arrange(axes, num_axes);
  if (num_axes == 0) {
    *to = *from;
    return;
  }
  const CopyAxis along = axes[--num_axes];
  // The axis along which `from` runs best, if that is another one.
  CopyAxis across{1, 0, 0};
  CopyAxis* best = std::min_element(axes, axes + num_axes, [](CopyAxis a, CopyAxis b) {
    return std::abs(a.from_stride) < std::abs(b.from_stride);
  });
  if (num_axes > 0 && best->from_stride != 0 &&
      std::abs(best->from_stride) < std::abs(along.from_stride)) {
    across = *best;
    std::move(best + 1, axes + num_axes, best);
    --num_axes;
  }
  int64_t at[kRankMax] = {};
  while (true) {
    if (across.length > 1) {
      CopyTiles(from, to, across, along);
    } else {
      CopyRow(from, to, along);
    }
    int axis = num_axes - 1;
    for (; axis >= 0; --axis) {
      from += axes[axis].from_stride;
      to += axes[axis].to_stride;
      if (++at[axis] < axes[axis].length) break;
      from -= axes[axis].from_stride * axes[axis].length;
      to -= axes[axis].to_stride * axes[axis].length;
      at[axis] = 0;
    }
    if (axis < 0) return;
  }
}

}  // namespace

void CopyStrided(int64_t item_bytes, const void* from, void* to, CopyAxis* axes, int num_axes) {
  switch (item_bytes) {
    case 1:
      return Copy(static_cast<const uint8_t*>(from), static_cast<uint8_t*>(to), axes, num_axes);
    case 2:
      return Copy(static_cast<const uint16_t*>(from), static_cast<uint16_t*>(to), axes, num_axes);
    case 4:
      return Copy(static_cast<const uint32_t*>(from), static_cast<uint32_t*>(to), axes, num_axes);
    case 8:
      return Copy(static_cast<const uint64_t*>(from), static_cast<uint64_t*>(to), axes, num_axes);
    default:
      return Copy(static_cast<const Pair*>(from), static_cast<Pair*>(to), axes, num_axes);
  }
}

}  // namespace emberharmony::tensor::internal
