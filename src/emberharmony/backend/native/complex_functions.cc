// Kernels of complex functions: loops over the C library's, which follow C99's Annex G as the
// standard's tables of special cases do. complex64 is computed in double precision and rounded
// once. They have one form for all instruction sets.
#include <cmath>
#include <complex>
#include <numbers>

#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DTypeOf;
using C = std::complex<double>;

/// hypot, and no result overflows or underflows on the way.
double Abs(C x) { return std::hypot(x.real(), x.imag()); }

/// x / |x|, of zero zero; an infinity's direction as far as it has one.
C Sign(C x) {
  const double abs = Abs(x);
  if (std::isnan(x.real()) || std::isnan(x.imag())) return {std::nan(""), std::nan("")};
  if (std::isinf(x.real()) || std::isinf(x.imag())) {
    if (std::isinf(x.real()) && std::isinf(x.imag())) return {std::nan(""), std::nan("")};
    return std::isinf(x.real()) ? C(std::copysign(1.0, x.real()), 0.0)
                                : C(0.0, std::copysign(1.0, x.imag()));
  }
  if (abs == 0) return {0.0, 0.0};
  if (std::isinf(abs) || abs < 0x1p-1000) {
    // Brought to where neither |x| overflows nor its few bits round the quotient.
    const double scale = std::isinf(abs) ? 0x1p-2 : 0x1p200;
    return Sign({x.real() * scale, x.imag() * scale});
  }
  return {x.real() / abs, x.imag() / abs};
}

/// Smith's method (1962): the larger part of the divisor is divided out first, so that nothing
/// overflows on the way. By zero: both parts divided by zero.
template <class T>
std::complex<T> Divide(std::complex<T> x, std::complex<T> y) {
  const T re = std::fabs(y.real()), im = std::fabs(y.imag());
  if (re == 0 && im == 0) return {x.real() / re, x.imag() / re};
  if (re >= im) {
    const T ratio = y.imag() / y.real();
    const T scale = 1 / (y.real() + y.imag() * ratio);
    return {(x.real() + x.imag() * ratio) * scale, (x.imag() - x.real() * ratio) * scale};
  }
  const T ratio = y.real() / y.imag();
  const T scale = 1 / (y.real() * ratio + y.imag());
  return {(x.real() * ratio + x.imag()) * scale, (x.imag() * ratio - x.real()) * scale};
}

/// An odd function of the parts' absolute values, with their signs: exactly odd, and conj(f(x)) is
/// f(conj(x)), where the C library's may differ in the last bit.
template <class F>
C Odd(C x, F f) {
  const C result = f(C(std::fabs(x.real()), std::fabs(x.imag())));
  return {std::signbit(x.real()) ? -result.real() : result.real(),
          std::signbit(x.imag()) ? -result.imag() : result.imag()};
}

C Exp(C x) { return std::exp(x); }
C Log(C x) { return std::log(x); }
C Sqrt(C x) { return std::sqrt(x); }
C Acos(C x) { return std::acos(x); }
C Acosh(C x) { return std::acosh(x); }
C Sinh(C x) {
  return Odd(x, [](C z) { return std::sinh(z); });
}
C Cosh(C x) { return std::cosh(x); }
C Asinh(C x) {
  return Odd(x, [](C z) { return std::asinh(z); });
}
C Atanh(C x) {
  return Odd(x, [](C z) { return std::atanh(z); });
}
/// At an infinite real part the standard's zero has the imaginary part's sign; Annex G leaves it
/// that of sin(2 im).
C Tanh(C x) {
  if (std::isinf(x.real())) {
    return {std::copysign(1.0, x.real()), std::copysign(0.0, x.imag())};
  }
  if (x.real() == 0 && !std::isfinite(x.imag())) return {x.real(), std::nan("")};
  return Odd(x, [](C z) { return std::tanh(z); });
}

/// -i f(ix), by which Annex G and the standard define the circular functions.
template <C (*hyperbolic)(C)>
C Turned(C x) {
  const C result = hyperbolic({-x.imag(), x.real()});
  return {result.imag(), -result.real()};
}
C Sin(C x) { return Turned<Sinh>(x); }
C Tan(C x) { return Turned<Tanh>(x); }
C Asin(C x) { return Turned<Asinh>(x); }
C Atan(C x) { return Turned<Atanh>(x); }
C Cos(C x) { return Cosh({-x.imag(), x.real()}); }

C Log2(C x) {
  const C log = std::log(x);
  return {log.real() / std::numbers::ln2, log.imag() / std::numbers::ln2};
}
C Log10(C x) {
  const C log = std::log(x);
  return {log.real() / std::numbers::ln10, log.imag() / std::numbers::ln10};
}

/// exp(a + bi) - 1 = expm1(a) cos(b) - 2 sin(b/2)^2 + e^a sin(b) i: without cancellation where x is
/// small. Where a part is infinite or NaN, and where e^a overflows, exp's own rules decide.
C Expm1(C x) {
  const double a = x.real(), b = x.imag();
  if (!std::isfinite(a) || !std::isfinite(b) || a > 700) {
    const C exp = std::exp(x);
    return {exp.real() - 1.0, exp.imag()};
  }
  if (b == 0) return {std::expm1(a) + 0.0, b};  // +0 of either zero
  const double half = std::sin(b / 2);
  return {std::expm1(a) * std::cos(b) - 2 * half * half, std::exp(a) * std::sin(b)};
}

/// log|1 + x| without cancellation where x is small or |1 + x| near 1: there |1 + x|^2 - 1 is
/// summed in extended precision.
C Log1p(C x) {
  const double a = x.real(), b = x.imag();
  if (!std::isfinite(a) || !std::isfinite(b)) return std::log(C(1.0 + a, b));
  if (b == 0 && a > -1) return {std::log1p(a), b};
  const double angle = std::atan2(b, 1.0 + a);
  if (std::fabs(a) < 4 && std::fabs(b) < 4 && std::fabs(1.0 + a) > 0x1p-500) {
    const long double wide_a = a, wide_b = b;
    const long double beyond = wide_a * (2 + wide_a) + wide_b * wide_b;
    if (beyond > -0.75L) return {static_cast<double>(std::log1p(beyond) / 2), angle};
  }
  return {std::log(C(1.0 + a, b)).real(), angle};
}

/// x to a whole power of at most 100, by squaring, in extended precision.
C WholePow(C x, int power) {
  using Wide = std::complex<long double>;
  const auto multiply = [](Wide u, Wide v) {
    return Wide(u.real() * v.real() - u.imag() * v.imag(),
                u.real() * v.imag() + u.imag() * v.real());
  };
  Wide result = 1, factor(x.real(), x.imag());
  for (int left = std::abs(power); left > 0; left >>= 1) {
    if (left & 1) result = multiply(result, factor);
    factor = multiply(factor, factor);
  }
  if (power < 0) result = Wide(1) / result;
  return {static_cast<double>(result.real()), static_cast<double>(result.imag())};
}

/// As NumPy: 1 where the exponent is 0; 0 of base 0 where the exponent's real part is positive,
/// else NaN; else exp(y log x), or by squaring for small whole exponents.
C Pow(C x, C y) {
  if (y == C(0)) return 1;
  if (x == C(0)) {
    if (y.real() > 0) return 0;
    return {std::nan(""), std::nan("")};
  }
  const bool whole =
      y.imag() == 0 && std::fabs(y.real()) <= 100 && std::trunc(y.real()) == y.real();
  if (whole && std::isfinite(x.real()) && std::isfinite(x.imag())) {
    return WholePow(x, static_cast<int>(y.real()));
  }
  return std::pow(x, y);
}

template <class T>
void DivideLoop(const void* const* inputs, void* output, int64_t n) {
  const auto* x = static_cast<const std::complex<T>*>(inputs[0]);
  const auto* y = static_cast<const std::complex<T>*>(inputs[1]);
  auto* out = static_cast<std::complex<T>*>(output);
  for (int64_t i = 0; i < n; ++i) out[i] = Divide(x[i], y[i]);
}

template <class T>
void ReciprocalLoop(const void* const* inputs, void* output, int64_t n) {
  const auto* x = static_cast<const std::complex<T>*>(inputs[0]);
  auto* out = static_cast<std::complex<T>*>(output);
  for (int64_t i = 0; i < n; ++i) out[i] = Divide(std::complex<T>(1), x[i]);
}

template <class T, C (*function)(C)>
void UnaryFunction(const void* const* inputs, void* output, int64_t n) {
  const auto* x = static_cast<const std::complex<T>*>(inputs[0]);
  auto* out = static_cast<std::complex<T>*>(output);
  for (int64_t i = 0; i < n; ++i) out[i] = std::complex<T>(function(C(x[i])));
}

template <class T>
void PowLoop(const void* const* inputs, void* output, int64_t n) {
  const auto* x = static_cast<const std::complex<T>*>(inputs[0]);
  const auto* y = static_cast<const std::complex<T>*>(inputs[1]);
  auto* out = static_cast<std::complex<T>*>(output);
  for (int64_t i = 0; i < n; ++i) out[i] = std::complex<T>(Pow(C(x[i]), C(y[i])));
}

template <class T>
void AddFunctions(KernelTable* table) {
  const auto set = [&](Op op, Kernel kernel) {
    table->Set(op, DTypeOf<std::complex<T>>(), kernel);
  };
  set(Op::kDivide, &DivideLoop<T>);
  set(Op::kReciprocal, &ReciprocalLoop<T>);
  set(Op::kPow, &PowLoop<T>);
  set(Op::kSign, &UnaryFunction<T, Sign>);
  set(Op::kExp, &UnaryFunction<T, Exp>);
  set(Op::kExpm1, &UnaryFunction<T, Expm1>);
  set(Op::kLog, &UnaryFunction<T, Log>);
  set(Op::kLog1p, &UnaryFunction<T, Log1p>);
  set(Op::kLog2, &UnaryFunction<T, Log2>);
  set(Op::kLog10, &UnaryFunction<T, Log10>);
  set(Op::kSqrt, &UnaryFunction<T, Sqrt>);
  set(Op::kSin, &UnaryFunction<T, Sin>);
  set(Op::kCos, &UnaryFunction<T, Cos>);
  set(Op::kTan, &UnaryFunction<T, Tan>);
  set(Op::kSinh, &UnaryFunction<T, Sinh>);
  set(Op::kCosh, &UnaryFunction<T, Cosh>);
  set(Op::kTanh, &UnaryFunction<T, Tanh>);
  set(Op::kAsin, &UnaryFunction<T, Asin>);
  set(Op::kAcos, &UnaryFunction<T, Acos>);
  set(Op::kAtan, &UnaryFunction<T, Atan>);
  set(Op::kAsinh, &UnaryFunction<T, Asinh>);
  set(Op::kAcosh, &UnaryFunction<T, Acosh>);
  set(Op::kAtanh, &UnaryFunction<T, Atanh>);
}

}  // namespace

void AddComplexFunctions(KernelTable* table) {
  AddFunctions<float>(table);
  AddFunctions<double>(table);
}

}  // namespace emberharmony::backend::native
