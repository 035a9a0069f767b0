#include "emberharmony/ops/sets.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/sets_internal.h"
#include "emberharmony/ops/sorting.h"
#include "emberharmony/ops/statistics.h"

namespace emberharmony::ops {
namespace {

/// Which of the results are asked for.
struct Asked {
  bool indices = false, inverse = false, counts = false;
};

Tensor Integers(int64_t n) { return Tensor::Empty({n}, DType::kInt64); }

/// x as one row. Booleans are read as integers.
Tensor RowOf(const Tensor& x) {
  if (!x.defined())
    throw std::invalid_argument("unique: expected a tensor, found an undefined one");
  RequireCpu(x);
  const Tensor row = x.Reshape({x.size()}).Contiguous();
  return x.dtype() == DType::kBool ? astype(row, DType::kUInt8) : row;
}

/// The positions of the elements in their order, equal ones in order of position.
template <class T>
Tensor OrderOf(const Tensor& row) {
  if constexpr (std::is_arithmetic_v<T>) {
    return argsort(row);
  } else {
    const Tensor order = Integers(row.size());
    int64_t* positions = order.mutable_data_as<int64_t>();
    std::iota(positions, positions + row.size(), int64_t{0});
    const T* x = row.data_as<T>();
    std::stable_sort(positions, positions + row.size(),
                     [x](int64_t a, int64_t b) { return StandsBefore(x[a], x[b]); });
    return order;
  }
}

/// Where runs of equal elements begin if elements are read at positions 0, 1, ... by `element`.
template <class T, class F>
std::vector<int64_t> RunStarts(int64_t n, F element) {
  std::vector<int64_t> starts;
  for (int64_t i = 0; i < n; ++i) {
    if (i == 0 || !(element(i) == element(i - 1))) starts.push_back(i);
  }
  return starts;
}

Tensor CountsOf(const std::vector<int64_t>& starts, int64_t n) {
  const Tensor counts = Integers(static_cast<int64_t>(starts.size()));
  int64_t* to = counts.mutable_data_as<int64_t>();
  for (size_t i = 0; i < starts.size(); ++i) {
    to[i] = (i + 1 < starts.size() ? starts[i + 1] : n) - starts[i];
  }
  return counts;
}

/// The first of each run of equal elements, which are moved to the front of a tensor of ours;
/// without a branch on what is equal, which nobody could predict.
template <class T>
Tensor FirstsOfRuns(const Tensor& sorted) {
  T* const x = sorted.mutable_data_as<T>();
  const int64_t n = sorted.size();
  if (n == 0) return sorted;
  int64_t count = 1;
  T previous = x[0];
  for (int64_t i = 1; i < n; ++i) {
    const T element = x[i];
    x[count] = element;
    count += element == previous ? 0 : 1;
    previous = element;
  }
  return count == n ? sorted : sorted.Slice(0, 0, count).Copy();
}

/// Values alone, or with counts: equal elements need not be told apart.
template <class T>
UniqueAll BySorting(const Tensor& row, const Asked& asked) {
  const Tensor sorted = sort(row);
  UniqueAll result;
  if (!asked.counts) {
    result.values = FirstsOfRuns<T>(sorted);
    return result;
  }
  const T* x = sorted.data_as<T>();
  const std::vector<int64_t> starts = RunStarts<T>(row.size(), [x](int64_t i) { return x[i]; });
  result.values = Tensor::Empty({static_cast<int64_t>(starts.size())}, row.dtype());
  T* values = result.values.mutable_data_as<T>();
  for (size_t i = 0; i < starts.size(); ++i) values[i] = x[starts[i]];
  result.counts = CountsOf(starts, row.size());
  return result;
}

template <class T>
UniqueAll ByPosition(const Tensor& row, const Asked& asked) {
  const Tensor order = OrderOf<T>(row);
  const int64_t* at = order.data_as<int64_t>();
  const T* x = row.data_as<T>();
  const int64_t n = row.size();
  const std::vector<int64_t> starts = RunStarts<T>(n, [x, at](int64_t i) { return x[at[i]]; });
  const int64_t count = static_cast<int64_t>(starts.size());
  UniqueAll result;
  result.values = Tensor::Empty({count}, row.dtype());
  result.indices = Integers(count);
  T* values = result.values.mutable_data_as<T>();
  int64_t* indices = result.indices.mutable_data_as<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    indices[i] = at[starts[i]];
    values[i] = x[indices[i]];
  }
  if (asked.counts) result.counts = CountsOf(starts, n);
  if (asked.inverse) {
    result.inverse_indices = Integers(n);
    int64_t* inverse = result.inverse_indices.mutable_data_as<int64_t>();
    for (int64_t i = 0; i < count; ++i) {
      const int64_t end = i + 1 < count ? starts[i + 1] : n;
      for (int64_t k = starts[i]; k < end; ++k) inverse[at[k]] = i;
    }
  }
  return result;
}

/// Integers that lie close together are counted in a table.
template <class T>
UniqueAll ByCounting(const Tensor& row, const IntegerRange& range, const Asked& asked) {
  const T* x = row.data_as<T>();
  const int64_t n = row.size();
  const auto entry = [&](T element) {
    return static_cast<uint64_t>(element) - static_cast<uint64_t>(range.first);
  };
  std::vector<int64_t> counts(range.size, 0), firsts(asked.indices ? range.size : 0);
  for (int64_t i = n - 1; i >= 0; --i) {
    const uint64_t at = entry(x[i]);
    ++counts[at];
    if (asked.indices) firsts[at] = i;
  }
  const int64_t count = range.size - std::count(counts.begin(), counts.end(), 0);
  UniqueAll result{Tensor::Empty({count}, row.dtype()), Integers(count), {}, Integers(count)};
  std::vector<int64_t> ids(asked.inverse ? range.size : 0);
  int64_t found = 0;
  for (int64_t at = 0; at < range.size; ++at) {
    if (counts[at] == 0) continue;
    result.values.mutable_data_as<T>()[found] =
        static_cast<T>(static_cast<uint64_t>(range.first) + static_cast<uint64_t>(at));
    result.counts.mutable_data_as<int64_t>()[found] = counts[at];
    if (asked.indices) result.indices.mutable_data_as<int64_t>()[found] = firsts[at];
    if (asked.inverse) ids[at] = found;
    ++found;
  }
  if (asked.inverse) {
    result.inverse_indices = Integers(n);
    int64_t* inverse = result.inverse_indices.mutable_data_as<int64_t>();
    for (int64_t i = 0; i < n; ++i) inverse[i] = ids[entry(x[i])];
  }
  return result;
}

template <class T>
UniqueAll UniqueOf(const Tensor& row, const Asked& asked) {
  if constexpr (std::is_integral_v<T>) {
    const IntegerRange range = RangeOf(row, 2 * row.size());
    if (range.size > 0) return ByCounting<T>(row, range, asked);
  }
  if constexpr (std::is_arithmetic_v<T>) {
    if (!asked.inverse && !asked.indices) return BySorting<T>(row, asked);
  }
  return ByPosition<T>(row, asked);
}

UniqueAll Unique(const Tensor& x, const Asked& asked) {
  const Tensor row = RowOf(x);
  UniqueAll result;
  tensor::VisitAny(row.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, bool>) result = UniqueOf<T>(row, asked);
  });
  result.values = astype(result.values, x.dtype(), /*copy=*/false);
  if (asked.inverse) result.inverse_indices = result.inverse_indices.Reshape(x.shape());
  return result;
}

}  // namespace

IntegerRange RangeOf(const Tensor& x, int64_t size_max) {
  if (!tensor::IsInteger(x.dtype()) || x.size() == 0) return {};
  // Tables of this size are in the cache; of few elements even that is too much to look through.
  constexpr int64_t kSmallTable = 1 << 12;
  if (x.size() >= kSmallTable / 4) size_max = std::max(size_max, kSmallTable);
  uint64_t first = 0, last = 0;
  const Tensor low = min(x), high = max(x);
  tensor::VisitReal(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    first = static_cast<uint64_t>(low.item<T>());
    last = static_cast<uint64_t>(high.item<T>());
  });
  if (last - first >= static_cast<uint64_t>(size_max)) return {};
  return {static_cast<int64_t>(first), static_cast<int64_t>(last - first + 1)};
}

UniqueAll unique_all(const Tensor& x) {
  return Unique(x, {.indices = true, .inverse = true, .counts = true});
}

UniqueCounts unique_counts(const Tensor& x) {
  const UniqueAll found = Unique(x, {.counts = true});
  return {found.values, found.counts};
}

UniqueInverse unique_inverse(const Tensor& x) {
  const UniqueAll found = Unique(x, {.inverse = true});
  return {found.values, found.inverse_indices};
}

Tensor unique_values(const Tensor& x) { return Unique(x, {}).values; }

}  // namespace emberharmony::ops
