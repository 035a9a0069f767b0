#pragma once

#include <cstdint>
#include <limits>

namespace emberharmony::base {

/// Sums and products of numbers that are not negative, for estimates: what 64 bits can't hold is
/// the largest of them, however large the claims that it is made from.
inline int64_t SaturatingAdd(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<int64_t>::max() : sum;
}

inline int64_t SaturatingMultiply(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<int64_t>::max() : product;
}

/// a * numerator / denominator, rounded down; denominator > 0.
inline int64_t SaturatingScale(int64_t a, int64_t numerator, int64_t denominator) {
  const auto scaled = static_cast<unsigned __int128>(a) *
                      static_cast<unsigned __int128>(numerator) /
                      static_cast<unsigned __int128>(denominator);
  constexpr auto kMax = static_cast<unsigned __int128>(std::numeric_limits<int64_t>::max());
  return static_cast<int64_t>(scaled < kMax ? scaled : kMax);
}

}  // namespace emberharmony::base
