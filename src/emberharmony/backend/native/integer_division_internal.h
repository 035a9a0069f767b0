// Quotients and remainders of integers, rounded down, by division of float64, which comes in
// vectors and is several times as quick as that of integers; see loops_internal.h.
//
// The quotient of two integers below 2^52 differs from a whole number by more than float64 rounds
// it by, so cutting off its fraction gives the exact one.
#pragma once

#include "emberharmony/backend/native/arithmetic_kernels_internal.h"
#include "emberharmony/backend/native/one_divisor_internal.h"

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

/// Of one divisor of 64 bits: products with its inverse, which are at most one off. Where the
/// divisor is negative, both have the other sign.
template <class T>
class OneDivisor {
 public:
  /// Not of zero.
  explicit OneDivisor(T y)
      : sign_(y < T(0) ? -1.0 : 1.0),
        divisor_(static_cast<double>(static_cast<int64_t>(y)) * sign_),
        inverse_(1.0 / divisor_) {}

  T Quotient(T x) const { return static_cast<T>(static_cast<int64_t>(Divided(x).quotient)); }
  T Remainder(T x) const {
    return static_cast<T>(static_cast<int64_t>(Divided(x).remainder * sign_));
  }

 private:
  struct Result {
    double quotient, remainder;
  };
  Result Divided(T x) const {
    const double dividend = static_cast<double>(static_cast<int64_t>(x)) * sign_;
    const double near = static_cast<double>(static_cast<int64_t>(dividend * inverse_));
    const double rest = __builtin_fma(-near, divisor_, dividend);
    const double below = rest < 0 ? 1.0 : 0.0, above = rest >= divisor_ ? 1.0 : 0.0;
    return {near + (above - below), rest + (below - above) * divisor_};
  }
  double sign_, divisor_, inverse_;
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
  template <class Divisor, class X>
  [[gnu::always_inline]] static X Of(const Divisor& divisor, X x) {
    return divisor.Quotient(x);
  }
};
template <class T>
struct RemainderLoops {
  using Exact = Remainder<T>;
  using Quick = QuickRemainder<T>;
  template <class Divisor, class X>
  [[gnu::always_inline]] static X Of(const Divisor& divisor, X x) {
    return divisor.Remainder(x);
  }
};

/// Of n elements and a divisor that is not zero.
template <class Loops, class T>
void ByOneDivisor(const T* x, T y, T* out, int64_t n) {
#if defined(__AVX2__)
  if constexpr (sizeof(T) < 8) {
    using Divisor = OneNarrowDivisor<T>;
    using Elements = typename Divisor::Elements;
    const Divisor divisor(y);
    const auto run = [&](int64_t i, int64_t count) {
      Elements elements = {};
      __builtin_memcpy(&elements, x + i, count * sizeof(T));
      // Else compilers read the memory once for each use, twice as long where it is not aligned.
      asm("" : "+v"(elements));
      elements = Loops::Of(divisor, elements);
      __builtin_memcpy(out + i, &elements, count * sizeof(T));
    };
    int64_t i = 0;
#pragma GCC unroll 4
    for (; i + Divisor::kLanes <= n; i += Divisor::kLanes) run(i, Divisor::kLanes);
    if (i < n) run(i, n - i);
    return;
  }
#endif
  const OneDivisor<T> divisor(y);
  EMBER_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) out[i] = Loops::Of(divisor, x[i]);
}

/// Quick where all elements of a piece are small, exact elsewhere.
template <class Loops, class T>
void DivisionLoop(const void* const* inputs, void* output, int64_t n) {
  constexpr int64_t kPiece = sizeof(T) < 8 ? 4096 : 512;
  const T* x = static_cast<const T*>(inputs[0]);
  const T* y = static_cast<const T*>(inputs[1]);
  T* out = static_cast<T*>(output);
  for (int64_t start = 0; start < n; start += kPiece) {
    const int64_t end = n - start < kPiece ? n : start + kPiece;
    const bool small = AllBelow2To52(x + start, end - start);
    if (small && AllSame(y + start, end - start) && AllBelow2To52(y + start, 1) && y[start] != 0) {
      ByOneDivisor<Loops>(x + start, y[start], out + start, end - start);
    } else if (small && AllBelow2To52(y + start, end - start)) {
      EMBER_INDEPENDENT
      for (int64_t i = start; i < end; ++i) out[i] = Loops::Quick::Do(x[i], y[i]);
    } else {
      for (int64_t i = start; i < end; ++i) out[i] = Loops::Exact::Do(x[i], y[i]);
    }
  }
}

/// Of n elements and the one number that the second input points to.
template <class Loops, class T>
void DivisionByNumberLoop(const void* const* inputs, void* output, int64_t n) {
  constexpr int64_t kPiece = sizeof(T) < 8 ? int64_t{1} << 62 : 512;
  const T* x = static_cast<const T*>(inputs[0]);
  const T y = *static_cast<const T*>(inputs[1]);
  T* out = static_cast<T*>(output);
  const bool quick = y != T(0) && AllBelow2To52(&y, 1);
  for (int64_t start = 0; start < n;) {
    const int64_t count = n - start < kPiece ? n - start : kPiece;
    if (quick && AllBelow2To52(x + start, count)) {
      ByOneDivisor<Loops>(x + start, y, out + start, count);
    } else {
      for (int64_t i = start; i < start + count; ++i) out[i] = Loops::Exact::Do(x[i], y);
    }
    start += count;
  }
}

template <class Loops, class T>
void SetDivisionByNumber(KernelTable* table, Op op) {
  table->SetByNumber(table->Get(op, DTypeOf<T>()), &DivisionByNumberLoop<Loops, T>);
}

template <class... Ts>
void AddIntegerDivision(KernelTable* table, Types<Ts...>) {
  (table->Set(Op::kFloorDivide, DTypeOf<Ts>(), &DivisionLoop<FloorDivideLoops<Ts>, Ts>), ...);
  (table->Set(Op::kRemainder, DTypeOf<Ts>(), &DivisionLoop<RemainderLoops<Ts>, Ts>), ...);
}

/// After the kernels for any divisors.
template <class... Ts>
void AddIntegerDivisionByNumber(KernelTable* table, Types<Ts...>) {
  (SetDivisionByNumber<FloorDivideLoops<Ts>, Ts>(table, Op::kFloorDivide), ...);
  (SetDivisionByNumber<RemainderLoops<Ts>, Ts>(table, Op::kRemainder), ...);
}

}  // namespace
}  // namespace emberharmony::backend::native
