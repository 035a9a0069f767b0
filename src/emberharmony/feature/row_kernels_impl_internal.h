// The loops of row_kernels_internal.h, written once with the compiler's vector types and compiled
// once for each instruction set. Everything is in an anonymous namespace, and nothing of the
// standard library is called, so that no function compiled for a newer CPU can take the place of
// one for an older CPU when the library is linked.
#pragma once

#include "emberharmony/feature/row_kernels_internal.h"

namespace emberharmony::feature {
namespace {

#define EMBER_ROW_INLINE static inline __attribute__((always_inline))

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

/// To the nearest integer, ties to even, of sizes up to 2^51: the sum with 1.5 * 2^52 has no bits
/// for fractions. One instruction more than rounding, but the same on every CPU.
template <class T>
EMBER_ROW_INLINE T Nearest(T value) {
  constexpr double kNoFraction = 0x1.8p52;
  return (value + kNoFraction) - kNoFraction;
}

void CenterRows(const double* rows, int64_t num_rows, int64_t num_columns, const double* shift,
                double* out) {
  for (int64_t row = 0; row < num_rows; ++row, rows += num_columns, out += num_columns) {
    int64_t c = 0;
    for (; c + kRowLanes <= num_columns; c += kRowLanes) {
      StoreRow(out + c, LoadRow(rows + c) - LoadRow(shift + c));
    }
    for (; c < num_columns; ++c) out[c] = rows[c] - shift[c];
  }
}

template <class T>
EMBER_ROW_INLINE void SplitHalves(T quantized, T& high, T& low) {
  high = Nearest(quantized * 0x1p-15);
  low = quantized - high * 0x1p15;
}

void QuantizeRows(const double* rows, int64_t num_rows, int64_t num_columns, const double* centre,
                  const double* inverse_step, double* out) {
  for (int64_t row = 0; row < num_rows; ++row, rows += num_columns, out += 2 * num_columns) {
    int64_t c = 0;
    for (; c + kRowLanes <= num_columns; c += kRowLanes) {
      RowVector high, low;
      SplitHalves(Nearest((LoadRow(rows + c) - LoadRow(centre + c)) * LoadRow(inverse_step + c)),
                  high, low);
      StoreRow(out + c, high);
      StoreRow(out + num_columns + c, low);
    }
    for (; c < num_columns; ++c) {
      SplitHalves(Nearest((rows[c] - centre[c]) * inverse_step[c]), out[c], out[num_columns + c]);
    }
  }
}

void AddRows(const double* rows, int64_t row_stride, int64_t num_rows, int64_t num_columns,
             double* sums) {
  int64_t c = 0;
  for (; c + kRowLanes <= num_columns; c += kRowLanes) {
    RowVector sum = LoadRow(sums + c);
    for (int64_t row = 0; row < num_rows; ++row) sum += LoadRow(rows + row * row_stride + c);
    StoreRow(sums + c, sum);
  }
  for (; c < num_columns; ++c) {
    for (int64_t row = 0; row < num_rows; ++row) sums[c] += rows[row * row_stride + c];
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
    for (int window = 0; window < Tile; ++window) {
      const double value = first[window * window_stride + k];
      for (int part = 0; part < kParts; ++part) {
        sums[window][part] += value * LoadRow(basis + part * kRowLanes);
      }
    }
  }
  for (int window = 0; window < Tile; ++window) {
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

constexpr RowKernels kRowKernels = {&CenterRows, &QuantizeRows, &AddRows, &ProjectRows};

}  // namespace
}  // namespace emberharmony::feature
