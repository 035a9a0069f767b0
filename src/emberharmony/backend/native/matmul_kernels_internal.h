// Bodies of the matrix product kernels; see loops_internal.h.
//
// The order of every sum is fixed by the lengths alone. A product of matrices adds along k. A dot
// product goes in blocks of kDotBlock elements, whose element i goes to lane i mod (4 vectors of 64
// bytes); lanes are folded in halves, blocks are added in a binary tree. A product of a matrix and
// a vector has one vector of 64 bytes of lanes for each row, without blocks.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"
#include "emberharmony/backend/native/matmul_internal.h"
#include "emberharmony/backend/native/rounded_internal.h"

namespace emberharmony::backend::native {
namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
constexpr int kRowsAtOnce = 8;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
constexpr int kRowsAtOnce = 4;
#else
constexpr int kVectorBytes = 16;
constexpr int kRowsAtOnce = 2;
#endif
/// Vectors that make up 64 bytes.
constexpr int kParts = 64 / kVectorBytes;

/// A complex number with the textbook product, since the standard library's is a template that
/// other instruction sets share.
template <class R>
struct Pair {
  R real = 0;
  R imag = 0;
};
template <class R>
Pair<R> operator+(Pair<R> a, Pair<R> b) {
  return {a.real + b.real, a.imag + b.imag};
}
template <class R>
Pair<R> operator*(Pair<R> a, Pair<R> b) {
  return {EMBER_ROUNDED(a.real * b.real) - EMBER_ROUNDED(a.imag * b.imag),
          EMBER_ROUNDED(a.real * b.imag) + EMBER_ROUNDED(a.imag * b.real)};
}

/// a + b c; unsigned numbers modulo their size, without the overflow of a promoted int.
template <class T>
T MultiplyAdd(T a, T b, T c) {
  return a + b * c;
}
template <>
uint8_t MultiplyAdd(uint8_t a, uint8_t b, uint8_t c) {
  return static_cast<uint8_t>(a + b * c);
}
template <>
uint16_t MultiplyAdd(uint16_t a, uint16_t b, uint16_t c) {
  return static_cast<uint16_t>(a + uint32_t{b} * c);
}

/// Adds the products of kRows x kDepth elements of a with kDepth rows of b to kRows rows of c.
template <class T, int kRows, int kDepth>
void Update(const T* a, int64_t a_row_stride, int64_t a_column_stride, const T* b, int64_t ldb,
            T* c, int64_t ldc, int64_t n) {
  T factors[kRows][kDepth];
  for (int r = 0; r < kRows; ++r) {
    for (int d = 0; d < kDepth; ++d) factors[r][d] = a[r * a_row_stride + d * a_column_stride];
  }
  EMBER_INDEPENDENT
  for (int64_t j = 0; j < n; ++j) {
    for (int r = 0; r < kRows; ++r) {
      T sum = c[r * ldc + j];
      for (int d = 0; d < kDepth; ++d) sum = MultiplyAdd(sum, factors[r][d], b[d * ldb + j]);
      c[r * ldc + j] = sum;
    }
  }
}

template <class T, int kRows>
void UpdateRows(const T* a, int64_t a_row_stride, int64_t a_column_stride, const T* b, int64_t ldb,
                T* c, int64_t ldc, int64_t n, int64_t k) {
  int64_t p = 0;
  for (; p + 4 <= k; p += 4) {
    Update<T, kRows, 4>(a + p * a_column_stride, a_row_stride, a_column_stride, b + p * ldb, ldb, c,
                        ldc, n);
  }
  for (; p < k; ++p) {
    Update<T, kRows, 1>(a + p * a_column_stride, a_row_stride, a_column_stride, b + p * ldb, ldb, c,
                        ldc, n);
  }
}

template <class T>
void Product(const void* a_data, int64_t a_row_stride, int64_t a_column_stride, const void* b_data,
             int64_t ldb, void* c_data, int64_t ldc, int64_t m, int64_t n, int64_t k) {
  // Of b, a block that stays in the second-level cache is used for all rows.
  constexpr int64_t kBlockColumns = 2048 / sizeof(T);
  constexpr int64_t kBlockDepth = 128;
  const T* a = static_cast<const T*>(a_data);
  const T* b = static_cast<const T*>(b_data);
  T* c = static_cast<T*>(c_data);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) c[i * ldc + j] = T{};
  }
  for (int64_t j = 0; j < n; j += kBlockColumns) {
    const int64_t columns = n - j < kBlockColumns ? n - j : kBlockColumns;
    for (int64_t p = 0; p < k; p += kBlockDepth) {
      const int64_t depth = k - p < kBlockDepth ? k - p : kBlockDepth;
      const T* block = b + p * ldb + j;
      const T* factors = a + p * a_column_stride;
      int64_t i = 0;
      for (; i + 4 <= m; i += 4) {
        UpdateRows<T, 4>(factors + i * a_row_stride, a_row_stride, a_column_stride, block, ldb,
                         c + i * ldc + j, ldc, columns, depth);
      }
      for (; i < m; ++i) {
        UpdateRows<T, 1>(factors + i * a_row_stride, a_row_stride, a_column_stride, block, ldb,
                         c + i * ldc + j, ldc, columns, depth);
      }
    }
  }
}

template <class T>
struct Vector {
  typedef T type __attribute__((vector_size(kVectorBytes)));
  static constexpr int kLanes = kVectorBytes / sizeof(T);
};

/// 64 bytes of lanes.
template <class T>
struct Lanes {
  using V = typename Vector<T>::type;
  static constexpr int kWidth = 64 / sizeof(T);
  V parts[kParts] = {};

  void MultiplyAdd(const T* x, const T* y) {
    for (int p = 0; p < kParts; ++p) {
      V a, b;
      __builtin_memcpy(&a, x + p * Vector<T>::kLanes, sizeof(V));
      __builtin_memcpy(&b, y + p * Vector<T>::kLanes, sizeof(V));
      parts[p] += a * b;
    }
  }
  /// The sum with `tail` more products in the first lanes.
  T Finish(const T* x, const T* y, int tail) const {
    T lanes[kWidth];
    __builtin_memcpy(lanes, parts, sizeof(lanes));
    for (int l = 0; l < tail; ++l) lanes[l] += x[l] * y[l];
    for (int half = kWidth / 2; half > 0; half /= 2) {
      for (int l = 0; l < half; ++l) lanes[l] += lanes[l + half];
    }
    return lanes[0];
  }
};

/// Dot products of kRows rows with x.
template <class T, int kRows>
void DotsOfRows(const T* a, int64_t row_stride, const T* x, T* out, int64_t k) {
  constexpr int kWidth = Lanes<T>::kWidth;
  Lanes<T> lanes[kRows];
  int64_t p = 0;
  for (; p + kWidth <= k; p += kWidth) {
    for (int r = 0; r < kRows; ++r) lanes[r].MultiplyAdd(a + r * row_stride + p, x + p);
  }
  for (int r = 0; r < kRows; ++r) {
    out[r] = lanes[r].Finish(a + r * row_stride + p, x + p, static_cast<int>(k - p));
  }
}

template <class T>
void RowDots(const void* a_data, int64_t row_stride, const void* x_data, void* out_data, int64_t m,
             int64_t k) {
  const T* a = static_cast<const T*>(a_data);
  const T* x = static_cast<const T*>(x_data);
  T* out = static_cast<T*>(out_data);
  int64_t i = 0;
  for (; i + kRowsAtOnce <= m; i += kRowsAtOnce) {
    DotsOfRows<T, kRowsAtOnce>(a + i * row_stride, row_stride, x, out + i, k);
  }
  for (; i < m; ++i) DotsOfRows<T, 1>(a + i * row_stride, row_stride, x, out + i, k);
}

template <class T>
void ColumnDots(const void* a_data, int64_t column_stride, const void* x_data, void* out_data,
                int64_t m, int64_t k) {
  constexpr int kWidth = Lanes<T>::kWidth;
  const T* x = static_cast<const T*>(x_data);
  alignas(64) T lanes[kWidth][kColumnDotsRows];
  for (int64_t i = 0; i < m; i += kColumnDotsRows) {
    const int64_t rows = m - i < kColumnDotsRows ? m - i : kColumnDotsRows;
    const T* a = static_cast<const T*>(a_data) + i;
    T* out = static_cast<T*>(out_data) + i;
    for (int l = 0; l < kWidth; ++l) {
      for (int64_t r = 0; r < rows; ++r) lanes[l][r] = 0;
    }
    int64_t p = 0;
    // Two columns of each lane at once halve the traffic of the lanes.
    for (; p + 2 * kWidth <= k; p += 2 * kWidth) {
      for (int l = 0; l < kWidth; ++l) {
        const T* first = a + (p + l) * column_stride;
        const T* second = a + (p + kWidth + l) * column_stride;
        const T x1 = x[p + l];
        const T x2 = x[p + kWidth + l];
        EMBER_INDEPENDENT
        for (int64_t r = 0; r < rows; ++r) {
          lanes[l][r] = (lanes[l][r] + first[r] * x1) + second[r] * x2;
        }
      }
    }
    for (; p < k; ++p) {
      T* lane = lanes[p % kWidth];
      EMBER_INDEPENDENT
      for (int64_t r = 0; r < rows; ++r) lane[r] += a[p * column_stride + r] * x[p];
    }
    for (int half = kWidth / 2; half > 0; half /= 2) {
      for (int l = 0; l < half; ++l) {
        EMBER_INDEPENDENT
        for (int64_t r = 0; r < rows; ++r) lanes[l][r] += lanes[l + half][r];
      }
    }
    for (int64_t r = 0; r < rows; ++r) out[r] = lanes[0][r];
  }
}

template <class T>
struct DotOf {
  static T Block(const T* x, const T* y, int64_t n) {
    constexpr int kWidth = Lanes<T>::kWidth;
    Lanes<T> lanes[4];
    int64_t i = 0;
    for (; i + 4 * kWidth <= n; i += 4 * kWidth) {
      for (int v = 0; v < 4; ++v) lanes[v].MultiplyAdd(x + i + v * kWidth, y + i + v * kWidth);
    }
    T sums[4];
    for (int v = 0; v < 4; ++v) {
      int64_t tail = n - i < 0 ? 0 : n - i;
      if (tail > kWidth) tail = kWidth;
      sums[v] = lanes[v].Finish(x + i, y + i, static_cast<int>(tail));
      i += kWidth;
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
};
template <class R>
struct DotOf<Pair<R>> {
  static Pair<R> Block(const Pair<R>* x, const Pair<R>* y, int64_t n) {
    constexpr int kWidth = 8;
    Pair<R> lanes[kWidth];
    for (int64_t i = 0; i < n; ++i) {
      lanes[i % kWidth] = MultiplyAdd(lanes[i % kWidth], x[i], y[i]);
    }
    for (int half = kWidth / 2; half > 0; half /= 2) {
      for (int l = 0; l < half; ++l) lanes[l] = lanes[l] + lanes[l + half];
    }
    return lanes[0];
  }
};

/// Adds blocks as the bits of a binary counter: two neighbours of equal size at a time.
template <class T>
void Dot(const void* x_data, const void* y_data, void* out, int64_t n) {
  const T* x = static_cast<const T*>(x_data);
  const T* y = static_cast<const T*>(y_data);
  T partial[64] = {};
  uint64_t num_blocks = 0;
  for (int64_t i = 0; i < n; i += kDotBlock) {
    T value = DotOf<T>::Block(x + i, y + i, n - i < kDotBlock ? n - i : kDotBlock);
    int level = 0;
    for (; (num_blocks >> level) & 1; ++level) value = partial[level] + value;
    partial[level] = value;
    ++num_blocks;
  }
  T total{};
  for (int level = 0; num_blocks >> level != 0; ++level) {
    if ((num_blocks >> level) & 1) total = partial[level] + total;
  }
  *static_cast<T*>(out) = total;
}

template <class T>
constexpr MatmulKernels IntegerKernels() {
  return {Product<T>, nullptr, nullptr, nullptr};
}
template <class T>
constexpr MatmulKernels FloatKernels() {
  return {Product<T>, Dot<T>, RowDots<T>, ColumnDots<T>};
}
template <class R>
constexpr MatmulKernels ComplexKernels() {
  return {Product<Pair<R>>, Dot<Pair<R>>, nullptr, nullptr};
}

/// By dtype. Signed integers are multiplied as unsigned ones, which wrap around by definition.
constexpr MatmulKernels kMatmulKernels[tensor::kNumDTypes] = {{},
                                                              IntegerKernels<uint8_t>(),
                                                              IntegerKernels<uint16_t>(),
                                                              IntegerKernels<uint32_t>(),
                                                              IntegerKernels<uint64_t>(),
                                                              IntegerKernels<uint8_t>(),
                                                              IntegerKernels<uint16_t>(),
                                                              IntegerKernels<uint32_t>(),
                                                              IntegerKernels<uint64_t>(),
                                                              FloatKernels<float>(),
                                                              FloatKernels<double>(),
                                                              ComplexKernels<float>(),
                                                              ComplexKernels<double>()};

}  // namespace
}  // namespace emberharmony::backend::native
