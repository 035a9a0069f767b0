#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace emberharmony::base::internal {

__extension__ typedef unsigned __int128 UInt128;
__extension__ typedef __int128 Int128;

/// A non-negative integer of any size: 64-bit words, the least significant first, without leading
/// zeros.
class BigNatural {
 public:
  BigNatural() = default;
  explicit BigNatural(std::vector<uint64_t> words) : words_(std::move(words)) { Trim(); }

  const std::vector<uint64_t>& words() const { return words_; }
  bool is_zero() const { return words_.empty(); }
  size_t BitLength() const;
  bool Bit(size_t i) const { return (words_[i / 64] >> (i % 64) & 1) != 0; }
  bool operator<(const BigNatural& other) const;
  /// Takes away `other`, which must not be larger.
  void Subtract(const BigNatural& other);
  friend BigNatural operator*(const BigNatural& a, const BigNatural& b);

 private:
  void Trim();
  std::vector<uint64_t> words_;
};

/// numerator * 2^exponent / denominator, rounded once to nearest even, subnormal results included;
/// an infinity when too large. The denominator is between 1 and 2^127.
double RoundedQuotient(const BigNatural& numerator, UInt128 denominator, int64_t exponent);

}  // namespace emberharmony::base::internal
