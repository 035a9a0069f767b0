// Bodies of the variance kernels: the sums of d = x - center and of d * d, in the tree of
// reduction_kernels_internal.h.
#pragma once

#include "emberharmony/backend/native/reduction_kernels_internal.h"

namespace emberharmony::backend::native {
namespace {

/// The sum of deviations would be 0 if the center was the exact mean; it corrects for the rounding
/// of the mean.
struct Deviations {
  double sum, squares;
};

template <int kWidth, class T>
Deviations DeviationsOfBlock(const T* x, int64_t n, double center) {
  double sums[kWidth] = {};
  double squares[kWidth] = {};
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    for (int j = 0; j < kWidth; ++j) {
      const double d = static_cast<double>(x[i + j]) - center;
      sums[j] += d;
      squares[j] += d * d;
    }
  }
  for (int j = 0; i + j < n; ++j) {
    const double d = static_cast<double>(x[i + j]) - center;
    sums[j] += d;
    squares[j] += d * d;
  }
  for (int half = kWidth / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) {
      sums[j] += sums[j + half];
      squares[j] += squares[j + half];
    }
  }
  return {sums[0], squares[0]};
}

template <class T>
void DeviationsOfRows(const void* input, int64_t stride, int64_t rows, int64_t n,
                      const double* centers, int64_t center_stride, void* accs) {
  const T* x = static_cast<const T*>(input);
  auto* out = static_cast<Deviations*>(accs);
  for (int64_t row = 0; row < rows; ++row) {
    const double center = centers[row * center_stride];
    out[row] = n <= 8 ? DeviationsOfBlock<8>(x + row * stride, n, center)
                      : DeviationsOfBlock<kLanes>(x + row * stride, n, center);
  }
}

/// Adds to one lane of all columns what `kRows` rows, 32 rows apart, bring.
template <class T, int kRows>
void ChainDeviations(const T* const* rows, int64_t width, const double* centers,
                     double* __restrict sums, double* __restrict squares) {
  EMBER_INDEPENDENT
  for (int64_t j = 0; j < width; ++j) {
    double sum = sums[j];
    double square = squares[j];
    for (int k = 0; k < kRows; ++k) {
      const double d = static_cast<double>(rows[k][j]) - centers[j];
      sum += d;
      square += d * d;
    }
    sums[j] = sum;
    squares[j] = square;
  }
}

template <class T>
void DeviationsOfColumns(const void* input, const int64_t* offsets, int64_t n, int64_t width,
                         const double* centers, void* scratch, void* accs) {
  const T* x = static_cast<const T*>(input);
  double* sums = static_cast<double*>(scratch);
  double* squares = sums + kLanes * width;
  auto* out = static_cast<Deviations*>(accs);
  int64_t used = n < kLanes ? n : kLanes;
  for (int64_t k = 0; k < used * width; ++k) sums[k] = squares[k] = 0;
  for (int64_t i = 0; i < n; i += 4 * kLanes) {
    for (int64_t lane = 0; lane < kLanes && i + lane < n; ++lane) {
      const T* rows[4];
      int count = 0;
      for (int64_t at = i + lane; count < 4 && at < n; at += kLanes) {
        rows[count++] = x + offsets[at];
      }
      double* lane_sums = sums + lane * width;
      double* lane_squares = squares + lane * width;
      if (count == 4) {
        ChainDeviations<T, 4>(rows, width, centers, lane_sums, lane_squares);
        continue;
      }
      for (int k = 0; k < count; ++k) {
        ChainDeviations<T, 1>(rows + k, width, centers, lane_sums, lane_squares);
      }
    }
  }
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
    if (used <= half) continue;
    const int64_t count = (used - half) * width;
    for (double* low : {sums, squares}) {
      const double* high = low + half * width;
      EMBER_INDEPENDENT
      for (int64_t k = 0; k < count; ++k) low[k] += high[k];
    }
    used = half;
  }
  for (int64_t j = 0; j < width; ++j) out[j] = {sums[j], squares[j]};
}

void CombineDeviations(void* a, const void* b, int64_t count) {
  double* x = static_cast<double*>(a);
  const double* y = static_cast<const double*>(b);
  EMBER_INDEPENDENT
  for (int64_t i = 0; i < 2 * count; ++i) x[i] += y[i];
}

template <class T>
void SetVariance(ReductionTable* table) {
  table->kernels[static_cast<int>(Op::kVar)][static_cast<int>(DTypeOf<T>())] = {
      &DeviationsOfRows<T>, &DeviationsOfColumns<T>, &CombineDeviations, sizeof(Deviations)};
}

}  // namespace
}  // namespace emberharmony::backend::native
