// Loops that turn elements into integers for sorting, and back; see loops_internal.h.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"
#include "emberharmony/backend/native/sort_table_internal.h"

namespace emberharmony::backend::native {
namespace {

template <class Int>
constexpr Int kLargest = static_cast<Int>((~uint64_t{0} >> 1) >> (64 - 8 * sizeof(Int)));

/// Signed integers that ascend as the floating-point numbers of the same size with their bits do:
/// a negative number's magnitude is turned around. The function is its own inverse.
template <class Int>
Int Ordered(Int bits) {
  return bits ^ ((bits >> (8 * sizeof(Int) - 1)) & kLargest<Int>);
}

/// `bits` holds the bits of floating-point numbers, since vector units compare integers as well.
template <class Int>
Zeros Encode(const void* numbers, int64_t n, void* keys) {
  const Int* bits = static_cast<const Int*>(numbers);
  Int* to = static_cast<Int*>(keys);
  constexpr Int kInfinity =
      sizeof(Int) == 8 ? static_cast<Int>(0x7FF0000000000000) : static_cast<Int>(0x7F800000);
  constexpr Int kNegativeZero = static_cast<Int>(-kLargest<Int> - 1);
  Int negative = 0, positive = 0;
  EMBER_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    const Int x = bits[i];
    const bool is_nan = (x & kLargest<Int>) > kInfinity;
    negative |= x == kNegativeZero;
    positive |= x == 0;
    to[i] = is_nan ? kLargest<Int> : Ordered(x);
  }
  return {negative != 0, positive != 0};
}

template <class Int>
void Decode(void* keys, int64_t n) {
  Int* x = static_cast<Int*>(keys);
  EMBER_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) x[i] = Ordered(x[i]);
}

void Range(const uint64_t* keys, int64_t n, uint64_t* low, uint64_t* high) {
  uint64_t least = keys[0], most = keys[0];
  for (int64_t i = 0; i < n; ++i) {
    least = keys[i] < least ? keys[i] : least;
    most = keys[i] > most ? keys[i] : most;
  }
  *low = least;
  *high = most;
}

void Pack(const uint64_t* keys, int64_t n, uint64_t first, int shift, int position_bits,
          int64_t* packed) {
  EMBER_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    packed[i] = static_cast<int64_t>(((keys[i] - first) >> shift << position_bits) |
                                     static_cast<uint64_t>(i));
  }
}

/// Unsigned keys of doubles for argsort: -0 as +0, NaN behind all.
void DoubleKeys(const void* numbers, int64_t n, uint64_t flip, uint64_t* keys) {
  const uint64_t* bits = static_cast<const uint64_t*>(numbers);
  constexpr uint64_t kSign = uint64_t{1} << 63;
  constexpr uint64_t kInfinity = 0x7FF0000000000000;
  EMBER_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t x = bits[i] == kSign ? 0 : bits[i];
    const uint64_t negative = static_cast<uint64_t>(static_cast<int64_t>(x) >> 63);
    const uint64_t key = (x ^ (negative | kSign)) ^ flip;
    keys[i] = (x & ~kSign) > kInfinity ? ~uint64_t{0} : key;
  }
}

void FillSortKernels(SortKernels* kernels) {
  *kernels = {&Encode<int64_t>, &Decode<int64_t>, &Encode<int32_t>, &Decode<int32_t>, &Range, &Pack,
              &DoubleKeys};
}

}  // namespace
}  // namespace emberharmony::backend::native
