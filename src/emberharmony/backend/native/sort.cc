// Sorting values along an axis.
#include <algorithm>
#include <limits>

#include "emberharmony/backend/native/operation_internal.h"
#include "emberharmony/backend/native/sort_internal.h"
#include "emberharmony/backend/native/sort_table_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

/// Elements that are worth handing to another thread.
constexpr int64_t kGrainElements = 1 << 14;

/// Integers of few values are counted.
template <class T>
void SortByCounting(const T* from, T* to, int64_t n) {
  using Limits = std::numeric_limits<T>;
  constexpr int kLow = Limits::min();
  int64_t counts[Limits::max() - kLow + 1] = {};
  for (int64_t i = 0; i < n; ++i) ++counts[from[i] - kLow];
  for (int value = kLow; value <= Limits::max(); ++value) {
    to = std::fill_n(to, counts[value - kLow], static_cast<T>(value));
  }
}

template <class T>
void SortRow(const T* from, T* to, int64_t n) {
  if constexpr (sizeof(T) == 1) {
    SortByCounting(from, to, n);
  } else {
    std::copy_n(from, n, to);
    SortIntegers(to, n);
  }
}

/// How many elements of a sorted row stand before its NaNs.
template <class T>
int64_t CountNumbers(const T* x, int64_t n) {
  while (n > 0 && x[n - 1] != x[n - 1]) --n;
  return n;
}

/// Zeros come out of the sort with all negative ones together, but equal
/// elements keep their order: gives the zeros of a sorted row of numbers the
/// signs they have in the input.
template <class T>
void RestoreZeros(const T* from, int64_t n, bool descending, T* to, int64_t numbers) {
  T* zero = std::partition_point(to, to + numbers,
                                 [descending](T x) { return descending ? x > 0 : x < 0; });
  for (int64_t i = 0; i < n; ++i) {
    if (from[i] == 0) *zero++ = from[i];
  }
}

/// What follows once the numbers are sorted in ascending order, NaN last.
template <class T>
void FinishFloatingRow(const T* from, T* to, int64_t n, Zeros zeros, bool descending) {
  const bool mixed_zeros = zeros.negative && zeros.positive;
  if (!descending && !mixed_zeros) return;
  const int64_t numbers = CountNumbers(to, n);
  if (descending) std::reverse(to, to + numbers);
  if (mixed_zeros) RestoreZeros(from, n, descending, to, numbers);
}

/// Sorts the bits of numbers as integers, since vqsort 1.0.3 loses infinities and the signs of
/// zeros, and NaN crashes it: those of positive numbers ascend as the numbers do, those of negative
/// ones descend. NaN comes last in both directions.
template <class T, class Int>
void SortFloatingBits(const T* from, T* to, int64_t n, bool descending, const Signs& signs) {
  Int* const bits = reinterpret_cast<Int*>(to);
  SortIntegersDescending(bits, signs.num_negative);
  SortIntegers(bits + signs.num_negative, signs.num_positive);
  FinishFloatingRow(from, to, n, signs.zeros, descending);
}
void SortFloatingRow(const double* from, double* to, int64_t n, bool descending) {
  const Signs signs = ActiveSortKernels().split_signs_double(from, n, to);
  SortFloatingBits<double, int64_t>(from, to, n, descending, signs);
}
void SortFloatingRow(const float* from, float* to, int64_t n, bool descending) {
  const Signs signs = ActiveSortKernels().split_signs_float(from, n, to);
  SortFloatingBits<float, int32_t>(from, to, n, descending, signs);
}

template <class T>
void SortElements(const T* from, T* to, int64_t n, bool descending) {
  if constexpr (std::is_floating_point_v<T>) {
    SortFloatingRow(from, to, n, descending);
  } else {
    SortRow(from, to, n);
    if (descending) std::reverse(to, to + n);
  }
}

/// The lengths before, along and after an axis of a contiguous tensor.
struct Extents {
  int64_t outer = 1, n, width = 1;
  Extents(const Tensor& x, int axis) : n(x.shape()[axis]) {
    for (int i = 0; i < axis; ++i) outer *= x.shape()[i];
    for (int i = axis + 1; i < x.rank(); ++i) width *= x.shape()[i];
  }
};

/// Sorts rows of at most kShortRowMax elements, which lie in `to` as in `from`.
void SortShort(DType dtype, const void* from, void* to, const Extents& extents, bool descending) {
  const auto sort = ActiveSortKernels().short_rows[static_cast<int>(dtype)];
  const int64_t item_bytes = tensor::ItemSize(dtype);
  const auto run = [&](int64_t offset, int64_t count, int64_t row_stride, int64_t stride) {
    sort({static_cast<const char*>(from) + offset * item_bytes,
          static_cast<char*>(to) + offset * item_bytes, count, row_stride, extents.n, stride,
          descending});
  };
  if (extents.width == 1) {
    return ParallelRanges(
        extents.outer, kGrainElements / extents.n + 1,
        [&](int64_t begin, int64_t end) { run(begin * extents.n, end - begin, extents.n, 1); });
  }
  const int64_t slice = extents.n * extents.width;
  ParallelRanges(extents.outer, kGrainElements / slice + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) run(i * slice, extents.width, 1, extents.width);
  });
}

/// Rows of which fewer than this are sorted one by one.
constexpr int64_t kShortRowsMin = 4;
/// Columns side by side from which on they are sorted where they lie.
constexpr int64_t kColumnsMin = 16;

void SortRows(DType dtype, const Tensor& rows, int64_t n, bool descending, const Tensor& sorted) {
  tensor::VisitReal(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, bool>) {
      const T* from = static_cast<const T*>(rows.data());
      T* to = static_cast<T*>(sorted.mutable_data());
      ParallelRanges(rows.size() / n, kGrainElements / n + 1, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          SortElements(from + row * n, to + row * n, n, descending);
        }
      });
    }
  });
}

void Execute(Tensors inputs, Attributes attributes, Tensors outputs) {
  const Tensor& x = *inputs[0];
  const Tensor& output = *outputs[0];
  if (output.size() == 0) return;
  if (x.rank() == 0) return tensor::CopyElements(x, output);
  const int axis = static_cast<int>(IntegerOr(attributes, AttributeKey::kAxis, x.rank() - 1));
  const bool descending = IntegerOr(attributes, AttributeKey::kDescending, 0) != 0;
  // Booleans sort as the integers 0 and 1.
  const DType dtype = x.dtype() == DType::kBool ? DType::kUInt8 : x.dtype();
  const Extents extents(x, axis);
  const bool is_short = extents.n <= kShortRowMax && x.size() >= kShortRowsMin * extents.n;
  if (is_short && extents.width >= kColumnsMin && output.is_contiguous()) {
    return SortShort(dtype, x.Contiguous().data(), output.mutable_data(), extents, descending);
  }
  const Tensor rows = RowsAlong(x, axis);
  const Tensor sorted = RowsFor(output, axis);
  if (is_short) {
    SortShort(dtype, rows.data(), sorted.mutable_data(), Extents(rows, x.rank() - 1), descending);
  } else {
    SortRows(dtype, rows, extents.n, descending, sorted);
  }
  StoreRows(sorted, output, axis);
}

bool Supports(std::span<const DType> dtypes) { return !tensor::IsComplex(dtypes[0]); }

const bool registered = RegisterOperation(Op::kSort, {&Supports, &Execute});

}  // namespace
}  // namespace emberharmony::backend::native
