// Bodies of the kernels of complex arithmetic, comparison and conversion; see loops_internal.h.
// What needs more than a few operations is in complex_functions.cc.
#pragma once

#if defined(__AVX2__)
#include <immintrin.h>
#endif

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

template <class T>
struct ComplexAdd {
  static Complex<T> Do(Complex<T> x, Complex<T> y) { return {x.re + y.re, x.im + y.im}; }
};
template <class T>
struct ComplexSubtract {
  static Complex<T> Do(Complex<T> x, Complex<T> y) { return {x.re - y.re, x.im - y.im}; }
};
template <class T>
struct ComplexNegative {
  static Complex<T> Do(Complex<T> x) { return {-x.re, -x.im}; }
};
template <class T>
struct ComplexConj {
  static Complex<T> Do(Complex<T> x) { return {x.re, -x.im}; }
};
/// The product by the plain formula on the parts, as in NumPy (the standard leaves products with
/// infinite parts to the implementation). The parts are computed in loops of their own: of one loop
/// over both GCC makes fused multiply-adds, -ffp-contract=off or not, and the bits would depend on
/// the instruction set.
template <class T>
void ComplexProducts(const Complex<T>* x, const Complex<T>* y, Complex<T>* out, int64_t n) {
  constexpr int64_t kPiece = 128;
  T re[kPiece], im[kPiece];
  for (int64_t start = 0; start < n; start += kPiece) {
    const int64_t piece = n - start < kPiece ? n - start : kPiece;
    const Complex<T>* a = x + start;
    const Complex<T>* b = y + start;
    for (int64_t i = 0; i < piece; ++i) re[i] = a[i].re * b[i].re - a[i].im * b[i].im;
    for (int64_t i = 0; i < piece; ++i) im[i] = a[i].re * b[i].im + a[i].im * b[i].re;
    for (int64_t i = 0; i < piece; ++i) out[start + i] = {re[i], im[i]};
  }
}

#if defined(__AVX512F__)
struct ComplexDoubles {
  using Vec = __m512d;
  static constexpr int64_t kLanes = 4;
  static Vec Load(const Complex<double>* x) { return _mm512_loadu_pd(x); }
  static void Store(Complex<double>* to, Vec x) { _mm512_storeu_pd(to, x); }
  static Vec RealParts(Vec x) { return _mm512_maskz_movedup_pd(0xff, x); }
  static Vec ImaginaryParts(Vec x) { return _mm512_maskz_permute_pd(0xff, x, 0xff); }
  static Vec Exchanged(Vec x) { return _mm512_maskz_permute_pd(0xff, x, 0x55); }
  /// x - y in real parts, x + y in imaginary ones.
  static Vec SubtractAdd(Vec x, Vec y) { return _mm512_mask_sub_pd(x + y, 0x55, x, y); }
};
struct ComplexFloats {
  using Vec = __m512;
  static constexpr int64_t kLanes = 8;
  static Vec Load(const Complex<float>* x) { return _mm512_loadu_ps(x); }
  static void Store(Complex<float>* to, Vec x) { _mm512_storeu_ps(to, x); }
  static Vec RealParts(Vec x) { return _mm512_maskz_moveldup_ps(0xffff, x); }
  static Vec ImaginaryParts(Vec x) { return _mm512_maskz_movehdup_ps(0xffff, x); }
  static Vec Exchanged(Vec x) { return _mm512_maskz_permute_ps(0xffff, x, 0xb1); }
  static Vec SubtractAdd(Vec x, Vec y) { return _mm512_mask_sub_ps(x + y, 0x5555, x, y); }
};
#elif defined(__AVX2__)
struct ComplexDoubles {
  using Vec = __m256d;
  static constexpr int64_t kLanes = 2;
  static Vec Load(const Complex<double>* x) { return _mm256_loadu_pd(&x->re); }
  static void Store(Complex<double>* to, Vec x) { _mm256_storeu_pd(&to->re, x); }
  static Vec RealParts(Vec x) { return _mm256_movedup_pd(x); }
  static Vec ImaginaryParts(Vec x) { return _mm256_permute_pd(x, 0xf); }
  static Vec Exchanged(Vec x) { return _mm256_permute_pd(x, 0x5); }
  static Vec SubtractAdd(Vec x, Vec y) { return _mm256_addsub_pd(x, y); }
};
struct ComplexFloats {
  using Vec = __m256;
  static constexpr int64_t kLanes = 4;
  static Vec Load(const Complex<float>* x) { return _mm256_loadu_ps(&x->re); }
  static void Store(Complex<float>* to, Vec x) { _mm256_storeu_ps(&to->re, x); }
  static Vec RealParts(Vec x) { return _mm256_moveldup_ps(x); }
  static Vec ImaginaryParts(Vec x) { return _mm256_movehdup_ps(x); }
  static Vec Exchanged(Vec x) { return _mm256_permute_ps(x, 0xb1); }
  static Vec SubtractAdd(Vec x, Vec y) { return _mm256_addsub_ps(x, y); }
};
#endif

#if defined(__AVX2__)
template <class T>
struct ComplexVectorOf {
  using type = ComplexDoubles;
};
template <>
struct ComplexVectorOf<float> {
  using type = ComplexFloats;
};

/// The products of as many numbers as fill whole registers; returns how many. Each product of parts
/// is rounded before it is added.
template <class T>
int64_t ComplexProductsInRegisters(const Complex<T>* x, const Complex<T>* y, Complex<T>* out,
                                   int64_t n) {
  using V = typename ComplexVectorOf<T>::type;
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
    auto a = V::Load(x + i), b = V::Load(y + i);
    // Else compilers read the memory once for each use.
    asm("" : "+v"(a), "+v"(b));
    auto by_real = a * V::RealParts(b);
    auto by_imaginary = V::Exchanged(a) * V::ImaginaryParts(b);
    // Else compilers might fuse products and sums, -ffp-contract=off or not.
    asm("" : "+v"(by_real), "+v"(by_imaginary));
    V::Store(out + i, V::SubtractAdd(by_real, by_imaginary));
  }
  return i;
}
#else
template <class T>
int64_t ComplexProductsInRegisters(const Complex<T>*, const Complex<T>*, Complex<T>*, int64_t) {
  return 0;
}
#endif
template <class T>
void ComplexMultiplyLoop(const void* const* inputs, void* output, int64_t n) {
  const auto* x = static_cast<const Complex<T>*>(inputs[0]);
  const auto* y = static_cast<const Complex<T>*>(inputs[1]);
  auto* out = static_cast<Complex<T>*>(output);
  const int64_t done = ComplexProductsInRegisters(x, y, out, n);
  ComplexProducts(x + done, y + done, out + done, n - done);
}
template <class T>
void ComplexSquareLoop(const void* const* inputs, void* output, int64_t n) {
  const void* const twice[] = {inputs[0], inputs[0]};
  ComplexMultiplyLoop<T>(twice, output, n);
}

/// Square roots in place: of the C library's, which may set errno, compilers make no vectors.
constexpr int64_t kRoots = 128;
inline void Roots(double* x) {
#if defined(__AVX512F__)
  for (int64_t i = 0; i < kRoots; i += 8)
    _mm512_store_pd(x + i, _mm512_sqrt_pd(_mm512_load_pd(x + i)));
#elif defined(__AVX2__)
  for (int64_t i = 0; i < kRoots; i += 4)
    _mm256_store_pd(x + i, _mm256_sqrt_pd(_mm256_load_pd(x + i)));
#else
  for (int64_t i = 0; i < kRoots; ++i) x[i] = __builtin_sqrt(x[i]);
#endif
}

/// The size of a complex number: of two floats the root of the sum of their squares in double
/// precision, where nothing overflows and squares are exact; of two doubles the same (within 1 ulp)
/// where their squares keep all digits, else the C library's hypot. Squares and their sum are
/// loops of their own, so that compilers fuse none of them.
template <class T>
void ComplexAbsLoop(const void* const* inputs, void* output, int64_t n) {
  constexpr int64_t kPiece = kRoots;
  constexpr double kLeast = 0x1p-500, kMost = 0x1p510;
  const auto* x = static_cast<const Complex<T>*>(inputs[0]);
  auto* out = static_cast<T*>(output);
  alignas(64) double re[kPiece] = {}, im[kPiece];
  for (int64_t start = 0; start < n; start += kPiece) {
    const int64_t piece = n - start < kPiece ? n - start : kPiece;
    const Complex<T>* from = x + start;
    for (int64_t i = 0; i < piece; ++i) re[i] = double{from[i].re} * double{from[i].re};
    for (int64_t i = 0; i < piece; ++i) im[i] = double{from[i].im} * double{from[i].im};
    for (int64_t i = 0; i < piece; ++i) re[i] += im[i];
    Roots(re);
    int64_t far = 0;
    for (int64_t i = 0; i < piece; ++i) {
      out[start + i] = static_cast<T>(re[i]);
      far += (re[i] >= kLeast) & (re[i] <= kMost) ? 0 : 1;
    }
    if (far == 0) continue;
    for (int64_t i = 0; i < piece; ++i) {
      if ((re[i] >= kLeast) & (re[i] <= kMost)) continue;
      out[start + i] = static_cast<T>(__builtin_hypot(from[i].re, from[i].im));
    }
  }
}

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
  set(Op::kMultiply, &ComplexMultiplyLoop<T>);
  set(Op::kNegative, &UnaryLoop<ComplexNegative<T>, C, C>);
  set(Op::kConj, &UnaryLoop<ComplexConj<T>, C, C>);
  set(Op::kSquare, &ComplexSquareLoop<T>);
  set(Op::kAbs, &ComplexAbsLoop<T>);
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
