// The loops of row_kernels_internal.h, written once with the compiler's vector types and compiled
// once for each instruction set. Everything is in an anonymous namespace, and nothing of the
// standard library is called, so that no function compiled for a newer CPU can take the place of
// one for an older CPU when the library is linked.
#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "emberharmony/feature/row_kernels_internal.h"

namespace emberharmony::feature {
namespace {

#define EMBER_ROW_INLINE static inline __attribute__((always_inline))
/// Before loops over a tile: only unrolled ones keep it in registers.
#define EMBER_ROW_UNROLL _Pragma("GCC unroll 16")

/// Lanes of a register. What is wider is left to the registers' number, not to the compiler.
#if defined(__AVX512F__)
constexpr int kRowLanes = 8;
constexpr int kRowTile = 8;
#elif defined(__AVX2__)
constexpr int kRowLanes = 4;
constexpr int kRowTile = 4;
#else
constexpr int kRowLanes = 2;
constexpr int kRowTile = 2;
#endif
typedef double RowVector __attribute__((vector_size(kRowLanes * 8), aligned(8), may_alias));

EMBER_ROW_INLINE RowVector LoadRow(const double* from) {
  return *reinterpret_cast<const RowVector*>(from);
}
EMBER_ROW_INLINE void StoreRow(double* to, RowVector value) {
  *reinterpret_cast<RowVector*>(to) = value;
}

typedef float RowFloats __attribute__((vector_size(kRowLanes * 4), aligned(4), may_alias));

void WidenFloats(const float* from, int64_t n, double* out) {
  int64_t i = 0;
  for (; i + kRowLanes <= n; i += kRowLanes) {
    StoreRow(out + i,
             __builtin_convertvector(*reinterpret_cast<const RowFloats*>(from + i), RowVector));
  }
  for (; i < n; ++i) out[i] = from[i];
}

/// Half of a register: few columns are a multiple of a whole one.
constexpr int kHalfRowLanes = kRowLanes / 2;
typedef double HalfRowVector __attribute__((vector_size(kHalfRowLanes * 8), aligned(8), may_alias));

EMBER_ROW_INLINE HalfRowVector LoadHalfRow(const double* from) {
  return *reinterpret_cast<const HalfRowVector*>(from);
}

void CenterRows(const double* rows, int64_t num_rows, int64_t num_columns, const double* shift,
                double* out) {
  for (int64_t row = 0; row < num_rows; ++row, rows += num_columns, out += num_columns) {
    int64_t c = 0;
    for (; c + kRowLanes <= num_columns; c += kRowLanes) {
      StoreRow(out + c, LoadRow(rows + c) - LoadRow(shift + c));
    }
    if (c + kHalfRowLanes <= num_columns) {
      *reinterpret_cast<HalfRowVector*>(out + c) = LoadHalfRow(rows + c) - LoadHalfRow(shift + c);
      c += kHalfRowLanes;
    }
    for (; c < num_columns; ++c) out[c] = rows[c] - shift[c];
  }
}

typedef long long RowIntegers __attribute__((vector_size(kRowLanes * 8), aligned(8), may_alias));
typedef long long HalfRowIntegers
    __attribute__((vector_size(kHalfRowLanes * 8), aligned(8), may_alias));

void QuantizeRows(const double* rows, int64_t num_rows, int64_t num_columns, const double* centre,
                  const double* inverse_step, int64_t* out) {
  // The sum's low bits are the nearest integer, ties to even.
  constexpr double kNoFraction = 0x1.8p52;
  constexpr long long kNoFractionBits = 0x4338000000000000;
  for (int64_t row = 0; row < num_rows; ++row, rows += num_columns, out += num_columns) {
    int64_t c = 0;
    for (; c + kRowLanes <= num_columns; c += kRowLanes) {
      const RowVector sum =
          (LoadRow(rows + c) - LoadRow(centre + c)) * LoadRow(inverse_step + c) + kNoFraction;
      *reinterpret_cast<RowIntegers*>(out + c) = (RowIntegers)sum - kNoFractionBits;
    }
    if (c + kHalfRowLanes <= num_columns) {
      const HalfRowVector sum =
          (LoadHalfRow(rows + c) - LoadHalfRow(centre + c)) * LoadHalfRow(inverse_step + c) +
          kNoFraction;
      *reinterpret_cast<HalfRowIntegers*>(out + c) = (HalfRowIntegers)sum - kNoFractionBits;
      c += kHalfRowLanes;
    }
    for (; c < num_columns; ++c) {
      const double sum = (rows[c] - centre[c]) * inverse_step[c] + kNoFraction;
      long long bits;
      __builtin_memcpy(&bits, &sum, sizeof bits);
      out[c] = bits - kNoFractionBits;
    }
  }
}

void AddRows(const int64_t* rows, int64_t row_stride, int64_t num_rows, int64_t num_columns,
             int64_t* sums) {
  for (int64_t row = 0; row < num_rows; ++row, rows += row_stride) {
    int64_t c = 0;
    for (; c + kRowLanes <= num_columns; c += kRowLanes) {
      *reinterpret_cast<RowIntegers*>(sums + c) += *reinterpret_cast<const RowIntegers*>(rows + c);
    }
    for (; c < num_columns; ++c) sums[c] += rows[c];
  }
}

// Products of integers of 32 bits that lie in 64: instructions that no operator stands for.
#if defined(__AVX512F__)
typedef __m512i Products;
constexpr int kProductVector = 8, kTileRows = 4, kTileVectors = 3;
EMBER_ROW_INLINE Products LoadProducts(const int64_t* from) { return _mm512_loadu_si512(from); }
EMBER_ROW_INLINE void StoreProducts(int64_t* to, Products value) { _mm512_storeu_si512(to, value); }
EMBER_ROW_INLINE Products Everywhere(int64_t value) { return _mm512_set1_epi64(value); }
EMBER_ROW_INLINE Products Multiplied(Products a, Products b) { return _mm512_mul_epi32(a, b); }
EMBER_ROW_INLINE Products Added(Products a, Products b) { return _mm512_add_epi64(a, b); }
EMBER_ROW_INLINE Products HighHalf(Products a) { return _mm512_srai_epi64(a, 32); }
EMBER_ROW_INLINE Products LowHalf(Products a) {
  return _mm512_and_si512(a, _mm512_set1_epi64(0xffffffff));
}
EMBER_ROW_INLINE RowVector Fused(double a, RowVector b, RowVector c) {
  return (RowVector)_mm512_fmadd_pd(_mm512_set1_pd(a), (__m512d)b, (__m512d)c);
}
#elif defined(__AVX2__)
typedef __m256i Products;
constexpr int kProductVector = 4, kTileRows = 2, kTileVectors = 2;
EMBER_ROW_INLINE Products LoadProducts(const int64_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
EMBER_ROW_INLINE void StoreProducts(int64_t* to, Products value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value);
}
EMBER_ROW_INLINE Products Everywhere(int64_t value) { return _mm256_set1_epi64x(value); }
EMBER_ROW_INLINE Products Multiplied(Products a, Products b) { return _mm256_mul_epi32(a, b); }
EMBER_ROW_INLINE Products Added(Products a, Products b) { return _mm256_add_epi64(a, b); }
EMBER_ROW_INLINE Products HighHalf(Products a) {
  // There is no shift that keeps the sign: of numbers that are moved to be positive.
  const __m256i moved = _mm256_xor_si256(a, _mm256_set1_epi64x(INT64_MIN));
  return _mm256_sub_epi64(_mm256_srli_epi64(moved, 32), _mm256_set1_epi64x(int64_t{1} << 31));
}
EMBER_ROW_INLINE Products LowHalf(Products a) {
  return _mm256_and_si256(a, _mm256_set1_epi64x(0xffffffff));
}
EMBER_ROW_INLINE RowVector Fused(double a, RowVector b, RowVector c) {
  return (RowVector)_mm256_fmadd_pd(_mm256_set1_pd(a), (__m256d)b, (__m256d)c);
}
#else
typedef int64_t Products;
constexpr int kProductVector = 1, kTileRows = 2, kTileVectors = 2;
EMBER_ROW_INLINE Products LoadProducts(const int64_t* from) { return *from; }
EMBER_ROW_INLINE void StoreProducts(int64_t* to, Products value) { *to = value; }
EMBER_ROW_INLINE Products Everywhere(int64_t value) { return value; }
EMBER_ROW_INLINE Products Multiplied(Products a, Products b) {
  // Of what lies behind the rows only the low half counts, as above.
  return int64_t{static_cast<int32_t>(a)} * static_cast<int32_t>(b);
}
EMBER_ROW_INLINE Products Added(Products a, Products b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
EMBER_ROW_INLINE Products HighHalf(Products a) { return a >> 32; }
EMBER_ROW_INLINE Products LowHalf(Products a) { return a & 0xffffffff; }
EMBER_ROW_INLINE RowVector Fused(double a, RowVector b, RowVector c) {
  return RowVector{__builtin_fma(a, b[0], c[0]), __builtin_fma(a, b[1], c[1])};
}
#endif

/// Products below 2^60 that a sum can take in beside 2^32.
constexpr int64_t kProductsInSum = 7;
/// Rows that stay in a cache while all tiles go over them.
constexpr int64_t kProductRows = 16 * kProductsInSum;

template <int Rows, int Vectors>
EMBER_ROW_INLINE void AddTile(const int64_t* a, const int64_t* b, int64_t row_stride,
                              int64_t num_rows, int64_t width, int64_t* high, int64_t* low) {
  Products sums[Rows][Vectors];
  Products highs[Rows][Vectors];
  EMBER_ROW_UNROLL
  for (int i = 0; i < Rows; ++i) {
    EMBER_ROW_UNROLL
    for (int v = 0; v < Vectors; ++v) sums[i][v] = highs[i][v] = Everywhere(0);
  }
  for (int64_t done = 0; done < num_rows; done += kProductsInSum) {
    const int64_t end = done + kProductsInSum < num_rows ? done + kProductsInSum : num_rows;
    for (int64_t row = done; row < end; ++row, a += row_stride, b += row_stride) {
      Products others[Vectors];
      EMBER_ROW_UNROLL
      for (int v = 0; v < Vectors; ++v) others[v] = LoadProducts(b + v * kProductVector);
      EMBER_ROW_UNROLL
      for (int i = 0; i < Rows; ++i) {
        const Products one = Everywhere(a[i]);
        EMBER_ROW_UNROLL
        for (int v = 0; v < Vectors; ++v) {
          sums[i][v] = Added(sums[i][v], Multiplied(one, others[v]));
        }
      }
    }
    EMBER_ROW_UNROLL
    for (int i = 0; i < Rows; ++i) {
      EMBER_ROW_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        highs[i][v] = Added(highs[i][v], HighHalf(sums[i][v]));
        sums[i][v] = LowHalf(sums[i][v]);
      }
    }
  }
  EMBER_ROW_UNROLL
  for (int i = 0; i < Rows; ++i) {
    EMBER_ROW_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const int64_t place = i * width + v * kProductVector;
      StoreProducts(high + place, Added(LoadProducts(high + place), highs[i][v]));
      StoreProducts(low + place, Added(LoadProducts(low + place), sums[i][v]));
    }
  }
}

/// All rows i of some vectors of j.
template <int Vectors>
EMBER_ROW_INLINE void AddTiles(const int64_t* rows, int64_t j, int64_t row_stride, int64_t num_rows,
                               int64_t num_columns, int64_t width, int64_t* high, int64_t* low) {
  int64_t i = 0;
  for (; i + kTileRows <= num_columns; i += kTileRows) {
    AddTile<kTileRows, Vectors>(rows + i, rows + j, row_stride, num_rows, width,
                                high + i * width + j, low + i * width + j);
  }
  for (; i < num_columns; ++i) {
    AddTile<1, Vectors>(rows + i, rows + j, row_stride, num_rows, width, high + i * width + j,
                        low + i * width + j);
  }
}

void AddProducts(const int64_t* rows, int64_t row_stride, int64_t num_rows, int64_t num_columns,
                 int64_t length, int64_t* high, int64_t* low) {
  const int64_t width = (length + kProductLanes - 1) / kProductLanes * kProductLanes;
  constexpr int64_t kTileLength = kTileVectors * kProductVector;
  for (int64_t done = 0; done < num_rows; done += kProductRows) {
    const int64_t count = num_rows - done < kProductRows ? num_rows - done : kProductRows;
    const int64_t* first = rows + done * row_stride;
    int64_t j = 0;
    for (; j + kTileLength <= width; j += kTileLength) {
      AddTiles<kTileVectors>(first, j, row_stride, count, num_columns, width, high, low);
    }
    for (; j < length; j += kProductVector) {
      AddTiles<1>(first, j, row_stride, count, num_columns, width, high, low);
    }
  }
}

/// The lanes from `basis` on for Tile windows, one register of eight lanes each.
template <int Tile>
EMBER_ROW_INLINE void ProjectTile(const double* first, int64_t window_stride, int64_t num_features,
                                  const double* basis, const double* offset, int64_t width,
                                  double* out) {
  constexpr int kParts = static_cast<int>(kProjectionLanes) / kRowLanes;
  RowVector sums[Tile][kParts] = {};
  for (int64_t k = 0; k < num_features; ++k, basis += width) {
    EMBER_ROW_UNROLL
    for (int window = 0; window < Tile; ++window) {
      const double value = first[window * window_stride + k];
      EMBER_ROW_UNROLL
      for (int part = 0; part < kParts; ++part) {
        sums[window][part] = Fused(value, LoadRow(basis + part * kRowLanes), sums[window][part]);
      }
    }
  }
  EMBER_ROW_UNROLL
  for (int window = 0; window < Tile; ++window) {
    EMBER_ROW_UNROLL
    for (int part = 0; part < kParts; ++part) {
      StoreRow(out + window * width + part * kRowLanes,
               sums[window][part] + LoadRow(offset + part * kRowLanes));
    }
  }
}

void ProjectRows(const double* first, int64_t window_stride, int64_t num_windows,
                 int64_t num_features, const double* basis, const double* offset, int64_t width,
                 double* out) {
  int64_t window = 0;
  for (; window + kRowTile <= num_windows; window += kRowTile) {
    for (int64_t lane = 0; lane < width; lane += kProjectionLanes) {
      ProjectTile<kRowTile>(first + window * window_stride, window_stride, num_features,
                            basis + lane, offset + lane, width, out + window * width + lane);
    }
  }
  for (; window < num_windows; ++window) {
    for (int64_t lane = 0; lane < width; lane += kProjectionLanes) {
      ProjectTile<1>(first + window * window_stride, window_stride, num_features, basis + lane,
                     offset + lane, width, out + window * width + lane);
    }
  }
}

constexpr RowKernels kRowKernels = {&WidenFloats, &CenterRows,  &QuantizeRows,
                                    &AddRows,     &AddProducts, &ProjectRows};

}  // namespace
}  // namespace emberharmony::feature
