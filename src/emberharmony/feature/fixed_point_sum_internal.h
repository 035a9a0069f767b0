#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace emberharmony::feature {

/// A sum of numbers that depends neither on their order nor on their grouping, in 32 bytes: a
/// 256-bit integer of units of 2^-144. Numbers whose last bit is not below a unit (all doubles from
/// 2^-91 up, and all integers) count exactly, others are cut to units, each for itself. Up to 2^31
/// numbers below kLimit, or their squares, fit.
class FixedPointSum {
 public:
  /// The numbers that Add takes are smaller in size.
  static constexpr double kLimit = 1099511627776.0;  // 2^40

  void Add(double value) {
    int exponent = 0;
    const double fraction = std::frexp(value, &exponent);
    const auto significand = static_cast<int64_t>(std::ldexp(fraction, kSignificandBits));
    AddShifted(static_cast<uint64_t>(significand < 0 ? -significand : significand), 0,
               exponent - kSignificandBits + kFractionBits, significand < 0);
  }
  /// The square of a number, likewise.
  void AddSquare(double value) {
    int exponent = 0;
    const double fraction = std::frexp(std::fabs(value), &exponent);
    const auto significand = static_cast<uint64_t>(std::ldexp(fraction, kSignificandBits));
    const unsigned __int128 square = static_cast<unsigned __int128>(significand) * significand;
    AddShifted(static_cast<uint64_t>(square), static_cast<uint64_t>(square >> 64),
               2 * (exponent - kSignificandBits) + kFractionBits, false);
  }
  void Add(const FixedPointSum& other) {
    unsigned __int128 carry = 0;
    for (size_t i = 0; i < limbs_.size(); ++i) {
      carry += static_cast<unsigned __int128>(limbs_[i]) + other.limbs_[i];
      limbs_[i] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
  }
  void Subtract(const FixedPointSum& other) { Add(other.Negated()); }
  /// To about 113 bits, so that differences of such sums keep a double's.
  __float128 Value() const {
    const bool negative = (limbs_[3] >> 63) != 0;
    const FixedPointSum size = negative ? Negated() : *this;
    __float128 value = 0;
    for (size_t i = limbs_.size(); i-- > 0;)
      value = value * 18446744073709551616.0 + static_cast<__float128>(size.limbs_[i]);
    // 2^-144, in two steps that doubles hold exactly.
    value *= 4.235164736271501695341612503398209810256931e-22;  // 2^-71
    value *= 1.0587911840678754238354031258495524525642e-22;    // 2^-73
    return negative ? -value : value;
  }

 private:
  static constexpr int kSignificandBits = 53;
  static constexpr int kFractionBits = 144;

  FixedPointSum Negated() const {
    FixedPointSum negated;
    unsigned __int128 carry = 1;
    for (size_t i = 0; i < limbs_.size(); ++i) {
      carry += static_cast<unsigned __int128>(~limbs_[i]);
      negated.limbs_[i] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    return negated;
  }

  // Adds (high * 2^64 + low) * 2^shift, cut below a unit, to the sum or takes it away.
  void AddShifted(uint64_t low, uint64_t high, int shift, bool negative) {
    unsigned __int128 number = (static_cast<unsigned __int128>(high) << 64) | low;
    FixedPointSum term;
    if (shift < 0) {
      number = shift <= -128 ? 0 : number >> -shift;
      shift = 0;
    }
    const auto limb = static_cast<size_t>(shift / 64);
    const int bits = shift % 64;
    const auto put = [&](size_t at, uint64_t value) {
      if (at < term.limbs_.size()) term.limbs_[at] |= value;
    };
    const auto part_low = static_cast<uint64_t>(number);
    const auto part_high = static_cast<uint64_t>(number >> 64);
    put(limb, part_low << bits);
    put(limb + 1, part_high << bits);
    if (bits > 0) {
      put(limb + 1, part_low >> (64 - bits));
      put(limb + 2, part_high >> (64 - bits));
    }
    negative ? Subtract(term) : Add(term);
  }

  std::array<uint64_t, 4> limbs_{};  // two's complement, least significant first
};

}  // namespace emberharmony::feature
