#include <algorithm>
#include <bit>
#include <cmath>

#include "emberharmony/base/big_natural_internal.h"

namespace emberharmony::base::internal {
namespace {

// The leading 64 bits of a quotient: its value lies in [bits, bits + 1) * 2^exponent, above `bits`
// when `sticky`.
struct LeadingBits {
  uint64_t bits = 0;
  int64_t exponent = 0;
  bool sticky = false;
};

int BitLength(UInt128 value) {
  const uint64_t high = static_cast<uint64_t>(value >> 64);
  return high != 0 ? 64 + std::bit_width(high) : std::bit_width(static_cast<uint64_t>(value));
}

// Long division bit by bit; done once per statistic, so that its simplicity counts for more than
// its speed.
LeadingBits Divide(const BigNatural& numerator, UInt128 denominator) {
  const int64_t length = static_cast<int64_t>(numerator.BitLength());
  // Zeros appended to the numerator so that the quotient has more than 64 bits.
  const int64_t zeros = std::max<int64_t>(0, 66 - (length - BitLength(denominator)));
  LeadingBits result;
  UInt128 remainder = 0;
  int collected = 0;
  for (int64_t i = length - 1; i >= -zeros; --i) {
    remainder = remainder << 1 | (i >= 0 && numerator.Bit(static_cast<size_t>(i)) ? 1 : 0);
    const bool bit = remainder >= denominator;
    if (bit) remainder -= denominator;
    if (collected == 64) {
      ++result.exponent;
      result.sticky |= bit;
    } else if (collected > 0 || bit) {
      result.bits = result.bits << 1 | (bit ? 1 : 0);
      ++collected;
    }
  }
  result.exponent -= zeros;
  result.sticky |= remainder != 0;
  return result;
}

}  // namespace

size_t BigNatural::BitLength() const {
  return words_.empty() ? 0 : 64 * (words_.size() - 1) + std::bit_width(words_.back());
}

bool BigNatural::operator<(const BigNatural& other) const {
  if (words_.size() != other.words_.size()) return words_.size() < other.words_.size();
  return std::lexicographical_compare(words_.rbegin(), words_.rend(), other.words_.rbegin(),
                                      other.words_.rend());
}

void BigNatural::Subtract(const BigNatural& other) {
  uint64_t borrow = 0;
  for (size_t i = 0; i < words_.size(); ++i) {
    const uint64_t subtrahend = i < other.words_.size() ? other.words_[i] : 0;
    const UInt128 difference = UInt128{words_[i]} - subtrahend - borrow;
    words_[i] = static_cast<uint64_t>(difference);
    borrow = static_cast<uint64_t>(difference >> 64) & 1;
  }
  Trim();
}

BigNatural operator*(const BigNatural& a, const BigNatural& b) {
  std::vector<uint64_t> words(a.words_.size() + b.words_.size());
  for (size_t i = 0; i < a.words_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < b.words_.size(); ++j) {
      const UInt128 product = UInt128{a.words_[i]} * b.words_[j] + words[i + j] + carry;
      words[i + j] = static_cast<uint64_t>(product);
      carry = static_cast<uint64_t>(product >> 64);
    }
    words[i + b.words_.size()] = carry;
  }
  return BigNatural(std::move(words));
}

void BigNatural::Trim() {
  while (!words_.empty() && words_.back() == 0) words_.pop_back();
}

double RoundedQuotient(const BigNatural& numerator, UInt128 denominator, int64_t exponent) {
  if (numerator.is_zero()) return 0;
  const LeadingBits leading = Divide(numerator, denominator);
  const int64_t unit =
      leading.exponent + exponent;  // the value is leading.bits * 2^unit, and a bit more if sticky
  // A double keeps 53 bits, fewer where the last of them would be below 2^-1074.
  const int64_t dropped = std::max<int64_t>(11, -1074 - unit);
  if (dropped > 64) return 0;  // less than half of the smallest subnormal
  const UInt128 bits = leading.bits;
  uint64_t kept = static_cast<uint64_t>(bits >> dropped);
  const UInt128 rest = bits - (UInt128{kept} << dropped);
  const UInt128 half = UInt128{1} << (dropped - 1);
  if (rest > half || (rest == half && (leading.sticky || (kept & 1) != 0))) ++kept;
  const int64_t scale = std::min<int64_t>(unit + dropped, 5000);  // beyond 2^1024 all is infinity
  return std::ldexp(static_cast<double>(kept), static_cast<int>(scale));
}

}  // namespace emberharmony::base::internal
