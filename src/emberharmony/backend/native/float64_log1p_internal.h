// log1p of float64 with the bits of SLEEF 3.5.1's (finz, 1.0 ulp): models that were learned contain
// its results, so each step rounds as there. It is quicker as it leaves unusual arguments to SLEEF
// and works on registers side by side.
#pragma once

#include "emberharmony/backend/native/float64_vectors_internal.h"

namespace emberharmony::backend::native {
namespace {

struct Log1pOf {
  static Vec Do(Vec x) {
    // The sums below would make +0 of -0.
    const V::Mask range = V::Both(V::Less(V::Set(-1), x), V::LessEqual(x, V::Set(kHuge)));
    if (!V::All(V::ButMinusZero(range, x))) return SafeLog1p(x);
    return Ordinary(x);
  }

 private:
  static constexpr double kHuge = 1e300;

  /// With 1 + x = 2^e (1 + m), m from -1/4 to 1/2, it is e log(2) + 2 atanh(m / (2 + m)).
  [[gnu::always_inline]] static Vec Ordinary(Vec x) {
    const Vec near = (x + 1.0) * 0x1.5555555555555p+0;
    const Vec e = V::ExponentOf(near);
    const Vec scale = FromBits((uint64_t{2046} << 52) - (BitsOf(near) & (uint64_t{0x7ff} << 52)));
    const Vec m = Fma(x, scale, scale + -1.0);
    // The quotient is high + low.
    const Vec divisor = m + 2.0, divisor_low = m + (2.0 - divisor);
    const Vec inverse = 1.0 / divisor;
    const Vec high = m * inverse;
    const Vec error = Fma(-divisor_low, inverse, Fma(-divisor, inverse, 1.0));
    const Vec low = Fma(high, error, Fma(inverse, m, -high));
    const Vec z = high * high, z2 = z * z;
    const Vec upper =
        Fma(z2, 0x1.39c4f5407567ep-3, Fma(z, 0x1.3872e67fe8e84p-3, 0x1.747353a506035p-3));
    const Vec lower = Fma(z2, Fma(z, 0x1.c71c0a65ecd8ep-3, 0x1.249249a68a245p-2),
                          Fma(z, 0x1.99999998f92eap-2, 0x1.55555555557aep-1));
    const Vec series = Fma(z2 * z2, upper, lower);
    const Vec whole = e * 0x1.62e42fefa39efp-1;
    const Vec whole_low = Fma(e, 0x1.abc9e3b39803fp-56, Fma(e, 0x1.62e42fefa39efp-1, -whole));
    const Vec rest = high * z * series;
    const Vec sum = Fma(high, 2.0, whole);
    const Vec sum_low = Fma(low, 2.0, whole_low + Fma(high, 2.0, whole - sum));
    const Vec result = sum + rest;
    return result + (sum_low + (rest + (sum - result)));
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
