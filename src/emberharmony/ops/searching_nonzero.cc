// nonzero: its results' length depends on the data, so it is written here and
// not in a backend.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/searching.h"
#include "emberharmony/ops/statistics.h"

namespace emberharmony::ops {
namespace {

template <class T>
bool IsNonzero(T x) {
  return x != T(0);
}

/// Writes the positions of the row's elements that are not zero; `places` has
/// room for one more than there are. Returns their number.
template <class T>
int64_t FindInRow(const T* row, int64_t n, int64_t* places) {
  int64_t found = 0;
  int64_t i = 0;
  if constexpr (sizeof(T) == 1) {
    // Eight at a time: where nothing is set, nothing is to be done.
    for (; i + 8 <= n; i += 8) {
      uint64_t word;
      std::memcpy(&word, row + i, 8);
      if (word == 0) continue;
      for (int k = 0; k < 8; ++k) {
        places[found] = i + k;
        found += IsNonzero(row[i + k]);
      }
    }
  }
  for (; i < n; ++i) {
    places[found] = i;
    found += IsNonzero(row[i]);
  }
  return found;
}

/// Rows along the last axis, counted through in C order.
class Rows {
 public:
  explicit Rows(const Tensor& x) : x_(x), outer_(x.rank() - 1), at_(outer_, 0) { RequireCpu(x); }

  template <class T>
  void Find(const std::vector<int64_t*>& places) {
    const int64_t n = x_.shape()[outer_];
    const int64_t rows = x_.size() / n;
    const T* row = static_cast<const T*>(x_.data());
    int64_t found = 0;
    for (int64_t r = 0; r < rows; ++r, row += n) {
      const int64_t more = FindInRow(row, n, places[outer_] + found);
      for (int axis = 0; axis < outer_; ++axis) {
        std::fill_n(places[axis] + found, more, at_[axis]);
      }
      found += more;
      for (int axis = outer_ - 1; axis >= 0; --axis) {
        if (++at_[axis] < x_.shape()[axis]) break;
        at_[axis] = 0;
      }
    }
  }

 private:
  const Tensor& x_;
  int outer_;
  std::vector<int64_t> at_;  // index of the row along the axes before the last
};

}  // namespace

std::vector<Tensor> nonzero(const Tensor& x) {
  if (!x.defined() || x.rank() == 0) {
    throw ShapeError(
        fmt::format("nonzero: expected a tensor of rank 1 or "
                    "more, found a {}: give it one with reshape",
                    x.Describe()));
  }
  const int64_t count = count_nonzero(x).item<int64_t>();
  std::vector<Tensor> results;
  std::vector<int64_t*> places;
  for (int axis = 0; axis < x.rank(); ++axis) {
    // The search writes one place beyond the last one that is found.
    results.push_back(Tensor::Empty({count + 1}, DType::kInt64));
    places.push_back(results.back().mutable_data_as<int64_t>());
  }
  const Tensor elements = x.Contiguous();
  if (x.size() > 0) {
    tensor::VisitAny(x.dtype() == DType::kBool ? DType::kUInt8 : x.dtype(),
                     [&](auto tag) { Rows(elements).Find<typename decltype(tag)::type>(places); });
  }
  for (Tensor& result : results) result = result.Slice(0, 0, count);
  return results;
}

}  // namespace emberharmony::ops
