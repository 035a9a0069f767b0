#include <hwy/contrib/sort/vqsort.h>

#include "emberharmony/backend/native/sort_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Below, insertion is faster than setting vqsort up.
constexpr int64_t kInsertionMax = 24;

template <class T, class Before>
void SortByInsertion(T* keys, int64_t n, Before before) {
  for (int64_t i = 1; i < n; ++i) {
    const T key = keys[i];
    int64_t at = i;
    for (; at > 0 && before(key, keys[at - 1]); --at) keys[at] = keys[at - 1];
    keys[at] = key;
  }
}

template <class T, class Order>
void SortByVectors(T* keys, int64_t n, Order order) {
  // It holds a buffer of its own, so each thread has one.
  thread_local const hwy::Sorter sorter;
  sorter(keys, static_cast<size_t>(n), order);
}

template <class T>
void Sort(T* keys, int64_t n) {
  if (n <= kInsertionMax) return SortByInsertion(keys, n, [](T a, T b) { return a < b; });
  SortByVectors(keys, n, hwy::SortAscending());
}
template <class T>
void SortDown(T* keys, int64_t n) {
  if (n <= kInsertionMax) return SortByInsertion(keys, n, [](T a, T b) { return a > b; });
  SortByVectors(keys, n, hwy::SortDescending());
}

}  // namespace

void SortIntegers(int16_t* keys, int64_t n) { Sort(keys, n); }
void SortIntegers(uint16_t* keys, int64_t n) { Sort(keys, n); }
void SortIntegers(int32_t* keys, int64_t n) { Sort(keys, n); }
void SortIntegers(uint32_t* keys, int64_t n) { Sort(keys, n); }
void SortIntegers(int64_t* keys, int64_t n) { Sort(keys, n); }
void SortIntegers(uint64_t* keys, int64_t n) { Sort(keys, n); }

void SortIntegersDescending(int32_t* keys, int64_t n) { SortDown(keys, n); }
void SortIntegersDescending(int64_t* keys, int64_t n) { SortDown(keys, n); }

}  // namespace emberharmony::backend::native
