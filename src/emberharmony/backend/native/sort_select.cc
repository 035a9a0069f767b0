// Order statistics in linear time. Few ranks are looked for between two numbers of a sample. Where
// that does not pay, elements are counted in buckets of their keys' range, and only the buckets
// with a wanted rank are looked into.
#include <algorithm>
#include <bit>
#include <mutex>
#include <vector>

#include "emberharmony/backend/native/order_statistics.h"
#include "emberharmony/backend/native/reduction_run_internal.h"
#include "emberharmony/backend/native/sort_brackets_internal.h"
#include "emberharmony/backend/native/sort_internal.h"
#include "emberharmony/backend/native/sort_keys_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

constexpr int kBucketBits = 11;
constexpr int64_t kNumBuckets = int64_t{1} << kBucketBits;
/// Fewer elements are sorted rather than counted in buckets, or split around brackets.
constexpr int64_t kSortedMax = 1 << 14;
constexpr int64_t kSplitMin = 512;
static_assert(kSplitMin <= kShortRowMax);
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
void SelectByKeys(const T* x, int64_t n, std::span<const int64_t> ranks, T* values) {
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
void SelectNumbers(const T* x, int64_t n, int64_t num_numbers, std::span<const int64_t> ranks,
                   T* values);

/// The elements at `ranks` of a bracket's own, all of which are numbers.
template <class T>
void SelectInside(const T* x, int64_t n, const typename BracketSearch<T>::Bracket& bracket,
                  std::span<const int64_t> ranks, T* values) {
  if (bracket.low != bracket.high) {
    return SelectNumbers(bracket.inside.data(), bracket.num_inside, bracket.num_inside, ranks,
                         values);
  }
  // All are equal; of zeros the negative ones come first.
  int64_t negative = 0;
  if (bracket.low == 0) {
    for (int64_t i = 0; i < n; ++i) negative += x[i] == 0 && std::signbit(x[i]);
  }
  for (size_t i = 0; i < ranks.size(); ++i) {
    const T zero = ranks[i] < negative ? -T(0) : T(0);
    values[i] = bracket.low == 0 ? zero : bracket.low;
  }
}

/// The elements at `ranks`, all below num_numbers, the number of elements that are not NaN.
template <class T>
void SelectNumbers(const T* x, int64_t n, int64_t num_numbers, std::span<const int64_t> ranks,
                   T* values) {
  if (ranks.empty()) return;
  BracketSearch<T> search;
  if (n < kSplitMin || !search.Find(x, n, num_numbers, ranks)) {
    return SelectByKeys(x, n, ranks, values);
  }
  std::vector<int64_t> inner;
  for (const auto& bracket : search.brackets()) {
    inner.clear();
    for (size_t i = bracket.first_rank; i < bracket.end_rank; ++i) {
      inner.push_back(ranks[i] - bracket.below);
    }
    SelectInside(x, n, bracket, inner, values + bracket.first_rank);
  }
}

template <class T>
void SelectRanks(const T* x, int64_t n, std::span<const int64_t> ranks, T* values) {
  if (n < kSplitMin) return SelectByKeys(x, n, ranks, values);
  const T most = Extreme(Op::kMax, x, n);
  int64_t num_numbers = n;
  size_t count = ranks.size();
  if (most != most) {
    num_numbers = 0;
    for (int64_t i = 0; i < n; ++i) num_numbers += x[i] == x[i];
    while (count > 0 && ranks[count - 1] >= num_numbers) {
      values[--count] = std::numeric_limits<T>::quiet_NaN();
    }
  } else if (count > 0 && ranks[count - 1] == n - 1 && most != 0) {
    values[--count] = most;  // of zeros the sign is to be found out
  }
  SelectNumbers(x, n, num_numbers, ranks.subspan(0, count), values);
}

/// The zero at `rank` of a sorted row in which zeros stand in any order, if the negative ones came
/// first.
template <class T>
T ZeroAtRank(const T* sorted, int64_t n, int64_t rank) {
  int64_t first = rank, negative = 0;
  while (first > 0 && sorted[first - 1] == 0) --first;
  for (int64_t i = first; i < n && sorted[i] == 0; ++i) negative += std::signbit(sorted[i]);
  return rank - first < negative ? -T(0) : T(0);
}

/// Rows that are sorted many at a time.
template <class T>
void SelectFromShortRows(const T* from, int64_t begin, int64_t end, int64_t n,
                         std::span<const int64_t> ranks, T* to) {
  constexpr int64_t kBatch = 32;
  const auto sort = ActiveSortKernels().short_rows[static_cast<int>(tensor::DTypeOf<T>())];
  std::vector<T> sorted(kBatch * n);
  const auto width = static_cast<int64_t>(ranks.size());
  for (int64_t row = begin; row < end; row += kBatch) {
    const int64_t count = std::min(kBatch, end - row);
    sort({from + row * n, sorted.data(), count, n, n, 1, false});
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t k = 0; k < width; ++k) {
        T value = sorted[i * n + ranks[k]];
        if (value == 0) value = ZeroAtRank(sorted.data() + i * n, n, ranks[k]);
        to[(row + i) * width + k] = value == value ? value : std::numeric_limits<T>::quiet_NaN();
      }
    }
  }
}

template <class T>
Tensor SelectFromRows(const Tensor& rows, std::span<const int64_t> ranks) {
  const int64_t count = rows.shape()[0], n = rows.shape()[1];
  const int64_t width = static_cast<int64_t>(ranks.size());
  const Tensor found = Tensor::Empty({count, width}, rows.dtype());
  const T* from = rows.data_as<T>();
  T* to = found.mutable_data_as<T>();
  constexpr int64_t kShortRowsMin = 4;
  const bool is_short = n < kSplitMin && count >= kShortRowsMin;
  // Long rows share out their own elements.
  const int64_t grain = n > kSortedMax ? count : kSortedMax / n + 1;
  ParallelRanges(count, grain, [&](int64_t begin, int64_t end) {
    if (is_short) return SelectFromShortRows(from, begin, end, n, ranks, to);
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
