#pragma once

#include <arrow/result.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace emberharmony::base {

/// Exact, order-independent sums of weighted values and of their squares.
///
/// Values are added into fixed-point accumulators wide enough for any finite double (after Neal,
/// "Fast exact summation using small and large superaccumulators", 2015), for the square of any
/// finite double (bits 2^-2148 to 2^2112), and for any 64-bit integer. No rounding ever happens
/// while adding, so any order, grouping and merge of the same multiset gives the same state;
/// results are rounded once, to nearest even. The weights may add up to 2^62. 1.6 KB, copyable. Not
/// thread-safe.
class ExactMoments {
 public:
  ExactMoments() = default;
  /// Adds `weight` (>= 0) copies of `value`. A value that is not finite is skipped (callers refuse
  /// infinities before).
  void Add(double value, int64_t weight = 1);
  /// Adds values[i] with weights[i] (weights == nullptr: once each), skipping NaN. values must
  /// otherwise be finite. Little more than 1 ns a value without weights or where they are 0 and 1,
  /// else about 15 ns for doubles; 1 and 4 ns for integers.
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
  /// (n * Sxx - Sx^2) / (n * (n - ddof)), evaluated exactly and rounded once; overflow gives an
  /// infinity. ddof is 0 or 1; NaN when n <= ddof.
  double Variance(int ddof = 0) const;
  /// The square root of the exact variance, rounded twice (within 1 ulp): the same as
  /// sqrt(Variance()) where that neither over- nor underflows, and right where it does.
  double StandardDeviation(int ddof = 0) const;

  /// Canonical bytes: equal multisets give equal bytes, integers and doubles of the same values
  /// alike. Version 1.
  std::string Encode() const;
  /// DataError when `bytes` is not what Encode can give (unknown version, truncated, not canonical,
  /// sums that no values have).
  static arrow::Result<ExactMoments> Decode(std::string_view bytes);

 private:
  void AddDouble(uint64_t bits, uint64_t weight);
  template <typename Integer>
  void AddIntegers(const Integer* values, const int64_t* weights, int64_t n);
  bool AddBlock(const double* values, const int64_t* weights, int64_t n);
  void CountAddition();
  void Normalize();

  // Chunk i counts units of 2^(32 i) times the smallest unit: 2^-1074 for the sum, 2^-2148 for the
  // squares. Chunks hold more than 32 bits and a sign, so carries wait until Normalize.
  std::array<int64_t, 68> sum_{};
  std::array<int64_t, 134> squares_{};
  int64_t count_ = 0;
  int64_t additions_ = 0;  // since carries were last taken; each changes a chunk by less than 2^32
};

}  // namespace emberharmony::base
