// Transforms of sequences that are longer than a cache: see FftPlan.
#include <algorithm>

#include "emberharmony/backend/native/fft_numbers_internal.h"
#include "emberharmony/backend/native/fft_plan_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
template <class T>
void FftPlan<T>::RunLong(const FftKernels<T>& kernels, const FftSource<T>& source,
                         const FftTarget<T>& target, bool inverse) const {
  if (convolution_ != nullptr) {
    RunConvolution(kernels, source, target, inverse);
  } else {
    RunFourStep(kernels, source, target, inverse);
  }
}

template <class T>
void FftPlan<T>::RunFourStep(const FftKernels<T>& kernels, const FftSource<T>& source,
                             const FftTarget<T>& target, bool inverse) const {
  constexpr int64_t kLanes = kFourStepLanes<T>;
  // So many numbers keep a thread busy for much longer than it takes to wake it.
  constexpr int64_t kGrain = int64_t{1} << 17;
  arrow::MemoryPool* const pool = tensor::CurrentMemoryPool();
  const FftNumbers<T> between(pool, 2 * n_);
  ParallelRanges((n2_ - 1) / kLanes + 1, std::max<int64_t>(1, kGrain / (n1_ * kLanes)),
                 [&](int64_t begin, int64_t end) {
                   RunColumns(kernels, source, inverse, begin, end, between.data(), pool);
                 });
  ParallelRanges((n1_ - 1) / kLanes + 1, std::max<int64_t>(1, kGrain / (n2_ * kLanes)),
                 [&](int64_t begin, int64_t end) {
                   RunRows(kernels, between.data(), target, inverse, begin, end, pool);
                 });
}

template <class T>
void FftPlan<T>::RunColumns(const FftKernels<T>& kernels, const FftSource<T>& source, bool inverse,
                            int64_t first_block, int64_t last_block, T* to,
                            arrow::MemoryPool* pool) const {
  constexpr int64_t kLanes = kFourStepLanes<T>;
  const int64_t tile = n1_ * kLanes;
  const FftNumbers<T> buffer(pool, 4 * tile);
  const SplitNumbers<T> a = {buffer.data(), buffer.data() + tile};
  const SplitNumbers<T> b = {buffer.data() + 2 * tile, buffer.data() + 3 * tile};
  for (int64_t block = first_block; block < last_block; ++block) {
    const int64_t first = block * kLanes;
    const int64_t lanes = std::min(kLanes, n2_ - first);
    const T* starts[kLanes];
    for (int64_t lane = 0; lane < lanes; ++lane) {
      starts[lane] = source.re + (first + lane) * source.step;
    }
    // Of all but the last column as many elements count as of the first.
    const int64_t full_rows =
        std::clamp<int64_t>((source.count - first - lanes + n2_) / n2_, 0, n1_);
    const int64_t im_offset = source.im_offset();
    GatherLanes<T>(kernels, {starts, lanes, im_offset, n2_ * source.step, full_rows}, n1_,
                   a.SwappedIf(inverse));
    if (full_rows < n1_) {
      // The row in which the source ends.
      const SplitNumbers<T> row = {a.SwappedIf(inverse).re + full_rows * lanes,
                                   a.SwappedIf(inverse).im + full_rows * lanes};
      for (int64_t lane = 0; lane < lanes; ++lane) {
        if (full_rows * n2_ + first + lane >= source.count) break;
        const T* number = starts[lane] + full_rows * n2_ * source.step;
        row.re[lane] = *number;
        row.im[lane] = source.im != nullptr ? number[im_offset] : T(0);
      }
    }
    const SplitNumbers<T> x = four_step_columns_->Run(kernels, a, a, b, lanes);
    const T* far = far_roots_.data() + 2 * block * n1_;
    const T* near = near_roots_.data();
    kernels.twiddle_transpose(
        {x.re, x.im, n1_, n2_, first, lanes, near, near + tile, far, far + n1_, to});
  }
}

template <class T>
void FftPlan<T>::RunRows(const FftKernels<T>& kernels, const T* from, const FftTarget<T>& target,
                         bool inverse, int64_t first_block, int64_t last_block,
                         arrow::MemoryPool* pool) const {
  constexpr int64_t kLanes = kFourStepLanes<T>;
  const int64_t tile = n2_ * kLanes;
  const FftNumbers<T> buffer(pool, 4 * tile);
  const SplitNumbers<T> a = {buffer.data(), buffer.data() + tile};
  const SplitNumbers<T> b = {buffer.data() + 2 * tile, buffer.data() + 3 * tile};
  for (int64_t block = first_block; block < last_block; ++block) {
    const int64_t first = block * kLanes;
    const int64_t lanes = std::min(kLanes, n1_ - first);
    const T* chunk = from + 2 * n2_ * first;
    const SplitNumbers<T> x =
        four_step_rows_->Run(kernels, {chunk, chunk + n2_ * lanes}, a, b, lanes).SwappedIf(inverse);
    T* starts[kLanes];
    for (int64_t lane = 0; lane < lanes; ++lane) {
      starts[lane] = target.re + (first + lane) * target.step;
    }
    const int64_t full_rows =
        std::clamp<int64_t>((target.count - first - lanes + n1_) / n1_, 0, n2_);
    const int64_t im_offset = target.im_offset();
    ScatterLanes<T>(kernels, x, target.scale,
                    {starts, lanes, im_offset, n1_ * target.step, full_rows});
    if (full_rows == n2_) continue;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      if (full_rows * n1_ + first + lane >= target.count) break;
      T* number = starts[lane] + full_rows * n1_ * target.step;
      *number = x.re[full_rows * lanes + lane] * target.scale;
      if (target.im != nullptr) number[im_offset] = x.im[full_rows * lanes + lane] * target.scale;
    }
  }
}

template <class T>
void FftPlan<T>::RunConvolution(const FftKernels<T>& kernels, const FftSource<T>& source,
                                const FftTarget<T>& target, bool inverse) const {
  const int64_t m = convolution_->n();
  const FftNumbers<T> buffer(tensor::CurrentMemoryPool(), 4 * m);
  const SplitNumbers<T> a = {buffer.data(), buffer.data() + m};
  const SplitNumbers<T> b = {buffer.data() + 2 * m, buffer.data() + 3 * m};
  const T* chirp_im = chirp_.data() + n_;
  const T* const start[] = {source.re};
  GatherLanes<T>(kernels, {start, 1, source.im_offset(), source.step, std::min(source.count, n_)},
                 n_, a.SwappedIf(inverse));
  kernels.multiply_rows(a.re, a.im, chirp_.data(), chirp_im, n_, 1, a.re, a.im);
  convolution_->RunLong(kernels, {a.re, a.im, 1, n_}, {b.re, b.im, 1, m, T(1)}, false);
  kernels.multiply_rows(b.re, b.im, transformed_chirp_.data(), transformed_chirp_.data() + m, m, 1,
                        b.re, b.im);
  convolution_->RunLong(kernels, {b.re, b.im, 1, m}, {a.re, a.im, 1, n_, T(1)}, true);
  kernels.multiply_rows(a.re, a.im, chirp_.data(), chirp_im, n_, 1, a.re, a.im);
  T* const to[] = {target.re};
  ScatterLanes<T>(kernels, a.SwappedIf(inverse), target.scale,
                  {to, 1, target.im_offset(), target.step, std::min(target.count, n_)});
}

template class FftPlan<float>;
template class FftPlan<double>;

}  // namespace emberharmony::backend::native
