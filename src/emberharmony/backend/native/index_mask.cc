#include "emberharmony/backend/native/index_mask.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "emberharmony/backend/native/index_axes.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::Tensor;

/// Elements of a mask that one task counts and then selects.
constexpr int64_t kBlock = 1 << 16;

/// 1 in each byte that is not 0. Memory of others may hold bools that are neither 0 nor 1; counted
/// as they are they would lead beyond the ends.
uint64_t Truths(uint64_t word) {
  word |= word >> 4;
  word |= word >> 2;
  word |= word >> 1;
  return word & 0x0101010101010101;
}

int64_t CountBlock(const uint8_t* mask, int64_t n) {
  // Eight bytes at a time; each of the sums' bytes holds at most 255.
  constexpr int64_t kWord = 8;
  constexpr int64_t kWordsMax = 255;
  int64_t count = 0;
  int64_t i = 0;
  while (i + kWord <= n) {
    uint64_t sums = 0;
    const int64_t words = std::min((n - i) / kWord, kWordsMax);
    for (int64_t w = 0; w < words; ++w) {
      uint64_t word;
      std::memcpy(&word, mask + i + w * kWord, kWord);
      sums += Truths(word);
    }
    i += words * kWord;
    constexpr uint64_t kEvenBytes = 0x00FF00FF00FF00FF;
    const uint64_t pairs = (sums & kEvenBytes) + ((sums >> 8) & kEvenBytes);
    count += static_cast<int64_t>((pairs * 0x0001000100010001) >> 48);
  }
  for (; i < n; ++i) count += mask[i] != 0;
  return count;
}

/// The number of true elements before each block, then in all.
std::vector<int64_t> BlockStarts(const uint8_t* mask, int64_t n) {
  const int64_t num_blocks = (n + kBlock - 1) / kBlock;
  std::vector<int64_t> starts(num_blocks + 1, 0);
  ParallelRanges(num_blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      starts[b + 1] = CountBlock(mask + b * kBlock, std::min(kBlock, n - b * kBlock));
    }
  });
  for (int64_t b = 0; b < num_blocks; ++b) starts[b + 1] += starts[b];
  return starts;
}

/// Calls f(first element, number of elements, true ones before, true ones within) for blocks.
template <class F>
void ForEachBlock(const uint8_t* mask, int64_t n, F f) {
  const std::vector<int64_t> starts = BlockStarts(mask, n);
  ParallelRanges(static_cast<int64_t>(starts.size()) - 1, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * kBlock;
      f(first, std::min(kBlock, n - first), starts[b], starts[b + 1] - starts[b]);
    }
  });
}

/// Calls f(i, k) for the k-th true element i of a block, without a branch that depends on the mask:
/// f is also called for false elements, whose k is the next true one's, which overwrites. No k
/// reaches `count`.
template <class F>
void ForEachTrue(const uint8_t* mask, int64_t n, int64_t count, F f) {
  constexpr int64_t kWord = 8;
  int64_t i = 0;
  int64_t k = 0;
  for (; i + kWord <= n && k + kWord < count; i += kWord) {
    uint64_t word;
    std::memcpy(&word, mask + i, kWord);
    if (word == 0) continue;
    for (int64_t j = 0; j < kWord; ++j) {
      f(i + j, k);
      k += mask[i + j] != 0;
    }
  }
  for (; k < count; ++i) {
    if (mask[i]) f(i, k++);
  }
}

/// `value` if the bool is true, else `there`, without a branch: masks are hard to foresee.
template <class Item>
Item Chosen(uint8_t truth, Item value, Item there) {
  if constexpr (std::is_same_v<Item, ItemPair>) {
    return {Chosen(truth, value.low, there.low), Chosen(truth, value.high, there.high)};
  } else {
    const Item bits = static_cast<Item>(-static_cast<Item>(truth != 0));
    return static_cast<Item>((value & bits) | (there & ~bits));
  }
}

}  // namespace

int64_t CountTrue(const Tensor& mask) {
  return BlockStarts(static_cast<const uint8_t*>(mask.data()), mask.size()).back();
}

void SelectTrue(const Tensor& x, const Tensor& mask, const Tensor& to) {
  VisitItem(x.dtype(), [&](auto item) {
    using Item = decltype(item);
    const auto* truths = static_cast<const uint8_t*>(mask.data());
    const Item* source = static_cast<const Item*>(x.data());
    Item* target = static_cast<Item*>(to.mutable_data());
    ForEachBlock(truths, mask.size(), [&](int64_t first, int64_t n, int64_t before, int64_t count) {
      const Item* from = source + first;
      Item* out = target + before;
      ForEachTrue(truths + first, n, count, [&](int64_t i, int64_t k) { out[k] = from[i]; });
    });
  });
}

void AssignTrue(const Tensor& x, const Tensor& mask, const Tensor& values) {
  VisitItem(x.dtype(), [&](auto item) {
    using Item = decltype(item);
    const auto* truths = static_cast<const uint8_t*>(mask.data());
    const Item* source = static_cast<const Item*>(values.data());
    Item* target = static_cast<Item*>(x.mutable_data());
    if (values.size() == 1) {
      const Item value = *source;
      ParallelRanges(mask.size(), kBlock, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) target[i] = Chosen(truths[i], value, target[i]);
      });
      return;
    }
    ForEachBlock(truths, mask.size(), [&](int64_t first, int64_t n, int64_t before, int64_t) {
      const Item* from = source + before;
      for (int64_t i = first; i < first + n; ++i) {
        if (truths[i]) target[i] = *from++;
      }
    });
  });
}

void OffsetsOfTrue(const Tensor& mask, const tensor::Shape& strides, const Tensor& to) {
  if (to.size() == 0) return;
  const auto* truths = static_cast<const uint8_t*>(mask.data());
  int64_t* out = to.mutable_data_as<int64_t>();
  const int rank = mask.rank();
  if (rank == 0) {
    out[0] = 0;
    return;
  }
  // Rows of a mask whose axes merge into one are one row.
  int64_t length = mask.shape()[rank - 1];
  const int64_t stride = strides[rank - 1];
  int outer = rank - 1;
  while (outer > 0 && strides[outer - 1] == stride * length) length *= mask.shape()[--outer];
  IndexAxes rows;
  for (int i = 0; i < outer; ++i) {
    rows.lengths[rows.rank] = mask.shape()[i];
    rows.strides[rows.rank++] = strides[i];
  }
  if (rows.rank == 0) {
    ForEachBlock(truths, length, [&](int64_t first, int64_t n, int64_t before, int64_t count) {
      int64_t* places = out + before;
      ForEachTrue(truths + first, n, count,
                  [&](int64_t i, int64_t k) { places[k] = (first + i) * stride; });
    });
    return;
  }
  for (IndexWalk walk(rows); !walk.done(); walk.Next(), truths += length) {
    const int64_t count = CountBlock(truths, length);
    ForEachTrue(truths, length, count,
                [&](int64_t i, int64_t k) { out[k] = walk.offset() + i * stride; });
    out += count;
  }
}

}  // namespace emberharmony::backend::native
