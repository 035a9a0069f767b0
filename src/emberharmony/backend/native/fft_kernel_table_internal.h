#pragma once

#include <cstdint>

#include "emberharmony/backend/native/instruction_set_internal.h"

namespace emberharmony::backend::native {

/// The radices with a kernel of their own; other prime factors go through `generic_pass`.
inline constexpr int kFftRadices[] = {2, 3, 4, 5, 7, 8, 9, 11, 13};
inline constexpr int kNumFftRadices = 9;

/// The largest prime `generic_pass` takes: what it holds of that many elements fits the level-1
/// cache.
inline constexpr int kGenericRadixMax = 331;

/// Columns of a long transform that are worked on together: whole cache lines of complex numbers.
template <class T>
inline constexpr int64_t kFourStepLanes = 128 / sizeof(T);

/// Factors of a root of unity, and where the results of a block of columns go.
template <class T>
struct FourStepBlock {
  const T* xr;  ///< the block after its transforms: [n1][lanes]
  const T* xi;
  int64_t n1;
  int64_t n2;
  int64_t first;  ///< the block's first column
  int64_t lanes;  ///< and how many they are: kFourStepLanes, or fewer in the last block
  const T* ar;    ///< [n1][kFourStepLanes]: w^(k1 * lane)
  const T* ai;
  const T* br;  ///< [n1]: w^(k1 * first)
  const T* bi;
  T* to;  ///< chunks of kFourStepLanes rows k1, each the real parts [n2][rows], then the imaginary
};

/// The inner loops of the Fourier transforms: passes. Complex numbers are split: real parts in one
/// array, imaginary parts in another, both [n][lanes], where the lanes are transforms that are
/// computed side by side. Each element goes through the same operations in the same order whatever
/// the instruction set and the number of lanes.
template <class T>
struct FftPasses {
  /// One pass of a transform of n = s * R * m elements, in Stockham's order with decimation in
  /// frequency: x is [R][m][s], y is [m][R][s]; along R a transform of that length, then element j
  /// of row p is multiplied by w[j - 1][p] (nothing is multiplied if m is 1).
  using Pass = void (*)(const T* xr, const T* xi, T* yr, T* yi, int64_t s, int64_t m, const T* wr,
                        const T* wi);
  Pass passes[kNumFftRadices];  ///< by position in kFftRadices
  /// The same for any odd R up to kGenericRadixMax; cosines and sines of 2 pi k / R, k < R.
  void (*generic_pass)(int64_t radix, const T* cosines, const T* sines, const T* xr, const T* xi,
                       T* yr, T* yi, int64_t s, int64_t m, const T* wr, const T* wi);
};

/// And what brings numbers into that form and back.
template <class T>
struct FftCopies {
  /// Row i of x, of `lanes` elements, times w[i], into y (which may be x).
  void (*multiply_rows)(const T* xr, const T* xi, const T* wr, const T* wi, int64_t rows,
                        int64_t lanes, T* yr, T* yi);

  /// Between `rows` rows of `lanes` interleaved complex numbers, `row_step` numbers of T apart, and
  /// split ones; multiplied by `scale` on the way out.
  void (*split_rows)(const T* from, int64_t row_step, int64_t rows, int64_t lanes, T* re, T* im);
  void (*interleave_rows)(const T* re, const T* im, int64_t rows, int64_t lanes, T scale, T* to,
                          int64_t row_step);
  /// The same where each lane lies by itself: n contiguous complex numbers at lane_starts[lane].
  void (*split_lanes)(const T* const* lane_starts, int64_t n, int64_t lanes, T* re, T* im);
  void (*interleave_lanes)(const T* re, const T* im, int64_t n, int64_t lanes, T scale,
                           T* const* lane_starts);

  /// Multiplies the columns of a long transform by their roots of unity and transposes them.
  void (*twiddle_transpose)(const FourStepBlock<T>& block);

  /// What makes the transform of 2 m real numbers of the one of the m complex numbers that they
  /// are in pairs, and back: see MixPair in fft_copy_kernels_internal.h. x has m elements forwards,
  /// m + 1 backwards; z has m + 1 forwards, m backwards, and may be x. w[k] is exp(-pi i k / m).
  /// Interleaved, a single lane; forwards, then backwards.
  void (*mix[2])(const T* x, T* z, int64_t m, const T* wr, const T* wi, T scale);
  /// Split, in rows of `lanes`; z is not x.
  void (*mix_rows[2])(const T* xr, const T* xi, T* zr, T* zi, int64_t m, int64_t lanes, const T* wr,
                      const T* wi, T scale);
};

/// All of one instruction set.
template <class T>
struct FftKernels : FftPasses<T>, FftCopies<T> {};

#define EMBER_DECLARE_FFT_KERNELS(set)    \
  namespace set {                         \
  FftPasses<float> FftPassesOfFloat32();  \
  FftPasses<double> FftPassesOfFloat64(); \
  FftCopies<float> FftCopiesOfFloat32();  \
  FftCopies<double> FftCopiesOfFloat64(); \
  }
EMBER_DECLARE_FFT_KERNELS(scalar)
EMBER_DECLARE_FFT_KERNELS(avx2)
EMBER_DECLARE_FFT_KERNELS(avx512)
#undef EMBER_DECLARE_FFT_KERNELS

/// The kernels of the active instruction set, for T float or double.
template <class T>
const FftKernels<T>& ActiveFftKernels();

}  // namespace emberharmony::backend::native
