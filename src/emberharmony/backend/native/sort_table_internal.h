#pragma once

#include <cstdint>

namespace emberharmony::backend::native {

/// Whether there are zeros of either sign.
struct Zeros {
  bool negative, positive;
};

/// Loops around the sorting of integers, for one instruction set.
struct SortKernels {
  /// n doubles as integers that ascend as they do, NaN last.
  Zeros (*encode_double)(const void* numbers, int64_t n, void* keys);
  /// Back, in place.
  void (*decode_double)(void* keys, int64_t n);
  /// The same for float32 in 32 bits.
  Zeros (*encode_float)(const void* numbers, int64_t n, void* keys);
  void (*decode_float)(void* keys, int64_t n);
  /// The least and the largest of n > 0 keys.
  void (*range)(const uint64_t* keys, int64_t n, uint64_t* low, uint64_t* high);
  /// packed[i] = (keys[i] - first) >> shift << position_bits | i.
  void (*pack)(const uint64_t* keys, int64_t n, uint64_t first, int shift, int position_bits,
               int64_t* packed);
  /// n doubles as unsigned keys, equal ones for equal numbers, all bits set for NaN; others are
  /// combined with `flip` by exclusive or.
  void (*double_keys)(const void* numbers, int64_t n, uint64_t flip, uint64_t* keys);
};

/// Those of the active instruction set.
const SortKernels& ActiveSortKernels();

namespace scalar {
void AddSortKernels(SortKernels*);
}
namespace avx2 {
void AddSortKernels(SortKernels*);
}
namespace avx512 {
void AddSortKernels(SortKernels*);
}

}  // namespace emberharmony::backend::native
