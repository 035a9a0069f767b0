// Quotients and remainders of integers, rounded down, by division of float64, which comes in
// vectors and is several times as quick as that of integers; see loops_internal.h.
//
// The quotient of two integers below 2^52 differs from a whole number by more than float64 rounds
// it by, so cutting off its fraction gives the exact one.
#pragma once

#include "emberharmony/backend/native/arithmetic_kernels_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Whether float64 holds all of them, and their neighbours.
template <class T>
bool AllBelow2To52(const T* x, int64_t n) {
  if constexpr (sizeof(T) < 8) return true;
  constexpr uint64_t kOffset = kIsSigned<T> ? uint64_t{1} << 52 : 0;
  uint64_t above = 0;
  for (int64_t i = 0; i < n; ++i) above |= (static_cast<uint64_t>(x[i]) + kOffset) >> 52;
  // Signed numbers from -2^52 to 2^52 are now below 2^53.
  return (kIsSigned<T> ? above >> 1 : above) == 0;
}

/// Numbers of 64 bits, so that float64 is made of them in registers of the same number of lanes.
template <class T>
struct QuickQuotient {
  int64_t dividend, divisor, quotient, remainder;

  explicit QuickQuotient(T x, T y)
      : dividend(static_cast<int64_t>(x)),
        // Of zero, 1, which the callers put right.
        divisor(static_cast<int64_t>(y) + (y == T(0))),
        quotient(
            static_cast<int64_t>(static_cast<double>(dividend) / static_cast<double>(divisor))),
        remainder(dividend - quotient * divisor) {}

  /// -1 where the quotient is to be rounded down further, else 0. Of any number but 0, x | -x has
  /// the sign bit.
  int64_t Down() const {
    const int64_t not_zero = (remainder | -remainder) >> 63;
    return ((remainder ^ divisor) >> 63) & not_zero;
  }
};

template <class T>
struct QuickFloorDivide {
  static T Do(T x, T y) {
    const QuickQuotient<T> q(x, y);
    return static_cast<T>((q.quotient + q.Down()) & -static_cast<int64_t>(y != T(0)));
  }
};
template <class T>
struct QuickRemainder {
  static T Do(T x, T y) {
    const QuickQuotient<T> q(x, y);
    return static_cast<T>(q.remainder + (q.divisor & q.Down()));
  }
};

/// Of one divisor: products with its inverse, which are at most one off.
template <class T>
class OneDivisor {
 public:
  /// Not of zero.
  explicit OneDivisor(T y)
      : negative_(y < T(0) ? -1 : 0),
        divisor_((static_cast<int64_t>(y) ^ negative_) - negative_),
        inverse_(1.0 / static_cast<double>(divisor_)) {}

  T Quotient(T x) const { return static_cast<T>(Divided(x).quotient); }
  T Remainder(T x) const { return static_cast<T>((Divided(x).remainder ^ negative_) - negative_); }

 private:
  struct Result {
    int64_t quotient, remainder;
  };
  /// Of x and the divisor, both with the other sign where the divisor is negative.
  Result Divided(T x) const {
    const int64_t dividend = (static_cast<int64_t>(x) ^ negative_) - negative_;
    const auto near = static_cast<int64_t>(static_cast<double>(dividend) * inverse_);
    const int64_t rest = dividend - near * divisor_;
    const int64_t below = rest >> 63, raised = rest + (divisor_ & below);
    const int64_t above = ~((raised - divisor_) >> 63);
    return {near + below - above, raised - (divisor_ & above)};
  }
  int64_t negative_, divisor_;  // -1 or 0; positive
  double inverse_;
};

template <class T>
bool AllSame(const T* x, int64_t n) {
  if (x[0] != x[n - 1]) return false;
  T different = 0;
  for (int64_t i = 0; i < n; ++i) different = static_cast<T>(different | (x[i] ^ x[0]));
  return different == 0;
}

template <class T>
struct FloorDivideLoops {
  using Exact = FloorDivide<T>;
  using Quick = QuickFloorDivide<T>;
  static T Of(const OneDivisor<T>& divisor, T x) { return divisor.Quotient(x); }
};
template <class T>
struct RemainderLoops {
  using Exact = Remainder<T>;
  using Quick = QuickRemainder<T>;
  static T Of(const OneDivisor<T>& divisor, T x) { return divisor.Remainder(x); }
};

/// Quick where all elements of a piece are small, exact elsewhere.
template <class Loops, class T>
void DivisionLoop(const void* const* inputs, void* output, int64_t n) {
  constexpr int64_t kPiece = 512;
  const T* x = static_cast<const T*>(inputs[0]);
  const T* y = static_cast<const T*>(inputs[1]);
  T* out = static_cast<T*>(output);
  for (int64_t start = 0; start < n; start += kPiece) {
    const int64_t end = n - start < kPiece ? n : start + kPiece;
    const bool small = AllBelow2To52(x + start, end - start);
    if (small && AllSame(y + start, end - start) && AllBelow2To52(y + start, 1) && y[start] != 0) {
      const OneDivisor<T> divisor(y[start]);
      EMBER_INDEPENDENT
      for (int64_t i = start; i < end; ++i) out[i] = Loops::Of(divisor, x[i]);
    } else if (small && AllBelow2To52(y + start, end - start)) {
      EMBER_INDEPENDENT
      for (int64_t i = start; i < end; ++i) out[i] = Loops::Quick::Do(x[i], y[i]);
    } else {
      for (int64_t i = start; i < end; ++i) out[i] = Loops::Exact::Do(x[i], y[i]);
    }
  }
}

template <class... Ts>
void AddIntegerDivision(KernelTable* table, Types<Ts...>) {
  (table->Set(Op::kFloorDivide, DTypeOf<Ts>(), &DivisionLoop<FloorDivideLoops<Ts>, Ts>), ...);
  (table->Set(Op::kRemainder, DTypeOf<Ts>(), &DivisionLoop<RemainderLoops<Ts>, Ts>), ...);
}

}  // namespace
}  // namespace emberharmony::backend::native
