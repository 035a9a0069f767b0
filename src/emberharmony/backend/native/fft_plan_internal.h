#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "emberharmony/backend/native/fft_kernel_table_internal.h"

namespace emberharmony::backend::native {

/// Complex numbers with their parts in two arrays.
template <class T>
struct SplitNumbers {
  T* re;
  T* im;

  /// A transform of numbers with their parts swapped is the swapped one backwards.
  SplitNumbers Swapped() const { return {im, re}; }
  SplitNumbers SwappedIf(bool swap) const { return swap ? Swapped() : *this; }
  operator SplitNumbers<const T>() const
    requires(!std::is_const_v<T>)
  {
    return {re, im};
  }
};

/// The im_offset of numbers without imaginary parts.
inline constexpr int64_t kNoImaginaryParts = INT64_MIN;

/// Complex numbers somewhere in memory, `step` numbers of T apart; the first `count` count. A
/// source's others are zeros, a target's others are dropped. A source without imaginary parts
/// (null) is real, a target without them drops them.
template <class T>
struct FftSource {
  const T* re;
  const T* im;
  int64_t step;
  int64_t count;

  int64_t im_offset() const { return im != nullptr ? im - re : kNoImaginaryParts; }
};
template <class T>
struct FftTarget {
  T* re;
  T* im;
  int64_t step;
  int64_t count;
  T scale;

  int64_t im_offset() const { return im != nullptr ? im - re : kNoImaginaryParts; }
};

/// The transform of n elements by passes (Stockham's order) over its factors. Immutable.
template <class T>
class DirectFft {
 public:
  /// Every prime factor of n is at most kGenericRadixMax.
  explicit DirectFft(int64_t n);

  /// Transforms `lanes` columns of x, [n][lanes], forwards, and returns where the result is: in a
  /// or in b, which must be apart. x is one of them, perhaps with its parts swapped, or (n > 1)
  /// apart from both.
  SplitNumbers<T> Run(const FftKernels<T>& kernels, SplitNumbers<const T> x, SplitNumbers<T> a,
                      SplitNumbers<T> b, int64_t lanes) const;

  int64_t size_bytes() const;

 private:
  struct Pass {
    int kernel;  ///< position in kFftRadices, or -1 for the generic one
    int64_t radix;
    int64_t m;
    std::vector<T> roots;   ///< [2][radix - 1][m]: cosines, then sines, of -2 pi p j / (radix m)
    std::vector<T> circle;  ///< generic: [2][radix]: cosines, then sines, of 2 pi k / radix
  };

  int64_t n_;
  std::vector<Pass> passes_;
};

/// How to transform n complex numbers; depends on n alone, so that the same numbers give the same
/// bits whatever surrounds them. Immutable; any thread may use it.
///
/// Lengths up to kFftDirectMax go through the passes of a DirectFft. Longer ones are a table of n1
/// rows and n2 columns (Bailey, "FFTs in external or hierarchical memory", 1990): columns are
/// transformed a few at a time, multiplied by roots of unity and transposed; then the rows. Lengths
/// with a large prime factor are a convolution of a length without (Bluestein, 1970).
template <class T>
class FftPlan {
 public:
  /// The plan for n >= 1, from a bounded cache. Throws OutOfMemoryError. Thread-safe.
  static std::shared_ptr<const FftPlan> Get(int64_t n, bool has_mixing_roots = false);

  /// With roots of unity for FftKernels::mix if asked for.
  FftPlan(int64_t n, bool has_mixing_roots);

  int64_t n() const { return n_; }
  bool has_mixing_roots() const { return !mixing_roots_.empty(); }
  /// exp(-pi i k / n), k <= n / 2.
  SplitNumbers<const T> mixing_roots() const {
    if (mixing_roots_.empty()) return {};
    return {mixing_roots_.data(), mixing_roots_.data() + n_ / 2 + 1};
  }
  /// Whether RunTile serves; else RunLong.
  bool is_tiled() const { return four_step_rows_ == nullptr && !convolution_is_long(); }
  /// The rows that the buffers of RunTile have.
  int64_t tile_rows() const { return convolution_ != nullptr ? convolution_->n() : n_; }

  /// Transforms `lanes` columns of x, [n][lanes], which lies in a or b, forwards. Returns where the
  /// result is. The buffers are [tile_rows()][lanes] and apart.
  SplitNumbers<T> RunTile(const FftKernels<T>& kernels, SplitNumbers<T> x, SplitNumbers<T> other,
                          int64_t lanes) const;

  /// Transforms one sequence on up to NumThreads() threads. The target may be the source.
  void RunLong(const FftKernels<T>& kernels, const FftSource<T>& source, const FftTarget<T>& target,
               bool inverse) const;

  int64_t size_bytes() const;

 private:
  bool convolution_is_long() const { return convolution_ != nullptr && !convolution_->is_tiled(); }
  void MakeFourStep();
  void MakeConvolution(int64_t convolution_length);
  void RunFourStep(const FftKernels<T>& kernels, const FftSource<T>& source,
                   const FftTarget<T>& target, bool inverse) const;
  void RunColumns(const FftKernels<T>& kernels, const FftSource<T>& source, bool inverse,
                  int64_t first_block, int64_t last_block, T* to, arrow::MemoryPool* pool) const;
  void RunRows(const FftKernels<T>& kernels, const T* from, const FftTarget<T>& target,
               bool inverse, int64_t first_block, int64_t last_block,
               arrow::MemoryPool* pool) const;
  void RunConvolution(const FftKernels<T>& kernels, const FftSource<T>& source,
                      const FftTarget<T>& target, bool inverse) const;

  int64_t n_;
  std::unique_ptr<const DirectFft<T>> direct_;
  // Four steps.
  int64_t n1_ = 0, n2_ = 0;
  std::unique_ptr<const DirectFft<T>> four_step_columns_, four_step_rows_;
  std::vector<T> near_roots_;  ///< [2][n1][kFourStepLanes]; see FourStepBlock
  std::vector<T> far_roots_;   ///< [column blocks][2][n1]
  std::vector<T> mixing_roots_;
  // Bluestein.
  std::shared_ptr<const FftPlan> convolution_;
  std::vector<T> chirp_;              ///< [2][n]: exp(-pi i k^2 / n)
  std::vector<T> transformed_chirp_;  ///< [2][convolution_->n()]
};

/// Sequences in memory that are worked on side by side: lane l begins at starts[l], its imaginary
/// parts `im_offset` numbers further on, and has `count` elements.
template <class T>
struct FftLanes {
  T* const* starts;
  int64_t lanes;
  int64_t im_offset;
  int64_t step;
  int64_t count;
};
/// Copies them into rows of one element of each lane; those from `count` up to `rows` become zeros.
template <class T>
void GatherLanes(const FftKernels<T>& kernels, const FftLanes<const T>& from, int64_t rows,
                 SplitNumbers<T> to);
/// Copies the first to.count rows, times `scale`, to them.
template <class T>
void ScatterLanes(const FftKernels<T>& kernels, SplitNumbers<const T> from, T scale,
                  const FftLanes<T>& to);

}  // namespace emberharmony::backend::native
