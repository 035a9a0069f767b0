// Elementary functions for random numbers: the same bits on every instruction set and machine.
//
// Each is a fixed sequence of IEEE operations, written once for numbers and for vectors of them: D
// is double or a vector of doubles, U the unsigned integers of the same size (F and W: of 32 bits).
// The polynomials are minimax approximations made for this file (Remez's algorithm at 60 digits).
// Everything has internal linkage, see loops_internal.h.
#pragma once

#include <cstdint>

namespace emberharmony::backend::native {
namespace {

template <class To, class From>
[[gnu::always_inline]] inline To BitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof(To));
  return to;
}

/// log(x) of a normal positive x, within 2 ulp. x = 2^k f with f in [sqrt(1/2), sqrt(2)); log(f) =
/// 2 atanh(s) with s = (f - 1) / (f + 1).
template <class D, class U>
[[gnu::always_inline]] inline D Log64(D x) {
  constexpr uint64_t kOne = 0x3FF0000000000000;
  constexpr uint64_t kSqrtHalf = 0x3FE6A09E667F3BCD;
  constexpr uint64_t kFraction = 0x000FFFFFFFFFFFFF;
  constexpr uint64_t kTwoTo52 = 0x4330000000000000;
  const U shifted = BitsAs<U>(x) + (kOne - kSqrtHalf);
  const D k = BitsAs<D>((shifted >> 52) | kTwoTo52) - (0x1p52 + 1023);
  const D f = BitsAs<D>((shifted & kFraction) + kSqrtHalf);
  const D s = (f - 1.0) / (f + 1.0);
  const D z = s * s;
  D p = z * 0x1.2b5fc152395ecp-3 + 0x1.39fdb90a8248bp-3;
  p = p * z + 0x1.7462ba2a3cfbep-3;
  p = p * z + 0x1.c71c62d034643p-3;
  p = p * z + 0x1.2492492e03ed9p-2;
  p = p * z + 0x1.9999999995223p-2;
  p = p * z + 0x1.5555555555558p-1;
  return k * 0x1.62e42feep-1 + ((s + s) + (k * 0x1.a39ef35793c76p-33 + s * z * p));
}

template <class F, class W>
[[gnu::always_inline]] inline F Log32(F x) {
  constexpr uint32_t kOne = 0x3F800000;
  constexpr uint32_t kSqrtHalf = 0x3F3504F3;
  constexpr uint32_t kFraction = 0x007FFFFF;
  constexpr uint32_t kTwoTo23 = 0x4B000000;
  const W shifted = BitsAs<W>(x) + (kOne - kSqrtHalf);
  const F k = BitsAs<F>((shifted >> 23) | kTwoTo23) - (0x1p23f + 127);
  const F f = BitsAs<F>((shifted & kFraction) + kSqrtHalf);
  const F s = (f - 1.0f) / (f + 1.0f);
  const F z = s * s;
  F p = z * 0x1.2eebd6p-2f + 0x1.997c06p-2f;
  p = p * z + 0x1.55555cp-1f;
  return k * 0x1.62ep-1f + ((s + s) + (k * 0x1.0bfbe8p-15f + s * z * p));
}

/// sin(pi / 2 * x) and cos(pi / 2 * x) of |x| <= 1/2, within 2 ulp.
template <class D>
[[gnu::always_inline]] inline D SinQuarter64(D x) {
  const D z = x * x;
  D p = z * 0x1.e3f39de82f4b8p-25 - 0x1.e30071feba584p-19;
  p = p * z + 0x1.50782fda6bbbap-13;
  p = p * z - 0x1.32d2cce2e60ddp-8;
  p = p * z + 0x1.466bc677587fdp-4;
  p = p * z - 0x1.4abbce625be41p-1;
  p = p * z + 0x1.921fb54442d18p+0;
  return p * x;
}
template <class D>
[[gnu::always_inline]] inline D CosQuarter64(D x) {
  const D z = x * x;
  D p = z * -0x1.b264cc715682fp-28 + 0x1.f9cc4154547e8p-22;
  p = p * z - 0x1.a6d1ec795f2e1p-16;
  p = p * z + 0x1.e1f506835659fp-11;
  p = p * z - 0x1.55d3c7e3c90fdp-6;
  p = p * z + 0x1.03c1f081b5aacp-2;
  p = p * z - 0x1.3bd3cc9be45dep+0;
  return p * z + 1.0;
}
template <class F>
[[gnu::always_inline]] inline F SinQuarter32(F x) {
  const F z = x * x;
  F p = z * -0x1.2d9bb8p-8f + 0x1.465ec6p-4f;
  p = p * z - 0x1.4abbbap-1f;
  p = p * z + 0x1.921fb6p+0f;
  return p * x;
}
template <class F>
[[gnu::always_inline]] inline F CosQuarter32(F x) {
  const F z = x * x;
  F p = z * 0x1.d9c364p-11f - 0x1.55c57cp-6f;
  p = p * z + 0x1.03c1dcp-2f;
  p = p * z - 0x1.3bd3ccp+0f;
  return p * z + 1.0f;
}

/// The fraction in (0, 1) whose logarithm is taken: ((wide >> 12) + 0.5) * 2^-52, exactly.
template <class D, class U>
[[gnu::always_inline]] inline D OpenFraction64(U wide) {
  constexpr uint64_t kOne = 0x3FF0000000000000;
  return BitsAs<D>((wide >> 12) | kOne) - (1.0 - 0x1p-53);
}

/// The two normals of a pair of 64-bit elements; Sqrt is the correctly rounded square root.
template <class D, class U, class Sqrt>
[[gnu::always_inline]] inline void BoxMuller64(U first, U second, Sqrt sqrt, D* cosine, D* sine) {
  constexpr uint64_t kOne = 0x3FF0000000000000;
  constexpr uint64_t kSign = 0x8000000000000000;
  const D r = sqrt(-2.0 * Log64<D, U>(OpenFraction64<D, U>(first)));
  const D x = BitsAs<D>(((second << 2) >> 12) | kOne) - 1.5;
  const D s = SinQuarter64(x);
  const D c = CosQuarter64(x);
  // Quarters 1 and 3 swap the two; the cosine is negative in 1 and 2, the sine in 2 and 3.
  const auto odd = (second & 0x4000000000000000) != 0;
  const U cosine_sign = (second ^ (second << 1)) & kSign;
  *cosine = r * BitsAs<D>(BitsAs<U>(odd ? s : c) ^ cosine_sign);
  *sine = r * BitsAs<D>(BitsAs<U>(odd ? c : s) ^ (second & kSign));
}

}  // namespace
}  // namespace emberharmony::backend::native
