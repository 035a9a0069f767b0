// Bodies of the kernels on the bits of integers; see loops_internal.h. A bool is read as a byte, 0
// or 1.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"

namespace emberharmony::backend::native {
namespace {

template <class T>
struct BitwiseAnd {
  static T Do(T x, T y) { return static_cast<T>(x & y); }
};
template <class T>
struct BitwiseOr {
  static T Do(T x, T y) { return static_cast<T>(x | y); }
};
template <class T>
struct BitwiseXor {
  static T Do(T x, T y) { return static_cast<T>(x ^ y); }
};
template <class T>
struct BitwiseInvert {
  static T Do(T x) { return static_cast<T>(~x); }
};
struct BoolInvert {
  static uint8_t Do(uint8_t x) { return x ^ 1; }
};

// C++ leaves it undefined where the distance is negative or at least the width; here every bit is
// shifted out, as in NumPy: a right shift of a negative number leaves -1.
template <class T>
struct LeftShift {
  static T Do(T x, T y) {
    constexpr uint64_t kWidth = sizeof(T) * 8;
    const uint64_t distance = static_cast<uint64_t>(y);
    const T shifted = static_cast<T>(static_cast<uint64_t>(x) << (distance & 63));
    return distance < kWidth ? shifted : T(0);
  }
};
template <class T>
struct RightShift {
  static T Do(T x, T y) {
    constexpr uint64_t kWidth = sizeof(T) * 8;
    const uint64_t distance = static_cast<uint64_t>(y);
    const T shifted = static_cast<T>(x >> (distance & (kWidth - 1)));
    return distance < kWidth ? shifted : (x < T(0) ? T(-1) : T(0));
  }
};
/// Of a negative number: the ones of its two's complement.
template <class T>
struct CountOnes {
  static T Do(T x) {
    uint64_t bits = static_cast<uint64_t>(x);
    if constexpr (sizeof(T) < 8) bits &= (uint64_t{1} << (sizeof(T) * 8)) - 1;
    return static_cast<T>(__builtin_popcountll(bits));
  }
};

void AddBitwise(KernelTable* table) {
  AddBinary<BitwiseAnd>(table, Op::kBitwiseAnd, IntegerTypes{});
  AddBinary<BitwiseOr>(table, Op::kBitwiseOr, IntegerTypes{});
  AddBinary<BitwiseXor>(table, Op::kBitwiseXor, IntegerTypes{});
  AddUnary<BitwiseInvert>(table, Op::kBitwiseInvert, IntegerTypes{});
  table->Set(Op::kBitwiseAnd, DType::kBool, &BinaryLoop<BitwiseAnd<uint8_t>, uint8_t, uint8_t>);
  table->Set(Op::kBitwiseOr, DType::kBool, &BinaryLoop<BitwiseOr<uint8_t>, uint8_t, uint8_t>);
  table->Set(Op::kBitwiseXor, DType::kBool, &BinaryLoop<BitwiseXor<uint8_t>, uint8_t, uint8_t>);
  table->Set(Op::kBitwiseInvert, DType::kBool, &UnaryLoop<BoolInvert, uint8_t, uint8_t>);
  AddBinary<LeftShift>(table, Op::kBitwiseLeftShift, IntegerTypes{});
  AddBinary<RightShift>(table, Op::kBitwiseRightShift, IntegerTypes{});
  AddUnary<CountOnes>(table, Op::kCountOnes, IntegerTypes{});
}

}  // namespace
}  // namespace emberharmony::backend::native
