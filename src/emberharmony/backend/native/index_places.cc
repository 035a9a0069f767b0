#include "emberharmony/backend/native/index_places.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "emberharmony/backend/native/index_axes.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::Tensor;

/// Elements below which a thread is not worth waking.
constexpr int64_t kElementsPerTask = 1 << 16;

/// The elements that one entry picks: the axes after, walked through as one loop or several.
class Block {
 public:
  explicit Block(IndexAxes axes) : axes_(axes) {
    if (axes_.rank > 0) {
      row_ = axes_.lengths[axes_.rank - 1];
      step_ = axes_.strides[axes_.rank - 1];
      --axes_.rank;
    }
    size_ = row_ * axes_.size();
  }

  int64_t size() const { return size_; }
  bool single() const { return size_ == 1; }

  template <class Item>
  void Read(const Item* from, Item* to) const {
    ForEachRow([&](int64_t offset) {
      const Item* row = from + offset;
      if (step_ == 1) {
        std::memcpy(to, row, row_ * sizeof(Item));
      } else {
        for (int64_t i = 0; i < row_; ++i) to[i] = row[i * step_];
      }
      to += row_;
    });
  }

  /// `from` has the block's elements one after the other, or (kRepeat) one for all.
  template <class Item, bool kRepeat>
  void Write(const Item* from, Item* to) const {
    ForEachRow([&](int64_t offset) {
      Item* row = to + offset;
      if constexpr (kRepeat) {
        for (int64_t i = 0; i < row_; ++i) row[i * step_] = *from;
      } else {
        for (int64_t i = 0; i < row_; ++i) row[i * step_] = from[i];
        from += row_;
      }
    });
  }

 private:
  template <class F>
  void ForEachRow(F f) const {
    if (axes_.rank == 0) return f(0);
    for (IndexWalk walk(axes_); !walk.done(); walk.Next()) f(walk.offset());
  }

  IndexAxes axes_;  // without the last
  int64_t row_ = 1;
  int64_t step_ = 1;
  int64_t size_ = 1;
};

template <bool kPositions>
int64_t OffsetOf(const IndexPlaces& places, int64_t value) {
  if constexpr (kPositions) {
    return (value + (value < 0 ? places.length : 0)) * places.stride;
  } else {
    return value;
  }
}

/// Calls f(offset of the axes before, first entry, last entry, number of entries before) for the
/// rows [begin, end) of the flattened (before, entries) space.
template <class F>
void ForEachRun(const IndexAxes& before, int64_t num_values, int64_t begin, int64_t end, F f) {
  IndexWalk walk(before, begin / num_values);
  for (int64_t row = begin; row < end;) {
    const int64_t first = row % num_values;
    const int64_t last = std::min(num_values, first + (end - row));
    f(walk.offset(), first, last, row);
    row += last - first;
    walk.Next();
  }
}

template <class Item, bool kPositions>
void Gather(const IndexPlaces& places, const Tensor& to) {
  const IndexAxes before = AxesOf(*places.rest, 0, places.num_before);
  const Block block(AxesOf(*places.rest, places.num_before, places.rest->rank()));
  const Item* source = static_cast<const Item*>(places.rest->data());
  Item* target = static_cast<Item*>(to.mutable_data());
  const int64_t num_values = static_cast<int64_t>(places.values.size());
  const int64_t grain = std::max<int64_t>(kElementsPerTask / block.size(), 1);
  const int64_t rows = before.size() * num_values;
  ParallelRanges(rows, grain, [&](int64_t begin, int64_t end) {
    ForEachRun(before, num_values, begin, end,
               [&](int64_t offset, int64_t first, int64_t last, int64_t row) {
                 const Item* from = source + offset;
                 Item* out = target + row * block.size();
                 const int64_t* values = places.values.data();
                 if (block.single()) {
                   for (int64_t j = first; j < last; ++j) {
                     *out++ = from[OffsetOf<kPositions>(places, values[j])];
                   }
                   return;
                 }
                 for (int64_t j = first; j < last; ++j, out += block.size()) {
                   block.Read(from + OffsetOf<kPositions>(places, values[j]), out);
                 }
               });
  });
}

template <class Item, bool kPositions, bool kRepeat>
void Scatter(const IndexPlaces& places, const Tensor& from) {
  const IndexAxes before = AxesOf(*places.rest, 0, places.num_before);
  const Block block(AxesOf(*places.rest, places.num_before, places.rest->rank()));
  Item* target = static_cast<Item*>(places.rest->mutable_data());
  const Item* source = static_cast<const Item*>(from.data());
  for (IndexWalk walk(before); !walk.done(); walk.Next()) {
    Item* to = target + walk.offset();
    if (block.single()) {
      for (int64_t value : places.values) {
        to[OffsetOf<kPositions>(places, value)] = *source;
        if constexpr (!kRepeat) ++source;
      }
      continue;
    }
    for (int64_t value : places.values) {
      block.Write<Item, kRepeat>(source, to + OffsetOf<kPositions>(places, value));
      if constexpr (!kRepeat) source += block.size();
    }
  }
}

}  // namespace

void GatherPlaces(const IndexPlaces& places, const Tensor& to) {
  if (to.size() == 0) return;
  VisitItem(to.dtype(), [&](auto item) {
    using Item = decltype(item);
    places.length != 0 ? Gather<Item, true>(places, to) : Gather<Item, false>(places, to);
  });
}

bool GatherWithin(const Tensor& x, std::span<const int64_t> positions, const Tensor& to) {
  const int64_t length = x.shape()[0];
  const int64_t stride = x.strides()[0];
  std::atomic<bool> all_within = true;
  VisitItem(x.dtype(), [&](auto item) {
    using Item = decltype(item);
    const Item* from = static_cast<const Item*>(x.data());
    Item* out = static_cast<Item*>(to.mutable_data());
    ParallelRanges(static_cast<int64_t>(positions.size()), kElementsPerTask,
                   [&](int64_t begin, int64_t end) {
                     // Blocks that the nearest cache holds are checked, then read.
                     constexpr int64_t kBlock = 1024;
                     for (int64_t first = begin; first < end; first += kBlock) {
                       const int64_t last = std::min(end, first + kBlock);
                       bool outside = false;
                       for (int64_t i = first; i < last; ++i) {
                         outside |= positions[i] < -length;
                         outside |= positions[i] >= length;
                       }
                       if (outside) {
                         all_within.store(false, std::memory_order_relaxed);
                         return;
                       }
                       for (int64_t i = first; i < last; ++i) {
                         const int64_t at = positions[i];
                         out[i] = from[(at + (at < 0 ? length : 0)) * stride];
                       }
                     }
                   });
  });
  return all_within;
}

void ScatterPlaces(const IndexPlaces& places, const Tensor& from) {
  if (places.rest->size() == 0 || places.values.empty()) return;
  VisitItem(from.dtype(), [&](auto item) {
    using Item = decltype(item);
    if (from.size() == 1) {
      places.length != 0 ? Scatter<Item, true, true>(places, from)
                         : Scatter<Item, false, true>(places, from);
    } else {
      places.length != 0 ? Scatter<Item, true, false>(places, from)
                         : Scatter<Item, false, false>(places, from);
    }
  });
}

}  // namespace emberharmony::backend::native
