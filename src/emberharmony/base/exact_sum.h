#pragma once

#include <arrow/result.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace emberharmony::base {

/// Exact, order-independent sums of weighted values and of their squares.
///
/// Floating-point values are added into fixed-point accumulators wide enough for any finite double
/// (after Neal, "Fast exact summation using small and large superaccumulators", 2015) and for the
/// square of any finite double (bits 2^-2148 to 2^2112). No rounding ever happens while adding, so
/// any order, grouping and merge of the same multiset gives the same state; results are rounded
/// once, to nearest even. Values must be finite; -0 counts as +0. Not thread-safe.
class ExactMoments {
 public:
  ExactMoments();
  /// Adds `weight` (>= 0) copies of `value`.
  void Add(double value, int64_t weight = 1);
  /// Adds values[i] with weights[i] (weights == nullptr: once each), skipping NaN. values must
  /// otherwise be finite.
  void AddMany(const double* values, const int64_t* weights, int64_t n);
  void AddMany(const int64_t* values, const int64_t* weights, int64_t n);
  void AddMany(const uint64_t* values, const int64_t* weights, int64_t n);
  void Merge(const ExactMoments& other);

  int64_t count() const { return count_; }
  /// The sum, rounded to nearest even; overflow gives an infinity. 0 when empty.
  double Sum() const;
  /// Sum / count, computed exactly and rounded once (the mean of two values 2^63 - 1 is 2^63). NaN
  /// when empty.
  double Mean() const;
  /// (n * Sxx - Sx^2) / (n * (n - ddof)), evaluated exactly and rounded once. ddof is 0 or 1; NaN
  /// when n <= ddof.
  double Variance(int ddof = 0) const;
  /// The correctly rounded square root of the exact variance is not promised; sqrt(Variance()) is
  /// what `scale` uses.

  /// Canonical bytes: equal multisets give equal bytes. Version 1.
  std::string Encode() const;
  static arrow::Result<ExactMoments> Decode(std::string_view bytes);

 private:
  struct Accumulators;  // replace by whatever layout serves; the header must stay free of heavy
                        // includes
  int64_t count_ = 0;
};

}  // namespace emberharmony::base
