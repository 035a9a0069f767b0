// Sorting positions: argsort, and the largest or smallest elements.
#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "emberharmony/backend/native/operation_internal.h"
#include "emberharmony/backend/native/sort_internal.h"
#include "emberharmony/backend/native/sort_keys_internal.h"
#include "emberharmony/backend/native/sort_table_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

/// Elements that are worth handing to another thread.
constexpr int64_t kGrainElements = 1 << 13;
constexpr int64_t kInsertionMax = 24;

void InsertPositions(const uint64_t* keys, int64_t* positions, int64_t n) {
  for (int64_t i = 1; i < n; ++i) {
    const int64_t position = positions[i];
    int64_t at = i;
    for (; at > 0 && keys[position] < keys[positions[at - 1]]; --at) {
      positions[at] = positions[at - 1];
    }
    positions[at] = position;
  }
}

/// Sorts positions whose keys agree in the bits they were sorted by; they
/// ascend.
void SortTies(const uint64_t* keys, int64_t* positions, int64_t n) {
  if (n <= kInsertionMax) return InsertPositions(keys, positions, n);
  std::vector<uint64_t> tied(n);
  std::vector<int64_t> order(n), moved(n);
  for (int64_t i = 0; i < n; ++i) tied[i] = keys[positions[i]];
  SortPositions(tied.data(), n, order.data());
  for (int64_t i = 0; i < n; ++i) moved[i] = positions[order[i]];
  std::copy(moved.begin(), moved.end(), positions);
}

template <class T>
void KeysOf(const T* x, int64_t n, bool descending, uint64_t* keys) {
  using Traits = SortKey<T>;
  constexpr uint64_t kNaN = std::numeric_limits<uint64_t>::max();
  for (int64_t i = 0; i < n; ++i) {
    T element = x[i];
    if constexpr (Traits::kFloating) element += T(0);  // -0 becomes +0
    uint64_t key = Traits::Of(element);
    if (descending) key = static_cast<typename Traits::Key>(~key);
    if constexpr (Traits::kFloating) {
      if (element != element) key = kNaN;
    }
    keys[i] = key;
  }
}

/// Keys and positions packed into integers: see SortPositions.
struct Packing {
  int shift;
  int position_bits;
};

Packing Pack(const uint64_t* keys, int64_t n, int64_t* packed) {
  const SortKernels& kernels = ActiveSortKernels();
  uint64_t first, last;
  kernels.range(keys, n, &first, &last);
  const int range_bits = std::bit_width(last - first);
  const int position_bits = std::bit_width(static_cast<uint64_t>(n - 1));
  const int shift = std::max(0, range_bits + position_bits - 63);
  kernels.pack(keys, n, first, shift, position_bits, packed);
  return {shift, position_bits};
}

/// The positions of sorted packed keys, in their place.
void Unpack(const uint64_t* keys, int64_t n, Packing packing, int64_t* positions) {
  const int64_t mask = (int64_t{1} << packing.position_bits) - 1;
  if (packing.shift == 0) {
    for (int64_t i = 0; i < n; ++i) positions[i] &= mask;
    return;
  }
  int64_t run = 0;  // where the keys that agree with the last one begin
  int64_t run_key = positions[0] >> packing.position_bits;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t key = positions[i] >> packing.position_bits;
    positions[i] &= mask;
    if (key == run_key) continue;
    if (i - run > 1) SortTies(keys, positions + run, i - run);
    run = i;
    run_key = key;
  }
  if (n - run > 1) SortTies(keys, positions + run, n - run);
}

/// Rows [begin, end) of at most kShortRowMax elements, whose packed keys are sorted many at a time.
void SortShortRows(const Tensor& rows, int64_t begin, int64_t end, int64_t n, bool descending,
                   int64_t* positions) {
  constexpr int64_t kBatch = 32;
  const auto sort = ActiveSortKernels().short_rows[static_cast<int>(DType::kInt64)];
  const int64_t row_bytes = n * tensor::ItemSize(rows.dtype());
  std::vector<uint64_t> keys(kBatch * n);
  std::vector<int64_t> packed(kBatch * n);
  Packing packings[kBatch];
  for (int64_t row = begin; row < end; row += kBatch) {
    const int64_t count = std::min(kBatch, end - row);
    MakeSortKeys(rows.dtype(), static_cast<const char*>(rows.data()) + row * row_bytes, count * n,
                 descending, keys.data());
    for (int64_t i = 0; i < count; ++i) {
      packings[i] = Pack(keys.data() + i * n, n, packed.data() + i * n);
    }
    sort({packed.data(), positions + row * n, count, n, n, 1, false});
    for (int64_t i = 0; i < count; ++i) {
      Unpack(keys.data() + i * n, n, packings[i], positions + (row + i) * n);
    }
  }
}

void SortRows(const Tensor& rows, int64_t n, bool descending, int64_t* positions) {
  const int64_t row_bytes = n * tensor::ItemSize(rows.dtype());
  ParallelRanges(rows.size() / n, kGrainElements / n + 1, [&](int64_t begin, int64_t end) {
    constexpr int64_t kShortRowsMin = 4;
    if (n <= kShortRowMax && end - begin >= kShortRowsMin) {
      return SortShortRows(rows, begin, end, n, descending, positions);
    }
    const Tensor keys = Tensor::Empty({n}, DType::kUInt64);
    uint64_t* to = keys.mutable_data_as<uint64_t>();
    for (int64_t row = begin; row < end; ++row) {
      MakeSortKeys(rows.dtype(), static_cast<const char*>(rows.data()) + row * row_bytes, n,
                   descending, to);
      SortPositions(to, n, positions + row * n);
    }
  });
}

void ArgSort(Tensors inputs, Attributes attributes, Tensors outputs) {
  const Tensor& x = *inputs[0];
  const Tensor& output = *outputs[0];
  if (output.size() == 0) return;
  if (x.rank() == 0) {
    *output.mutable_data_as<int64_t>() = 0;
    return;
  }
  const int axis = static_cast<int>(IntegerOr(attributes, AttributeKey::kAxis, x.rank() - 1));
  const bool descending = IntegerOr(attributes, AttributeKey::kDescending, 0) != 0;
  const Tensor positions = RowsFor(output, axis);
  SortRows(RowsAlong(x, axis), x.shape()[axis], descending, positions.mutable_data_as<int64_t>());
  StoreRows(positions, output, axis);
}

/// The key that would stand at `rank` if the keys were sorted.
uint64_t KeyAtRank(const uint64_t* keys, int64_t n, int64_t rank) {
  // Of few wanted keys a heap holds the best so far, which most others do not get into.
  constexpr int64_t kFewShare = 16;
  if (rank < n / kFewShare) {
    std::vector<uint64_t> best(keys, keys + rank + 1);
    std::make_heap(best.begin(), best.end());
    for (int64_t i = rank + 1; i < n; ++i) {
      if (keys[i] >= best.front()) continue;
      std::pop_heap(best.begin(), best.end());
      best.back() = keys[i];
      std::push_heap(best.begin(), best.end());
    }
    return best.front();
  }
  std::vector<uint64_t> all(keys, keys + n);
  std::nth_element(all.begin(), all.begin() + rank, all.end());
  return all[rank];
}

/// The positions of the k smallest keys in order of (key, position). Keys are
/// changed.
void SelectPositions(const uint64_t* keys, int64_t n, int64_t k, int64_t* positions) {
  std::vector<uint64_t> chosen(k);
  const uint64_t last = KeyAtRank(keys, n, k - 1);
  int64_t smaller = 0;
  for (int64_t i = 0; i < n; ++i) smaller += keys[i] < last;
  int64_t ties_left = k - smaller;
  std::vector<int64_t> where(k);
  int64_t found = 0;
  for (int64_t i = 0; i < n && found < k; ++i) {
    if (keys[i] > last || (keys[i] == last && ties_left-- <= 0)) continue;
    chosen[found] = keys[i];
    where[found++] = i;
  }
  SortPositions(chosen.data(), k, positions);
  for (int64_t i = 0; i < k; ++i) positions[i] = where[positions[i]];
}

/// Outputs: values and positions, kCount along the axis.
void TopK(Tensors inputs, Attributes attributes, Tensors outputs) {
  const Tensor& x = *inputs[0];
  if (outputs[0]->size() == 0) return;
  const int axis = static_cast<int>(IntegerOr(attributes, AttributeKey::kAxis, x.rank() - 1));
  const bool descending = IntegerOr(attributes, AttributeKey::kDescending, 1) != 0;
  const int64_t n = x.shape()[axis];
  const int64_t k = IntegerOr(attributes, AttributeKey::kCount, 1);
  const Tensor rows = RowsAlong(x, axis);
  const Tensor values = RowsFor(*outputs[0], axis);
  const Tensor positions = RowsFor(*outputs[1], axis);
  const int64_t item_bytes = tensor::ItemSize(x.dtype());
  ParallelRanges(rows.size() / n, kGrainElements / n + 1, [&](int64_t begin, int64_t end) {
    std::vector<uint64_t> keys(n);
    for (int64_t row = begin; row < end; ++row) {
      const char* from = static_cast<const char*>(rows.data()) + row * n * item_bytes;
      char* to = static_cast<char*>(values.mutable_data()) + row * k * item_bytes;
      int64_t* where = positions.mutable_data_as<int64_t>() + row * k;
      MakeSortKeys(x.dtype(), from, n, descending, keys.data());
      SelectPositions(keys.data(), n, k, where);
      for (int64_t i = 0; i < k; ++i) {
        std::copy_n(from + where[i] * item_bytes, item_bytes, to + i * item_bytes);
      }
    }
  });
  StoreRows(values, *outputs[0], axis);
  StoreRows(positions, *outputs[1], axis);
}

bool Supports(std::span<const DType> dtypes) { return !tensor::IsComplex(dtypes[0]); }

const bool registered = RegisterOperation(Op::kArgSort, {&Supports, &ArgSort}) &&
                        RegisterOperation(Op::kTopK, {&Supports, &TopK});

}  // namespace

void MakeSortKeys(DType dtype, const void* elements, int64_t n, bool descending, uint64_t* keys) {
  if (dtype == DType::kFloat64) {
    return ActiveSortKernels().double_keys(elements, n, descending ? ~uint64_t{0} : 0, keys);
  }
  tensor::VisitReal(dtype == DType::kBool ? DType::kUInt8 : dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, bool>) {
      KeysOf(static_cast<const T*>(elements), n, descending, keys);
    }
  });
}

// Key and position are packed into one integer of 63 bits, which vqsort sorts
// fastest. Where the keys' range needs more bits than the position leaves, the
// low ones are sorted afterwards, among the keys that agree in the others.
void SortPositions(const uint64_t* keys, int64_t n, int64_t* positions) {
  if (n <= kInsertionMax) {
    for (int64_t i = 0; i < n; ++i) positions[i] = i;
    return InsertPositions(keys, positions, n);
  }
  const Packing packing = Pack(keys, n, positions);
  SortIntegers(positions, n);
  Unpack(keys, n, packing, positions);
}

}  // namespace emberharmony::backend::native
