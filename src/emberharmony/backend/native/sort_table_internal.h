#pragma once

#include <cstdint>

#include "emberharmony/tensor/dtype.h"

namespace emberharmony::backend::native {

/// Whether there are zeros of either sign.
struct Zeros {
  bool negative, positive;
};

/// How many numbers have a sign, and how many none; NaN is not a number.
struct Signs {
  int64_t num_negative, num_positive;
  Zeros zeros;
};

/// Longest rows that are sorted many at a time.
inline constexpr int64_t kShortRowMax = 1024;

/// `count` rows of 0 < n <= kShortRowMax elements. Strides count elements and are those of the
/// input as of the output, which do not overlap.
struct ShortRows {
  const void* from;
  void* to;
  int64_t count;
  int64_t row_stride;
  int64_t n;
  int64_t stride;  // from element to element of a row
  bool descending;
};

/// Loops around the sorting of integers, for one instruction set.
struct SortKernels {
  /// Sorts rows, by dtype (null: complex numbers and bool, which sorts as uint8): equal elements
  /// keep their order, NaN comes last.
  void (*short_rows[tensor::kNumDTypes])(const ShortRows& rows) = {};
  /// Copies n numbers, which do not overlap `to`: those with a sign first, then those without one,
  /// both in any order, then as many NaN as there are, with all bits set but the sign.
  Signs (*split_signs_double)(const void* numbers, int64_t n, void* to);
  Signs (*split_signs_float)(const void* numbers, int64_t n, void* to);
  /// The least and the largest of n > 0 keys.
  void (*range)(const uint64_t* keys, int64_t n, uint64_t* low, uint64_t* high);
  /// packed[i] = (keys[i] - first) >> shift << position_bits | i.
  void (*pack)(const uint64_t* keys, int64_t n, uint64_t first, int shift, int position_bits,
               int64_t* packed);
  /// n doubles as unsigned keys, equal ones for equal numbers, all bits set for NaN; others are
  /// combined with `flip` by exclusive or.
  void (*double_keys)(const void* numbers, int64_t n, uint64_t flip, uint64_t* keys);
  /// How many of n numbers are below `low`. Copies those from low to high, in order, to `inside`,
  /// which has room for n + kSplitSlack, and says how many they are.
  int64_t (*split_double)(const double* x, int64_t n, double low, double high, double* inside,
                          int64_t* num_inside);
  int64_t (*split_float)(const float* x, int64_t n, float low, float high, float* inside,
                         int64_t* num_inside);
};

inline constexpr int64_t kSplitSlack = 16;

/// Those of the active instruction set.
const SortKernels& ActiveSortKernels();

#define EMBER_DECLARE_SORT_KERNELS(set) \
  namespace set {                       \
  void AddSortKernels(SortKernels*);    \
  void AddSortNetworks(SortKernels*);   \
  }
EMBER_DECLARE_SORT_KERNELS(scalar)
EMBER_DECLARE_SORT_KERNELS(avx2)
EMBER_DECLARE_SORT_KERNELS(avx512)
#undef EMBER_DECLARE_SORT_KERNELS

}  // namespace emberharmony::backend::native
