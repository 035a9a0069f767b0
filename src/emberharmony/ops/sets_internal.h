#pragma once

#include <complex>

#include "emberharmony/ops/operand.h"

namespace emberharmony::ops {

/// Whether a stands before b in the order of unique values: NaN, and complex numbers with a NaN,
/// last.
template <class T>
bool StandsBefore(T a, T b) {
  return a < b || (a == a && b != b);
}
template <class T>
bool StandsBefore(std::complex<T> a, std::complex<T> b) {
  const bool a_nan = a != a, b_nan = b != b;
  if (a_nan || b_nan) return !a_nan && b_nan;
  return a.real() < b.real() || (a.real() == b.real() && a.imag() < b.imag());
}

/// The integers of x (of rank 1, contiguous), if they lie so close together that a table with an
/// entry for each number in their range takes no more memory than a few times x: then
/// x[i] - first lies in [0, size). Else a size of 0.
struct IntegerRange {
  int64_t first = 0;  // of uint64: modulo 2^64
  int64_t size = 0;
};
IntegerRange RangeOf(const Tensor& x, int64_t size_max);

}  // namespace emberharmony::ops
