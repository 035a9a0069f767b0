#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/searching.h"
#include "emberharmony/ops/sets.h"
#include "emberharmony/ops/sets_internal.h"
#include "emberharmony/ops/sorting.h"

namespace emberharmony::ops {
namespace {

/// Integers that lie close together are looked up in a table.
template <class T>
void FindInTable(const Tensor& x, const Tensor& set, const IntegerRange& range, bool* found) {
  std::vector<uint8_t> table(range.size, 0);
  const auto first = static_cast<uint64_t>(range.first);
  for (T element : set.values<T>()) table[static_cast<uint64_t>(element) - first] = 1;
  const T* elements = x.data_as<T>();
  const auto size = static_cast<uint64_t>(range.size);
  for (int64_t i = 0; i < x.size(); ++i) {
    const uint64_t at = static_cast<uint64_t>(elements[i]) - first;
    found[i] = at < size && table[at] != 0;
  }
}

template <class T>
void FindSorted(const Tensor& x, const Tensor& set, bool* found) {
  const Tensor sorted = sort(set);
  const Tensor places = searchsorted(sorted, x);
  const T* elements = x.data_as<T>();
  const T* at = sorted.data_as<T>();
  const int64_t* place = places.data_as<int64_t>();
  for (int64_t i = 0; i < x.size(); ++i) {
    found[i] = place[i] < sorted.size() && at[place[i]] == elements[i];
  }
}

template <class T>
void FindComplex(const Tensor& x, const Tensor& set, bool* found) {
  std::vector<T> sorted;
  for (T element : set.values<T>()) {
    if (element == element) sorted.push_back(element);
  }
  const auto before = [](T a, T b) { return StandsBefore(a, b); };
  std::sort(sorted.begin(), sorted.end(), before);
  const T* elements = x.data_as<T>();
  for (int64_t i = 0; i < x.size(); ++i) {
    found[i] = elements[i] == elements[i] &&
               std::binary_search(sorted.begin(), sorted.end(), elements[i], before);
  }
}

void Find(const Tensor& x, const Tensor& set, bool* found) {
  tensor::VisitAny(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_arithmetic_v<T>) {
      FindComplex<T>(x, set, found);
    } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      const IntegerRange range = RangeOf(set, 2 * (x.size() + set.size()));
      if (range.size > 0) return FindInTable<T>(x, set, range, found);
      FindSorted<T>(x, set, found);
    } else if constexpr (!std::is_same_v<T, bool>) {
      FindSorted<T>(x, set, found);
    }
  });
}

}  // namespace

Tensor isin(const Tensor& x1, const Tensor& x2, bool invert) {
  if (!x1.defined() || !x2.defined()) {
    throw std::invalid_argument("isin: expected two tensors, found an undefined tensor");
  }
  RequireCpu(x1);
  RequireCpu(x2);
  std::optional<DType> dtype = tensor::PromoteTypes(x1.dtype(), x2.dtype());
  if (!dtype) {
    throw DTypeError(fmt::format("isin: {} and {} have no common dtype: convert one with astype",
                                 DTypeName(x1.dtype()), DTypeName(x2.dtype())));
  }
  if (*dtype == DType::kBool) dtype = DType::kUInt8;
  const Tensor x = astype(x1, *dtype, /*copy=*/false).Contiguous();
  const Tensor set = astype(x2, *dtype, /*copy=*/false).Reshape({x2.size()}).Contiguous();
  const Tensor result = Tensor::Empty(x1.shape(), DType::kBool);
  bool* found = result.mutable_data_as<bool>();
  if (set.size() == 0) {
    std::fill_n(found, result.size(), false);
  } else {
    Find(x, set, found);
  }
  if (invert) std::transform(found, found + result.size(), found, [](bool in) { return !in; });
  return result;
}

}  // namespace emberharmony::ops
