// Bodies of the kernels of sqrt and the transcendental functions; see loops_internal.h.
//
// The functions are SLEEF's with at most 1.0 ulp of error, in its finz_ forms: those use fused
// multiply-adds everywhere and give the same bits on every instruction set (the plain names do
// not). Most are replaced by our own (float32_functions_internal.h, float64_functions_internal.h).
// The file that includes this one defines VecF64 and VecF32: the register type Vec, kLanes, Load,
// Store, Fill, Sqrt, Select(mask of x > bound) and SLEEF's functions under their names.
#pragma once

#include "emberharmony/backend/native/extended_logaddexp_internal.h"
#include "emberharmony/backend/native/float32_functions_internal.h"
#include "emberharmony/backend/native/float64_functions_internal.h"
#include "emberharmony/backend/native/vector_loops_internal.h"

/// The functions taken from SLEEF, as (operation, SLEEF's name).
#define EMBER_SLEEF_UNARY(F) \
  F(Exp, exp)                \
  F(Expm1, expm1)            \
  F(Log, log)                \
  F(Log1p, log1p)            \
  F(Log2, log2)              \
  F(Log10, log10)            \
  F(Sin, sin)                \
  F(Cos, cos)                \
  F(Tan, tan)                \
  F(Tanh, tanh)              \
  F(Sinh, sinh)              \
  F(Cosh, cosh)              \
  F(Acos, acos)              \
  F(Asin, asin)              \
  F(Atan, atan)              \
  F(Acosh, acosh)            \
  F(Asinh, asinh)            \
  F(Atanh, atanh)            \
  F(Erf, erf)

namespace emberharmony::backend::native {
namespace {

#define EMBER_UNARY_FUNCTION(Name, name)                                \
  template <class V>                                                    \
  struct Name##Of {                                                     \
    static typename V::Vec Do(typename V::Vec x) { return V::name(x); } \
  };
EMBER_SLEEF_UNARY(EMBER_UNARY_FUNCTION)
#undef EMBER_UNARY_FUNCTION

template <class V>
struct SqrtOf {
  static typename V::Vec Do(typename V::Vec x) { return V::Sqrt(x); }
};

/// SLEEF's log1p overflows to infinity near the top of the range, where log1p(x) = log(x) to far
/// below an ulp.
template <class V>
struct SafeLog1pOf {
  static typename V::Vec Do(typename V::Vec x) {
    const auto result = V::log1p(x);
    if (!V::AnyAbove(x, V::kLog1pHuge)) return result;
    return V::SelectAbove(x, V::kLog1pHuge, V::log(x), result);
  }
};

/// SLEEF's tanh is off by slightly more than an ulp near zero, and its tan by one at the smallest
/// number, where both are x to far below an ulp.
template <class V>
struct SafeTanhOf {
  static typename V::Vec Do(typename V::Vec x) {
    return V::SelectAbove(V::Abs(x), V::kTanhTiny, V::tanh(x), x);
  }
};
template <class V>
struct SafeTanOf {
  static typename V::Vec Do(typename V::Vec x) {
    return V::SelectAbove(V::Abs(x), V::kTanhTiny, V::tan(x), x);
  }
};

/// exp(x) between where SLEEF's float64 exp gives infinity and where exp(x) overflows.
double ExpNearOverflow(double x) {
  constexpr double kTop = 0x1.62e42fefa39efp+9;          // the last x with a finite exp(x)
  constexpr double kExpOfTop = 0x1.fffffffffff2ap+1023;  // exp(kTop), rounded
  constexpr double kRest = 0x1.b0e263400d160p+967;       // exp(kTop) - kExpOfTop
  const double d = x - kTop;                             // exact, and small: -1.75e-6 at most
  return kExpOfTop + (kRest + kExpOfTop * (d * (1.0 + d * (0.5 + d * (1.0 / 6.0)))));
}

/// SLEEF's exp of float64 overflows early; its float32 one does not.
template <class V>
struct SafeExpOf {
  static typename V::Vec Do(typename V::Vec x) {
    const auto result = V::exp(x);
    if constexpr (sizeof(typename V::Element) == 8) {
      constexpr double kEarly = 709.782711;
      if (V::AnyAbove(x, kEarly)) return Patched(x, result);
    }
    return result;
  }

 private:
  [[gnu::noinline]] static typename V::Vec Patched(typename V::Vec x, typename V::Vec result) {
    double arguments[V::kLanes], results[V::kLanes];
    V::Store(arguments, x);
    V::Store(results, result);
    for (int j = 0; j < V::kLanes; ++j) {
      if (arguments[j] > 709.782711 && arguments[j] <= 0x1.62e42fefa39efp+9) {
        results[j] = ExpNearOverflow(arguments[j]);
      }
    }
    return V::Load(results);
  }
};

/// SLEEF's pow overflows early in the same way. Such results are computed once more, in extended
/// precision.
template <class V>
struct PowOf {
  static typename V::Vec Do(typename V::Vec x, typename V::Vec y) {
    const auto result = V::pow(x, y);
    if constexpr (sizeof(typename V::Element) == 8) {
      constexpr double kLargest = 0x1.fffffffffffffp+1023;
      if (V::AnyAbove(V::Abs(result), kLargest)) return Patched(x, y, result);
    }
    return result;
  }

 private:
  [[gnu::noinline]] static typename V::Vec Patched(typename V::Vec x, typename V::Vec y,
                                                   typename V::Vec result) {
    double bases[V::kLanes], exponents[V::kLanes], results[V::kLanes];
    V::Store(bases, x);
    V::Store(exponents, y);
    V::Store(results, result);
    for (int j = 0; j < V::kLanes; ++j) {
      const double base = bases[j];
      const bool finite = base - base == 0 && exponents[j] - exponents[j] == 0 && base != 0;
      if (finite && __builtin_isinf(results[j])) {
        results[j] = static_cast<double>(
            __builtin_powl(static_cast<long double>(base), static_cast<long double>(exponents[j])));
      }
    }
    return V::Load(results);
  }
};

/// One of SLEEF's functions, and where |x| is above a bound, beyond which SLEEF's is wrong, `exact`
/// in extended precision. `exact` has the right infinities and NaN too.
template <class V, template <class> class F, long double (*exact)(long double)>
[[gnu::always_inline]] inline typename V::Vec ExtendedAbove(typename V::Vec x,
                                                            typename V::Element bound) {
  const auto result = F<V>::Do(x);
  if (!V::AnyAbove(V::Abs(x), bound)) return result;
  typename V::Element arguments[V::kLanes], results[V::kLanes];
  V::Store(arguments, x);
  V::Store(results, result);
  for (int j = 0; j < V::kLanes; ++j) {
    if (!(arguments[j] > bound || arguments[j] < -bound)) continue;
    results[j] = static_cast<typename V::Element>(exact(arguments[j]));
  }
  return V::Load(results);
}

/// SLEEF's sinh and cosh overflow early, its asinh and acosh where x^2 does.
#define EMBER_EXTENDED(Name, name, bound_f64, bound_f32)                                  \
  template <class V>                                                                      \
  struct Safe##Name##Of {                                                                 \
    static long double Exact(long double x) { return __builtin_##name##l(x); }            \
    static typename V::Vec Do(typename V::Vec x) {                                        \
      constexpr typename V::Element kBound = sizeof(kBound) == 8 ? bound_f64 : bound_f32; \
      return ExtendedAbove<V, Name##Of, Exact>(x, kBound);                                \
    }                                                                                     \
  };
EMBER_EXTENDED(Sinh, sinh, 709.0, 88.0)
EMBER_EXTENDED(Cosh, cosh, 709.0, 88.0)
EMBER_EXTENDED(Acosh, acosh, 1e150, 1e18)
#undef EMBER_EXTENDED

/// SLEEF's asinh, atanh and erf of float32 are off by slightly more than an ulp near zero, where
/// asinh(x) = atanh(x) = x to far below one.
template <class V>
struct SafeAsinhOf {
  static long double Exact(long double x) { return __builtin_asinhl(x); }
  static typename V::Vec Do(typename V::Vec x) {
    constexpr typename V::Element kBound = sizeof(kBound) == 8 ? 1e150 : 1e18;
    const auto result = ExtendedAbove<V, AsinhOf, Exact>(x, kBound);
    return V::SelectAbove(V::Abs(x), V::kTanhTiny, result, x);
  }
};
template <class V>
struct SafeAtanhOf {
  static typename V::Vec Do(typename V::Vec x) {
    return V::SelectAbove(V::Abs(x), V::kTanhTiny, V::atanh(x), x);
  }
};

/// Below this bound erf(x) = 2 / sqrt(pi) x to far below an ulp.
template <class T>
constexpr T kErfTiny = sizeof(T) == 8 ? 0x1p-28 : 0x1p-14;
/// erf where SLEEF's float32 one is off: products with 2 / sqrt(pi) in twice the precision.
template <class V>
struct SafeErfOf {
  using T = typename V::Element;
  static typename V::Vec Do(typename V::Vec x) {
    const auto result = V::erf(x);
    if constexpr (sizeof(T) == 8) return result;
    const auto magnitude = V::Abs(x);
    T arguments[V::kLanes], results[V::kLanes], magnitudes[V::kLanes];
    V::Store(magnitudes, magnitude);
    bool any = false;
    for (int j = 0; j < V::kLanes; ++j) any = any | (magnitudes[j] < kErfTiny<T>);
    if (!any) return result;
    V::Store(arguments, x);
    V::Store(results, result);
    for (int j = 0; j < V::kLanes; ++j) {
      if (magnitudes[j] < kErfTiny<T>) {
        results[j] = static_cast<T>(0x1.20dd750429b6dp+0 * static_cast<double>(arguments[j]));
      }
    }
    return V::Load(results);
  }
};

template <class V>
struct Atan2Of {
  static typename V::Vec Do(typename V::Vec y, typename V::Vec x) { return V::atan2(y, x); }
};
template <class V>
struct HypotOf {
  static typename V::Vec Do(typename V::Vec x, typename V::Vec y) { return V::hypot(x, y); }
};

template <class V>
void AddMath(KernelTable* table) {
  const DType dtype = DTypeOf<typename V::Element>();
#define EMBER_ADD_UNARY(Name, name) table->Set(Op::k##Name, dtype, &VectorUnary<V, Name##Of>);
  EMBER_SLEEF_UNARY(EMBER_ADD_UNARY)
#undef EMBER_ADD_UNARY
  table->Set(Op::kLog1p, dtype, &VectorUnary<V, SafeLog1pOf>);
  table->Set(Op::kTanh, dtype, &VectorUnary<V, SafeTanhOf>);
  table->Set(Op::kTan, dtype, &VectorUnary<V, SafeTanOf>);
  table->Set(Op::kExp, dtype, &VectorUnary<V, SafeExpOf>);
  table->Set(Op::kSqrt, dtype, &VectorUnary<V, SqrtOf>);
  table->Set(Op::kPow, dtype, &VectorBinary<V, PowOf>);
  table->Set(Op::kSinh, dtype, &VectorUnary<V, SafeSinhOf>);
  table->Set(Op::kCosh, dtype, &VectorUnary<V, SafeCoshOf>);
  table->Set(Op::kAsinh, dtype, &VectorUnary<V, SafeAsinhOf>);
  table->Set(Op::kAcosh, dtype, &VectorUnary<V, SafeAcoshOf>);
  table->Set(Op::kAtanh, dtype, &VectorUnary<V, SafeAtanhOf>);
  table->Set(Op::kErf, dtype, &VectorUnary<V, SafeErfOf>);
  table->Set(Op::kAtan2, dtype, &VectorBinary<V, Atan2Of>);
  table->Set(Op::kHypot, dtype, &VectorBinary<V, HypotOf>);
  using T = typename V::Element;
  table->Set(Op::kLogAddExp, dtype, &BinaryLoop<LogAddExpOf<T>, T, T>);
}

/// Above these SLEEF's log1p is replaced by log.
constexpr double kLog1pHugeF64 = 1e300;
constexpr float kLog1pHugeF32 = 1e37f;
/// Up to these tanh(x) is x: x^2 / 3 is below a fiftieth of an ulp.
constexpr double kTanhTinyF64 = 0x1p-28;
constexpr float kTanhTinyF32 = 0x1p-14f;

}  // namespace
}  // namespace emberharmony::backend::native
