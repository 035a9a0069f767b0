// floor_divide and remainder of float32, computed with doubles, with the bits of
// floor_division_internal.h on every instruction set.
//
// W is a register of floats that computes with doubles, as described in float32_kernels_internal.h.
#pragma once

#include "emberharmony/backend/native/floor_division_internal.h"
#include "emberharmony/backend/native/vector_loops_internal.h"

namespace emberharmony::backend::native {
namespace {

/// x = n y + rest with an integer n near the quotient: the rest has at most the bits of a float, so
/// it is exact.
template <class W>
struct WideDivision {
  using Vec = typename W::Vec;
  using Mask = typename W::Mask;

  Vec quotient, n, rest;
  Mask ordinary;  // finite, and n so small that float32 holds it and its neighbours
  Mask above;     // n is above the quotient, so the rest has not the sign of y

  [[gnu::always_inline]] WideDivision(Vec x, Vec y) {
    const Vec rounder = W::Set(0x1.8p52);
    quotient = x / y;
    ordinary =
        W::And(W::Less(W::Abs(quotient), W::Set(0x1p20)), W::Less(W::Abs(y), W::Set(0x1p128)));
    n = (quotient + rounder) - rounder;
    rest = W::Fma(-n, y, x);
    above = W::Less(TimesSign(rest, y), W::Set(0.0));
  }

  [[gnu::always_inline]] static Vec TimesSign(Vec x, Vec sign) {
    return W::FromBits(W::ToBits(x) ^ (W::ToBits(sign) & kSign));
  }
  [[gnu::always_inline]] static Vec WithSign(Vec magnitude, Vec sign) {
    return W::FromBits((W::ToBits(magnitude) & ~kSign) | (W::ToBits(sign) & kSign));
  }

 private:
  static constexpr uint64_t kSign = uint64_t{1} << 63;
};

template <class W, template <class> class Exact>
[[gnu::noinline]] typename W::Vec FloatsDividedOneByOne(typename W::Vec x, typename W::Vec y) {
  double xs[W::kLanes], ys[W::kLanes];
  W::StoreNumbers(xs, x);
  W::StoreNumbers(ys, y);
  for (int j = 0; j < W::kLanes; ++j) {
    xs[j] = Exact<float>::Do(static_cast<float>(xs[j]), static_cast<float>(ys[j]));
  }
  return W::LoadNumbers(xs);
}

template <class W>
struct FloatFloorDivideOf {
  using Vec = typename W::Vec;
  static Vec Do(Vec x, Vec y) {
    const WideDivision<W> d(x, y);
    if (!W::All(d.ordinary)) [[unlikely]] {
      return FloatsDividedOneByOne<W, FloorDivide>(x, y);
    }
    return d.WithSign(W::Select(d.above, d.n - W::Set(1.0), d.n), d.quotient);
  }
};

template <class W>
struct FloatRemainderOf {
  using Vec = typename W::Vec;
  static Vec Do(Vec x, Vec y) {
    const WideDivision<W> d(x, y);
    if (!W::All(d.ordinary)) [[unlikely]] {
      return FloatsDividedOneByOne<W, Remainder>(x, y);
    }
    return d.WithSign(W::Select(d.above, d.rest + y, d.rest), y);
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
