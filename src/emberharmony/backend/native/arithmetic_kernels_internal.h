// Bodies of the arithmetic kernels; see loops_internal.h.
#pragma once

#include <type_traits>

#include "emberharmony/backend/native/floor_division_internal.h"
#include "emberharmony/backend/native/loops_internal.h"

namespace emberharmony::backend::native {
namespace {

template <class T>
struct Add {
  static T Do(T x, T y) { return static_cast<T>(Wrapping<T>(x) + Wrapping<T>(y)); }
};
template <class T>
struct Subtract {
  static T Do(T x, T y) { return static_cast<T>(Wrapping<T>(x) - Wrapping<T>(y)); }
};
template <class T>
struct Multiply {
  static T Do(T x, T y) { return static_cast<T>(Wrapping<T>(x) * Wrapping<T>(y)); }
};
template <class T>
struct Divide {
  static T Do(T x, T y) { return x / y; }
};
template <class T>
struct Square {
  static T Do(T x) { return Multiply<T>::Do(x, x); }
};
template <class T>
struct Abs {
  static T Do(T x) {
    if constexpr (sizeof(T) == 8 && kIsFloating<T>) {
      return __builtin_fabs(x);
    } else if constexpr (kIsFloating<T>) {
      return __builtin_fabsf(x);
    } else {
      return x < T(0) ? Negative<T>::Do(x) : x;
    }
  }
};
template <class T>
struct Sign {
  static T Do(T x) {
    if constexpr (kIsFloating<T>) {
      const T sign = x > T(0) ? T(1) : (x < T(0) ? T(-1) : T(0));
      return x != x ? x : sign;
    } else {
      return static_cast<T>((x > T(0)) - (x < T(0)));
    }
  }
};

// NaN wins; of equal values the first is kept.
template <class T>
struct Minimum {
  static T Do(T x, T y) { return ((x <= y) | (x != x)) ? x : y; }
};
template <class T>
struct Maximum {
  static T Do(T x, T y) { return ((x >= y) | (x != x)) ? x : y; }
};
/// minimum(maximum(x, low), high), in two loops over pieces that stay in the first-level cache: the
/// compiler does not vectorize both in one.
template <class T>
void ClipLoop(const void* const* inputs, void* output, int64_t n) {
  constexpr int64_t kPiece = 256;
  const T* x = static_cast<const T*>(inputs[0]);
  const T* low = static_cast<const T*>(inputs[1]);
  const T* high = static_cast<const T*>(inputs[2]);
  T* out = static_cast<T*>(output);
  T raised[kPiece];
  for (int64_t start = 0; start < n; start += kPiece) {
    const int64_t piece = n - start < kPiece ? n - start : kPiece;
    for (int64_t i = 0; i < piece; ++i) raised[i] = Maximum<T>::Do(x[start + i], low[start + i]);
    EMBER_INDEPENDENT
    for (int64_t i = 0; i < piece; ++i) {
      out[start + i] = Minimum<T>::Do(raised[i], high[start + i]);
    }
  }
}

template <class... Ts>
void AddClip(KernelTable* table, Types<Ts...>) {
  (table->Set(Op::kClip, DTypeOf<Ts>(), &ClipLoop<Ts>), ...);
}

/// Integer powers wrap around. A negative exponent gives the truncated exact result: 0 but for
/// bases 1, -1; 0 of base 0.
template <class T>
struct IntegerPow {
  static T Do(T base, T exponent) {
    if (exponent < T(0)) {
      if (base == T(1)) return T(1);
      if (kIsSigned<T> && base == T(-1)) return (exponent & 1) ? T(-1) : T(1);
      return T(0);
    }
    Wrapping<T> result = 1;
    Wrapping<T> factor = static_cast<Wrapping<T>>(base);
    for (auto left = static_cast<uint64_t>(exponent); left != 0; left >>= 1) {
      if (left & 1) result *= factor;
      factor *= factor;
    }
    return static_cast<T>(result);
  }
};

#define EMBER_ROUNDING(Name, builtin)                              \
  template <class T>                                               \
  struct Name {                                                    \
    static T Do(T x) {                                             \
      if constexpr (sizeof(T) == 8) return __builtin_##builtin(x); \
      return __builtin_##builtin##f(x);                            \
    }                                                              \
  };
EMBER_ROUNDING(FloorOf, floor)
EMBER_ROUNDING(CeilOf, ceil)
EMBER_ROUNDING(TruncOf, trunc)
EMBER_ROUNDING(RoundOf, rint)  // half to even, in the default rounding mode
#undef EMBER_ROUNDING

template <class T>
struct Reciprocal {
  static T Do(T x) { return T(1) / x; }
};
template <class T>
struct CopySignOf {
  static T Do(T x, T y) { return CopySign(x, y); }
};
template <class T>
struct SignBit {
  static uint8_t Do(T x) {
    using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
    return static_cast<uint8_t>(__builtin_bit_cast(Bits, x) >> (sizeof(T) * 8 - 1));
  }
};
/// The neighbour of x on the way to y.
template <class T>
struct NextAfter {
  static T Do(T x, T y) {
    using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
    const Bits bits = __builtin_bit_cast(Bits, x);
    const bool away_from_zero = (x < y) == (x > T(0));
    const T moved = __builtin_bit_cast(T, away_from_zero ? bits + 1 : bits - 1);
    const T from_zero = CopySign(__builtin_bit_cast(T, Bits(1)), y);
    const T next = x == T(0) ? from_zero : moved;
    const T same = x == y ? y : next;
    return (x != x || y != y) ? x + y : same;
  }
};

template <class... Ts>
void AddSignBit(KernelTable* table, Types<Ts...>) {
  (table->Set(Op::kSignBit, DTypeOf<Ts>(), &UnaryLoop<SignBit<Ts>, Ts, uint8_t>), ...);
}

template <class T>
struct Identity {
  static T Do(T x) { return x; }
};

void AddArithmetic(KernelTable* table) {
  AddBinary<Add>(table, Op::kAdd, RealTypes{});
  AddBinary<Subtract>(table, Op::kSubtract, RealTypes{});
  AddBinary<Multiply>(table, Op::kMultiply, RealTypes{});
  AddBinary<Divide>(table, Op::kDivide, FloatTypes{});
  AddBinary<FloorDivide>(table, Op::kFloorDivide, RealTypes{});
  AddBinary<Remainder>(table, Op::kRemainder, RealTypes{});
  AddBinary<IntegerPow>(table, Op::kPow, IntegerTypes{});
  AddBinary<Minimum>(table, Op::kMinimum, RealTypes{});
  AddBinary<Maximum>(table, Op::kMaximum, RealTypes{});
  AddClip(table, RealTypes{});
  // Of bools the larger one is "or".
  table->Set(Op::kMinimum, DType::kBool, &BinaryLoop<Minimum<uint8_t>, uint8_t, uint8_t>);
  table->Set(Op::kMaximum, DType::kBool, &BinaryLoop<Maximum<uint8_t>, uint8_t, uint8_t>);
  table->Set(Op::kClip, DType::kBool, &ClipLoop<uint8_t>);
  AddUnary<Reciprocal>(table, Op::kReciprocal, FloatTypes{});
  AddBinary<CopySignOf>(table, Op::kCopySign, FloatTypes{});
  AddBinary<NextAfter>(table, Op::kNextAfter, FloatTypes{});
  AddSignBit(table, FloatTypes{});
  AddUnary<Negative>(table, Op::kNegative, RealTypes{});
  AddUnary<Abs>(table, Op::kAbs, RealTypes{});
  AddUnary<Sign>(table, Op::kSign, RealTypes{});
  AddUnary<Square>(table, Op::kSquare, RealTypes{});
  AddUnary<FloorOf>(table, Op::kFloor, FloatTypes{});
  AddUnary<CeilOf>(table, Op::kCeil, FloatTypes{});
  AddUnary<TruncOf>(table, Op::kTrunc, FloatTypes{});
  AddUnary<RoundOf>(table, Op::kRound, FloatTypes{});
  for (Op op : {Op::kFloor, Op::kCeil, Op::kTrunc, Op::kRound}) {
    AddUnary<Identity>(table, op, IntegerTypes{});
  }
}

}  // namespace
}  // namespace emberharmony::backend::native
