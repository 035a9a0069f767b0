#include <algorithm>
#include <list>
#include <mutex>
#include <string>

#include "emberharmony/backend/native/fft_factors_internal.h"
#include "emberharmony/backend/native/fft_plan_internal.h"
#include "emberharmony/backend/roots_of_unity.h"
#include "emberharmony/tensor/errors.h"

namespace emberharmony::backend::native {
namespace {

/// What the cache of each element type holds at most. A plan larger than that is made for each
/// call; beside its transform that costs little.
constexpr int64_t kCachedBytesMax = int64_t{64} << 20;
constexpr int64_t kCachedPlansMax = 256;

/// The plans used last. Thread-safe.
template <class T>
class PlanCache {
 public:
  std::shared_ptr<const FftPlan<T>> Find(int64_t n, bool has_mixing_roots) {
    std::lock_guard lock(mutex_);
    for (auto entry = plans_.begin(); entry != plans_.end(); ++entry) {
      if ((*entry)->n() != n || (*entry)->has_mixing_roots() != has_mixing_roots) continue;
      plans_.splice(plans_.begin(), plans_, entry);
      return plans_.front();
    }
    return nullptr;
  }

  void Add(std::shared_ptr<const FftPlan<T>> plan) {
    const int64_t bytes = plan->size_bytes();
    if (bytes > kCachedBytesMax) return;
    std::lock_guard lock(mutex_);
    plans_.push_front(std::move(plan));
    bytes_ += bytes;
    while (bytes_ > kCachedBytesMax || static_cast<int64_t>(plans_.size()) > kCachedPlansMax) {
      bytes_ -= plans_.back()->size_bytes();
      plans_.pop_back();
    }
  }

 private:
  std::mutex mutex_;
  std::list<std::shared_ptr<const FftPlan<T>>> plans_;  // guarded by mutex_; used last first
  int64_t bytes_ = 0;                                   // guarded by mutex_
};

template <class T>
PlanCache<T>& TheCache() {
  static PlanCache<T> cache;
  return cache;
}

}  // namespace

template <class T>
std::shared_ptr<const FftPlan<T>> FftPlan<T>::Get(int64_t n, bool has_mixing_roots) {
  if (auto plan = TheCache<T>().Find(n, has_mixing_roots)) return plan;
  try {
    // Made without the lock: two threads may make the same one.
    auto plan = std::make_shared<const FftPlan>(n, has_mixing_roots);
    TheCache<T>().Add(plan);
    return plan;
  } catch (const tensor::OutOfMemoryError&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw tensor::OutOfMemoryError("no memory is left for the tables of a Fourier transform of " +
                                   std::to_string(n) + " elements");
  }
}

template <class T>
FftPlan<T>::FftPlan(int64_t n, bool has_mixing_roots) : n_(n) {
  if (const int64_t convolution_length = ConvolutionLengthOf(n)) {
    MakeConvolution(convolution_length);
  } else if (n > kFftDirectMax) {
    MakeFourStep();
  } else {
    direct_ = std::make_unique<DirectFft<T>>(n);
  }
  if (!has_mixing_roots) return;
  mixing_roots_.resize(2 * (n / 2 + 1));
  for (int64_t k = 0; k <= n / 2; ++k) {
    const Root root = RootOfUnity(k, 2 * n);
    mixing_roots_[k] = static_cast<T>(root.cos);
    mixing_roots_[n / 2 + 1 + k] = static_cast<T>(-root.sin);
  }
}

template <class T>
void FftPlan<T>::MakeFourStep() {
  n1_ = DivisorNearRoot(n_);
  n2_ = n_ / n1_;
  four_step_columns_ = std::make_unique<DirectFft<T>>(n1_);
  four_step_rows_ = std::make_unique<DirectFft<T>>(n2_);
  constexpr int64_t kLanes = kFourStepLanes<T>;
  near_roots_.resize(2 * n1_ * kLanes);
  for (int64_t k1 = 0; k1 < n1_; ++k1) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      const Root root = RootOfUnity(k1 * lane % n_, n_);
      near_roots_[k1 * kLanes + lane] = static_cast<T>(root.cos);
      near_roots_[(n1_ + k1) * kLanes + lane] = static_cast<T>(-root.sin);
    }
  }
  const int64_t num_blocks = (n2_ - 1) / kLanes + 1;
  far_roots_.resize(2 * num_blocks * n1_);
  for (int64_t block = 0; block < num_blocks; ++block) {
    T* cosines = far_roots_.data() + 2 * block * n1_;
    for (int64_t k1 = 0; k1 < n1_; ++k1) {
      const Root root = RootOfUnity(block * kLanes * k1, n_);
      cosines[k1] = static_cast<T>(root.cos);
      cosines[n1_ + k1] = static_cast<T>(-root.sin);
    }
  }
}

template <class T>
void FftPlan<T>::MakeConvolution(int64_t convolution_length) {
  // Of a length without large factors, so this ends here.
  convolution_ = Get(convolution_length);
  const int64_t m = convolution_length;
  chirp_.resize(2 * n_);
  std::vector<T> chirp(2 * m);
  const T scale = static_cast<T>(1) / static_cast<T>(m);
  for (int64_t k = 0; k < n_; ++k) {
    const auto square = static_cast<unsigned __int128>(k) * static_cast<unsigned __int128>(k);
    const Root root = RootOfUnity(static_cast<int64_t>(square % (2 * n_)), 2 * n_);
    chirp_[k] = static_cast<T>(root.cos);
    chirp_[n_ + k] = static_cast<T>(-root.sin);
    const int64_t mirrored = k == 0 ? 0 : m - k;
    chirp[k] = chirp[mirrored] = static_cast<T>(root.cos);
    chirp[m + k] = chirp[m + mirrored] = static_cast<T>(root.sin);
  }
  transformed_chirp_.resize(2 * m);
  T* result = transformed_chirp_.data();
  const FftKernels<T>& kernels = ActiveFftKernels<T>();
  if (convolution_->is_tiled()) {
    const SplitNumbers<T> x = {chirp.data(), chirp.data() + m};
    const SplitNumbers<T> done = convolution_->RunTile(kernels, x, {result, result + m}, 1);
    for (int64_t k = 0; k < m; ++k) {
      result[k] = done.re[k] * scale;
      result[m + k] = done.im[k] * scale;
    }
  } else {
    convolution_->RunLong(kernels, {chirp.data(), chirp.data() + m, 1, m},
                          {result, result + m, 1, m, scale}, /*inverse=*/false);
  }
}

template <class T>
SplitNumbers<T> FftPlan<T>::RunTile(const FftKernels<T>& kernels, SplitNumbers<T> x,
                                    SplitNumbers<T> other, int64_t lanes) const {
  if (direct_ != nullptr) return direct_->Run(kernels, x, x, other, lanes);
  const int64_t m = convolution_->n();
  const T* chirp_im = chirp_.data() + n_;
  kernels.multiply_rows(x.re, x.im, chirp_.data(), chirp_im, n_, lanes, x.re, x.im);
  for (T* part : {x.re, x.im}) std::fill(part + n_ * lanes, part + m * lanes, T(0));
  SplitNumbers<T> y = convolution_->RunTile(kernels, x, other, lanes);
  kernels.multiply_rows(y.re, y.im, transformed_chirp_.data(), transformed_chirp_.data() + m, m,
                        lanes, y.re, y.im);
  const bool in_x = y.re == x.re || y.re == x.im;
  y = convolution_->RunTile(kernels, y.Swapped(), in_x ? other : x, lanes).Swapped();
  kernels.multiply_rows(y.re, y.im, chirp_.data(), chirp_im, n_, lanes, y.re, y.im);
  return y;
}

template <class T>
int64_t FftPlan<T>::size_bytes() const {
  const size_t numbers = mixing_roots_.size() + near_roots_.size() + far_roots_.size() +
                         chirp_.size() + transformed_chirp_.size();
  int64_t bytes = static_cast<int64_t>(sizeof(*this) + numbers * sizeof(T));
  for (const auto* direct : {&direct_, &four_step_columns_, &four_step_rows_}) {
    if (*direct != nullptr) bytes += (*direct)->size_bytes();
  }
  return bytes;
}

template class FftPlan<float>;
template class FftPlan<double>;

}  // namespace emberharmony::backend::native
