// searchsorted: places of elements in a sorted sequence.
#include <algorithm>

#include "emberharmony/backend/native/operation_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

/// Elements that are worth handing to another thread.
constexpr int64_t kGrainElements = 1 << 13;
/// Elements that are searched for side by side: the steps of a binary search
/// wait for memory, and all searches take the same number of steps.
constexpr int kTogether = 8;

/// kRight: behind equal elements, else before them.
template <bool kRight, class T>
bool StandsBefore(T x, T wanted) {
  return kRight ? x <= wanted : x < wanted;
}

template <bool kRight, class T, int kCount>
void Search(const T* sorted, int64_t n, const T* wanted, int64_t* places) {
  int64_t at[kCount] = {};
  int64_t length = n;
  while (length > 1) {
    const int64_t half = length / 2;
    for (int k = 0; k < kCount; ++k) {
      at[k] += StandsBefore<kRight>(sorted[at[k] + half - 1], wanted[k]) ? half : 0;
    }
    length -= half;
  }
  for (int k = 0; k < kCount; ++k) {
    places[k] = at[k] + (n > 0 && StandsBefore<kRight>(sorted[at[k]], wanted[k]) ? 1 : 0);
  }
}

template <bool kRight, class T>
void SearchAll(const T* sorted, int64_t n, const T* wanted, int64_t count, int64_t* places) {
  // NaN stands last. Numbers are searched for among numbers.
  int64_t numbers = n;
  if constexpr (std::is_floating_point_v<T>) {
    numbers = std::partition_point(sorted, sorted + n, [](T x) { return x == x; }) - sorted;
  }
  ParallelRanges(count, kGrainElements, [&](int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + kTogether <= end; i += kTogether) {
      Search<kRight, T, kTogether>(sorted, numbers, wanted + i, places + i);
    }
    for (; i < end; ++i) Search<kRight, T, 1>(sorted, numbers, wanted + i, places + i);
    if constexpr (std::is_floating_point_v<T>) {
      for (int64_t k = begin; k < end; ++k) {
        if (wanted[k] != wanted[k]) places[k] = kRight ? n : numbers;
      }
    }
  });
}

void Execute(Tensors inputs, Attributes attributes, Tensors outputs) {
  const Tensor& output = *outputs[0];
  if (output.size() == 0) return;
  const Tensor sorted = inputs[0]->Contiguous();
  const Tensor wanted = inputs[1]->Contiguous();
  const Tensor places =
      output.is_contiguous() ? output : Tensor::Empty(output.shape(), DType::kInt64);
  const bool right = IntegerOr(attributes, AttributeKey::kRight, 0) != 0;
  const DType dtype = sorted.dtype() == DType::kBool ? DType::kUInt8 : sorted.dtype();
  tensor::VisitReal(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, bool>) {
      const auto search = right ? &SearchAll<true, T> : &SearchAll<false, T>;
      search(static_cast<const T*>(sorted.data()), sorted.size(),
             static_cast<const T*>(wanted.data()), wanted.size(),
             places.mutable_data_as<int64_t>());
    }
  });
  if (places.data() != output.data()) tensor::CopyElements(places, output);
}

bool Supports(std::span<const DType> dtypes) { return !tensor::IsComplex(dtypes[0]); }

const bool registered = RegisterOperation(Op::kSearchSorted, {&Supports, &Execute});

}  // namespace
}  // namespace emberharmony::backend::native
