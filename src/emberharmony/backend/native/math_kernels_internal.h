// Bodies of the kernels of sqrt and the transcendental functions; see loops_internal.h.
//
// The functions are SLEEF's with at most 1.0 ulp of error, in its finz_ forms: those use fused
// multiply-adds everywhere and give the same bits on every instruction set (the plain names do
// not). The file that includes this one defines VecF64 and VecF32: the register type Vec, kLanes,
// Load, Store, Fill, Sqrt, Select(mask of x > bound) and SLEEF's functions under their names.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"

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
  F(Tanh, tanh)

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

/// SLEEF's tanh is off by slightly more than an ulp near zero, where tanh(x) = x to far below one.
template <class V>
struct SafeTanhOf {
  static typename V::Vec Do(typename V::Vec x) {
    return V::SelectAbove(V::Abs(x), V::kTanhTiny, V::tanh(x), x);
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

/// The last elements are computed in a full vector of their own, never by another function, so that
/// an element's bits do not depend on where it stands.
template <class V, template <class> class F>
void VectorUnary(const void* const* inputs, void* output, int64_t n) {
  using T = typename V::Element;
  const T* x = static_cast<const T*>(inputs[0]);
  T* out = static_cast<T*>(output);
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) V::Store(out + i, F<V>::Do(V::Load(x + i)));
  if (i == n) return;
  T last[V::kLanes];
  for (int j = 0; j < V::kLanes; ++j) last[j] = i + j < n ? x[i + j] : T(1);
  V::Store(last, F<V>::Do(V::Load(last)));
  for (int j = 0; i + j < n; ++j) out[i + j] = last[j];
}

template <class V, template <class> class F>
void VectorBinary(const void* const* inputs, void* output, int64_t n) {
  using T = typename V::Element;
  const T* x = static_cast<const T*>(inputs[0]);
  const T* y = static_cast<const T*>(inputs[1]);
  T* out = static_cast<T*>(output);
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
    V::Store(out + i, F<V>::Do(V::Load(x + i), V::Load(y + i)));
  }
  if (i == n) return;
  T last_x[V::kLanes], last_y[V::kLanes];
  for (int j = 0; j < V::kLanes; ++j) {
    last_x[j] = i + j < n ? x[i + j] : T(1);
    last_y[j] = i + j < n ? y[i + j] : T(1);
  }
  V::Store(last_x, F<V>::Do(V::Load(last_x), V::Load(last_y)));
  for (int j = 0; i + j < n; ++j) out[i + j] = last_x[j];
}

template <class V>
void AddMath(KernelTable* table) {
  const DType dtype = DTypeOf<typename V::Element>();
#define EMBER_ADD_UNARY(Name, name) table->Set(Op::k##Name, dtype, &VectorUnary<V, Name##Of>);
  EMBER_SLEEF_UNARY(EMBER_ADD_UNARY)
#undef EMBER_ADD_UNARY
  table->Set(Op::kLog1p, dtype, &VectorUnary<V, SafeLog1pOf>);
  table->Set(Op::kTanh, dtype, &VectorUnary<V, SafeTanhOf>);
  table->Set(Op::kExp, dtype, &VectorUnary<V, SafeExpOf>);
  table->Set(Op::kSqrt, dtype, &VectorUnary<V, SqrtOf>);
  table->Set(Op::kPow, dtype, &VectorBinary<V, PowOf>);
}

/// Above these SLEEF's log1p is replaced by log.
constexpr double kLog1pHugeF64 = 1e300;
constexpr float kLog1pHugeF32 = 1e37f;
/// Up to these tanh(x) is x: x^2 / 3 is below a fiftieth of an ulp.
constexpr double kTanhTinyF64 = 0x1p-28;
constexpr float kTanhTinyF32 = 0x1p-14f;

}  // namespace
}  // namespace emberharmony::backend::native
