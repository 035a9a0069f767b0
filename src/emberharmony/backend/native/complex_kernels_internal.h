// Bodies of the kernels of complex arithmetic, comparison and conversion; see loops_internal.h.
// What needs more than a few operations is in complex_functions.cc.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"

namespace emberharmony::backend::native {
namespace {

/// std::complex<T> in memory.
template <class T>
struct Complex {
  T re, im;
};

template <class T>
constexpr DType ComplexDType() {
  return sizeof(T) == 4 ? DType::kComplex64 : DType::kComplex128;
}

// The standard leaves products and quotients with infinite parts to the implementation; these are
// the plain formulas on the parts, as in NumPy.
template <class T>
struct ComplexAdd {
  static Complex<T> Do(Complex<T> x, Complex<T> y) { return {x.re + y.re, x.im + y.im}; }
};
template <class T>
struct ComplexSubtract {
  static Complex<T> Do(Complex<T> x, Complex<T> y) { return {x.re - y.re, x.im - y.im}; }
};
template <class T>
struct ComplexMultiply {
  static Complex<T> Do(Complex<T> x, Complex<T> y) {
    return {x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re};
  }
};

template <class T>
T AbsOf(T x) {
  if constexpr (sizeof(T) == 8) return __builtin_fabs(x);
  return __builtin_fabsf(x);
}

/// Smith's method (1962): the larger part of the divisor is divided out first, so that nothing
/// overflows on the way.
template <class T>
struct ComplexDivide {
  static Complex<T> Do(Complex<T> x, Complex<T> y) {
    const T re = AbsOf(y.re), im = AbsOf(y.im);
    if (re == T(0) && im == T(0)) return {x.re / re, x.im / re};
    if (re >= im) {
      const T ratio = y.im / y.re;
      const T scale = T(1) / (y.re + y.im * ratio);
      return {(x.re + x.im * ratio) * scale, (x.im - x.re * ratio) * scale};
    }
    const T ratio = y.re / y.im;
    const T scale = T(1) / (y.re * ratio + y.im);
    return {(x.re * ratio + x.im) * scale, (x.im * ratio - x.re) * scale};
  }
};
template <class T>
struct ComplexReciprocal {
  static Complex<T> Do(Complex<T> x) { return ComplexDivide<T>::Do({T(1), T(0)}, x); }
};
template <class T>
struct ComplexNegative {
  static Complex<T> Do(Complex<T> x) { return {-x.re, -x.im}; }
};
template <class T>
struct ComplexConj {
  static Complex<T> Do(Complex<T> x) { return {x.re, -x.im}; }
};
template <class T>
struct ComplexSquare {
  static Complex<T> Do(Complex<T> x) { return ComplexMultiply<T>::Do(x, x); }
};
template <class T>
struct RealPart {
  static T Do(Complex<T> x) { return x.re; }
};
template <class T>
struct ImaginaryPart {
  static T Do(Complex<T> x) { return x.im; }
};
template <class T>
struct ComplexRound {
  static T Part(T x) {
    if constexpr (sizeof(T) == 8) return __builtin_rint(x);
    return __builtin_rintf(x);
  }
  static Complex<T> Do(Complex<T> x) { return {Part(x.re), Part(x.im)}; }
};

template <class T>
struct ComplexEqual {
  static uint8_t Do(Complex<T> x, Complex<T> y) { return (x.re == y.re) & (x.im == y.im); }
};
template <class T>
struct ComplexNotEqual {
  static uint8_t Do(Complex<T> x, Complex<T> y) { return (x.re != y.re) | (x.im != y.im); }
};
template <class T>
struct ComplexIsNan {
  static uint8_t Do(Complex<T> x) { return (x.re != x.re) | (x.im != x.im); }
};
template <class T>
struct ComplexIsFinite {
  static uint8_t Do(Complex<T> x) { return (x.re - x.re == T(0)) & (x.im - x.im == T(0)); }
};
template <class T>
struct ComplexIsInf {
  static uint8_t Part(T x) { return (x == x) & (x - x != T(0)); }
  static uint8_t Do(Complex<T> x) { return Part(x.re) | Part(x.im); }
};

template <class From, class T>
struct RealToComplex {
  static Complex<T> Do(From x) { return {static_cast<T>(x), T(0)}; }
};
template <class From, class T>
struct ComplexToComplex {
  static Complex<T> Do(Complex<From> x) { return {static_cast<T>(x.re), static_cast<T>(x.im)}; }
};
template <class From>
struct ComplexToBool {
  static uint8_t Do(Complex<From> x) { return (x.re != From(0)) | (x.im != From(0)); }
};

template <class T, class... Froms>
void AddCastsToComplex(KernelTable* table, Types<Froms...>) {
  const int to = static_cast<int>(ComplexDType<T>());
  ((table->cast[static_cast<int>(DTypeOf<Froms>())][to] =
        &UnaryLoop<RealToComplex<Froms, T>, Froms, Complex<T>>),
   ...);
  // A bool is read as a byte, 0 or 1.
  table->cast[static_cast<int>(DType::kBool)][to] =
      &UnaryLoop<RealToComplex<uint8_t, T>, uint8_t, Complex<T>>;
  table->cast[static_cast<int>(DType::kComplex64)][to] =
      &UnaryLoop<ComplexToComplex<float, T>, Complex<float>, Complex<T>>;
  table->cast[static_cast<int>(DType::kComplex128)][to] =
      &UnaryLoop<ComplexToComplex<double, T>, Complex<double>, Complex<T>>;
  table->cast[to][static_cast<int>(DType::kBool)] =
      &UnaryLoop<ComplexToBool<T>, Complex<T>, uint8_t>;
}

template <class T>
void AddComplex(KernelTable* table) {
  using C = Complex<T>;
  const auto set = [&](Op op, Kernel kernel) { table->Set(op, ComplexDType<T>(), kernel); };
  set(Op::kAdd, &BinaryLoop<ComplexAdd<T>, C, C>);
  set(Op::kSubtract, &BinaryLoop<ComplexSubtract<T>, C, C>);
  set(Op::kMultiply, &BinaryLoop<ComplexMultiply<T>, C, C>);
  set(Op::kDivide, &BinaryLoop<ComplexDivide<T>, C, C>);
  set(Op::kReciprocal, &UnaryLoop<ComplexReciprocal<T>, C, C>);
  set(Op::kNegative, &UnaryLoop<ComplexNegative<T>, C, C>);
  set(Op::kConj, &UnaryLoop<ComplexConj<T>, C, C>);
  set(Op::kSquare, &UnaryLoop<ComplexSquare<T>, C, C>);
  set(Op::kRound, &UnaryLoop<ComplexRound<T>, C, C>);
  set(Op::kReal, &UnaryLoop<RealPart<T>, C, T>);
  set(Op::kImag, &UnaryLoop<ImaginaryPart<T>, C, T>);
  set(Op::kEqual, &BinaryLoop<ComplexEqual<T>, C, uint8_t>);
  set(Op::kNotEqual, &BinaryLoop<ComplexNotEqual<T>, C, uint8_t>);
  set(Op::kIsNan, &UnaryLoop<ComplexIsNan<T>, C, uint8_t>);
  set(Op::kIsFinite, &UnaryLoop<ComplexIsFinite<T>, C, uint8_t>);
  set(Op::kIsInf, &UnaryLoop<ComplexIsInf<T>, C, uint8_t>);
  AddCastsToComplex<T>(table, RealTypes{});
}

}  // namespace
}  // namespace emberharmony::backend::native
