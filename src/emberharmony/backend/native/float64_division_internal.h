// Quotients and remainders of float64, rounded down, for quotients of moderate size; others are
// left to the functions of floor_division_internal.h, whose results these are.
#pragma once

#include "emberharmony/backend/native/float64_vectors_internal.h"
#include "emberharmony/backend/native/floor_division_internal.h"

namespace emberharmony::backend::native {
namespace {

/// x = n y + rest with an integer n: the rest has at most the bits of y, so it is exact.
struct RoundedDivision {
  V::Mask ordinary;
  Vec quotient, n, rest;
  V::Mask above;  // n is above the quotient, so the rest has not the sign of y

  [[gnu::always_inline]] RoundedDivision(Vec x, Vec y) {
    quotient = x / y;
    // That y is finite is left: infinity and zero as other operands have no such quotient.
    ordinary = V::Both(V::LessEqual(Abs(quotient), V::Set(0x1p50)),
                       V::LessEqual(Abs(y), V::Set(0x1.fffffffffffffp+1023)));
    n = (quotient + kRounder) - kRounder;
    rest = V::Fma(-n, y, x);
    above = V::Less(V::TimesSign(rest, y), V::Set(0));
  }
};

template <template <class> class Exact>
[[gnu::noinline]] Vec DivideOneByOne(Vec x, Vec y) {
  double xs[V::kLanes], ys[V::kLanes];
  V::Store(xs, x);
  V::Store(ys, y);
  for (int j = 0; j < V::kLanes; ++j) xs[j] = Exact<double>::Do(xs[j], ys[j]);
  return V::Load(xs);
}

struct FloorDivideOf {
  static Vec Do(Vec x, Vec y) {
    const RoundedDivision d(x, y);
    if (!V::All(d.ordinary)) return DivideOneByOne<FloorDivide>(x, y);
    return V::WithSign(V::Pick(d.above, d.n - 1.0, d.n), d.quotient);
  }
};

struct RemainderOf {
  static Vec Do(Vec x, Vec y) {
    const RoundedDivision d(x, y);
    if (!V::All(d.ordinary)) return DivideOneByOne<Remainder>(x, y);
    return V::WithSign(V::Pick(d.above, d.rest + y, d.rest), y);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
