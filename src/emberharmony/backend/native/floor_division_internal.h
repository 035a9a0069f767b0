// Quotients rounded down and their remainders, one by one; see loops_internal.h on linkage.
#pragma once

#include <cstdint>

namespace emberharmony::backend::native {
namespace {

/// The type integer arithmetic is done in: unsigned, so that it wraps around, and wide enough not
/// to be promoted to int.
template <class T>
struct WrappingType {
  using type = uint32_t;
};
template <>
struct WrappingType<int64_t> {
  using type = uint64_t;
};
template <>
struct WrappingType<uint64_t> {
  using type = uint64_t;
};
template <>
struct WrappingType<float> {
  using type = float;
};
template <>
struct WrappingType<double> {
  using type = double;
};
template <class T>
using Wrapping = typename WrappingType<T>::type;

template <class T>
constexpr bool kIsFloating = T(0.5) != T(0);
template <class T>
constexpr bool kIsSigned = T(-1) < T(0);

template <class T>
struct Negative {
  static T Do(T x) {
    if constexpr (kIsFloating<T>) return -x;
    return static_cast<T>(Wrapping<T>(0) - Wrapping<T>(x));
  }
};
template <class T>
T TruncatedRemainder(T x, T y) {
  if constexpr (!kIsFloating<T>) {
    return static_cast<T>(x % y);
  } else if constexpr (sizeof(T) == 8) {
    return __builtin_fmod(x, y);
  } else {
    return __builtin_fmodf(x, y);
  }
}

template <class T>
T CopySign(T magnitude, T sign) {
  if constexpr (sizeof(T) == 8) return __builtin_copysign(magnitude, sign);
  return __builtin_copysignf(magnitude, sign);
}

/// The remainder with the divisor's sign, as Python's %; of integers by zero: 0.
template <class T>
struct Remainder {
  static T Do(T x, T y) {
    if constexpr (kIsFloating<T>) {
      const T remainder = TruncatedRemainder(x, y);
      if (remainder == T(0)) return CopySign(T(0), y);
      return ((remainder < T(0)) != (y < T(0))) ? remainder + y : remainder;
    } else {
      // -1 would overflow the smallest integer's quotient.
      if (y == T(0) || (kIsSigned<T> && y == T(-1))) return T(0);
      const T remainder = TruncatedRemainder(x, y);
      return (remainder != T(0) && ((remainder < T(0)) != (y < T(0)))) ? T(remainder + y)
                                                                       : remainder;
    }
  }
};

template <class T>
T Floor(T x) {
  if constexpr (sizeof(T) == 8) return __builtin_floor(x);
  return __builtin_floorf(x);
}

/// floor(x / y); of integers by zero: 0. For finite floating-point numbers the quotient agrees with
/// Remainder, as Python's divmod; where a number is infinite or y is zero, it is the floor of the
/// quotient, as the standard's special cases say.
template <class T>
struct FloorDivide {
  static T Do(T x, T y) {
    if constexpr (kIsFloating<T>) {
      const T quotient = x / y;
      const bool special = (x - x != T(0)) | (y - y != T(0)) | (y == T(0));
      if (special) return Floor(quotient);
      const T remainder = TruncatedRemainder(x, y);
      T exact = (x - remainder) / y;
      if (remainder != T(0) && ((remainder < T(0)) != (y < T(0)))) exact -= T(1);
      if (exact == T(0)) return CopySign(T(0), quotient);
      const T rounded = Floor(exact);
      return exact - rounded > T(0.5) ? rounded + T(1) : rounded;
    } else {
      if (y == T(0)) return T(0);
      if (kIsSigned<T> && y == T(-1)) return Negative<T>::Do(x);
      const T quotient = static_cast<T>(x / y);
      return ((x % y != 0) && ((x < T(0)) != (y < T(0)))) ? T(quotient - 1) : quotient;
    }
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
