// Order statistics in linear time: elements are counted in buckets of their
// keys' range, and only the buckets with a wanted rank are looked into.
#include <algorithm>
#include <bit>
#include <mutex>
#include <vector>

#include "emberharmony/backend/native/order_statistics.h"
#include "emberharmony/backend/native/reduction_run_internal.h"
#include "emberharmony/backend/native/sort_internal.h"
#include "emberharmony/backend/native/sort_keys_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

constexpr int kBucketBits = 11;
constexpr int64_t kNumBuckets = int64_t{1} << kBucketBits;
/// Fewer elements are sorted.
constexpr int64_t kSortedMax = 1 << 14;
/// Elements that are worth handing to another thread.
constexpr int64_t kGrainElements = 1 << 18;

/// A bucket in which ranks are wanted.
template <class Key>
struct Wanted {
  int64_t bucket;
  int64_t before;  // elements in the buckets before it
  std::vector<Key> keys;
};

/// Keys either as they are or made of elements on the way.
template <class T>
struct ElementReader {
  using Key = typename SortKey<T>::Key;
  const T* x;
  Key operator[](int64_t i) const { return SortKey<T>::Of(x[i]); }
};
template <class Key>
struct KeyReader {
  const Key* keys;
  Key operator[](int64_t i) const { return keys[i]; }
};

template <class Key, class Reader>
std::vector<int64_t> CountBuckets(Reader keys, int64_t n, Key low, int shift) {
  std::vector<int64_t> totals(kNumBuckets, 0);
  std::mutex mutex;
  ParallelRanges(n, kGrainElements, [&](int64_t begin, int64_t end) {
    // Two tables: neighbours often fall into the same bucket and would wait for
    // each other.
    std::vector<int64_t> counts(2 * kNumBuckets, 0);
    int64_t i = begin;
    for (; i + 1 < end; i += 2) {
      ++counts[(keys[i] - low) >> shift];
      ++counts[kNumBuckets + ((keys[i + 1] - low) >> shift)];
    }
    if (i < end) ++counts[(keys[i] - low) >> shift];
    std::lock_guard lock(mutex);
    for (int64_t b = 0; b < kNumBuckets; ++b) totals[b] += counts[b] + counts[kNumBuckets + b];
  });
  return totals;
}

/// Copies the keys of the wanted buckets, in no particular order.
template <class Key, class Reader>
void Collect(Reader keys, int64_t n, Key low, int shift, std::vector<Wanted<Key>>* wanted) {
  constexpr uint8_t kNotWanted = 255;
  std::vector<uint8_t> slots(kNumBuckets, kNotWanted);
  for (size_t i = 0; i < wanted->size(); ++i) {
    slots[(*wanted)[i].bucket] = static_cast<uint8_t>(i);
  }
  std::mutex mutex;
  ParallelRanges(n, kGrainElements, [&](int64_t begin, int64_t end) {
    std::vector<std::vector<Key>> found(wanted->size());
    for (int64_t i = begin; i < end; ++i) {
      const Key key = keys[i];
      const uint8_t slot = slots[(key - low) >> shift];
      if (slot != kNotWanted) found[slot].push_back(key);
    }
    std::lock_guard lock(mutex);
    for (size_t i = 0; i < found.size(); ++i) {
      std::vector<Key>& all = (*wanted)[i].keys;
      all.insert(all.end(), found[i].begin(), found[i].end());
    }
  });
}

template <class Key, class Reader>
void SelectKeys(Reader keys, int64_t n, std::span<const int64_t> ranks, Key* values);

template <class Key, class Reader>
void SelectFromBuckets(Reader keys, int64_t n, Key low, Key high, std::span<const int64_t> ranks,
                       Key* values) {
  const int shift =
      std::max(0, static_cast<int>(std::bit_width(uint64_t{high - low})) - kBucketBits);
  const std::vector<int64_t> counts = CountBuckets<Key>(keys, n, low, shift);
  std::vector<Wanted<Key>> wanted;
  std::vector<std::span<const int64_t>> ranks_of;
  int64_t before = 0;
  size_t at = 0;
  for (int64_t bucket = 0; bucket < kNumBuckets && at < ranks.size(); ++bucket) {
    const size_t first = at;
    while (at < ranks.size() && ranks[at] < before + counts[bucket]) ++at;
    if (at > first) {
      wanted.push_back({bucket, before, {}});
      ranks_of.push_back(ranks.subspan(first, at - first));
    }
    before += counts[bucket];
  }
  if (shift > 0) Collect<Key>(keys, n, low, shift, &wanted);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const size_t first = ranks_of[i].data() - ranks.data();
    if (shift == 0) {  // all elements of a bucket are equal
      std::fill_n(values + first, ranks_of[i].size(), static_cast<Key>(low + wanted[i].bucket));
      continue;
    }
    std::vector<int64_t> inner;
    for (int64_t rank : ranks_of[i]) inner.push_back(rank - wanted[i].before);
    SelectKeys<Key>(KeyReader<Key>{wanted[i].keys.data()},
                    static_cast<int64_t>(wanted[i].keys.size()), inner, values + first);
  }
}

/// Sorts few keys.
template <class Key, class Reader>
void SelectBySorting(Reader keys, int64_t n, std::span<const int64_t> ranks, Key* values) {
  std::vector<Key> sorted(n);
  for (int64_t i = 0; i < n; ++i) sorted[i] = keys[i];
  SortIntegers(sorted.data(), n);
  for (size_t i = 0; i < ranks.size(); ++i) values[i] = sorted[ranks[i]];
}

/// All keys lie in [low, high].
template <class Key, class Reader>
void SelectInRange(Reader keys, int64_t n, Key low, Key high, std::span<const int64_t> ranks,
                   Key* values) {
  // A bucket's slot is one byte, so ranks are looked for in bunches.
  constexpr size_t kRanksMax = 200;
  for (size_t first = 0; first < ranks.size(); first += kRanksMax) {
    const size_t count = std::min(kRanksMax, ranks.size() - first);
    SelectFromBuckets<Key>(keys, n, low, high, ranks.subspan(first, count), values + first);
  }
}

template <class Key, class Reader>
void SelectKeys(Reader keys, int64_t n, std::span<const int64_t> ranks, Key* values) {
  if (n <= kSortedMax) return SelectBySorting(keys, n, ranks, values);
  Key low = keys[0], high = keys[0];
  for (int64_t i = 0; i < n; ++i) {
    const Key key = keys[i];
    low = key < low ? key : low;
    high = key > high ? key : high;
  }
  SelectInRange(keys, n, low, high, ranks, values);
}

/// The least, or largest, element with the vectorized reduction; NaN if there is one.
template <class T>
T Extreme(Op op, const T* x, int64_t n) {
  ReductionLayout layout{reinterpret_cast<const char*>(x), tensor::DTypeOf<T>(), {}, {}};
  layout.reduced.Append(n, 1);
  T extreme;
  RunReduction(ActiveReductions().Get(op, layout.dtype), layout, nullptr, &extreme);
  return extreme;
}

template <class T>
void SelectRanks(const T* x, int64_t n, std::span<const int64_t> ranks, T* values) {
  using Key = typename SortKey<T>::Key;
  std::vector<Key> found(ranks.size());
  const ElementReader<T> keys{x};
  if (n <= kSortedMax) {
    SelectBySorting(keys, n, ranks, found.data());
  } else {
    const T low = Extreme(Op::kMin, x, n);
    const T high = Extreme(Op::kMax, x, n);
    SelectInRange(keys, n, low == low ? SortKey<T>::Of(low) : Key(0), SortKey<T>::Of(high), ranks,
                  found.data());
  }
  for (size_t i = 0; i < ranks.size(); ++i) values[i] = SortKey<T>::ElementOf(found[i]);
}

template <class T>
Tensor SelectFromRows(const Tensor& rows, std::span<const int64_t> ranks) {
  const int64_t count = rows.shape()[0], n = rows.shape()[1];
  const int64_t width = static_cast<int64_t>(ranks.size());
  const Tensor found = Tensor::Empty({count, width}, rows.dtype());
  const T* from = rows.data_as<T>();
  T* to = found.mutable_data_as<T>();
  // Long rows share out their own elements.
  const int64_t grain = n > kSortedMax ? count : kSortedMax / n + 1;
  ParallelRanges(count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      SelectRanks(from + row * n, n, ranks, to + row * width);
    }
  });
  return found;
}

}  // namespace

Tensor OrderStatistics(const Tensor& rows, std::span<const int64_t> ranks) {
  return rows.dtype() == DType::kFloat32 ? SelectFromRows<float>(rows, ranks)
                                         : SelectFromRows<double>(rows, ranks);
}

}  // namespace emberharmony::backend::native
