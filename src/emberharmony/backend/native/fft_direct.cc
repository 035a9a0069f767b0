#include <utility>

#include "emberharmony/backend/native/fft_factors_internal.h"
#include "emberharmony/backend/native/fft_plan_internal.h"
#include "emberharmony/backend/roots_of_unity.h"

namespace emberharmony::backend::native {
namespace {

/// The position of a radix in kFftRadices, or -1.
int KernelOf(int64_t radix) {
  for (int i = 0; i < kNumFftRadices; ++i) {
    if (kFftRadices[i] == radix) return i;
  }
  return -1;
}

}  // namespace

template <class T>
DirectFft<T>::DirectFft(int64_t n) : n_(n) {
  int64_t m = n;
  for (int64_t radix : FftRadicesOf(n)) {
    const int64_t length = m;
    m /= radix;
    Pass pass{KernelOf(radix), radix, m, {}, {}};
    if (m > 1) {
      pass.roots.resize(2 * (radix - 1) * m);
      T* cosines = pass.roots.data();
      T* sines = cosines + (radix - 1) * m;
      for (int64_t j = 1; j < radix; ++j) {
        for (int64_t p = 0; p < m; ++p) {
          const Root root = RootOfUnity(j * p, length);
          *cosines++ = static_cast<T>(root.cos);
          *sines++ = static_cast<T>(-root.sin);
        }
      }
    }
    if (pass.kernel < 0) {
      pass.circle.resize(2 * radix);
      for (int64_t k = 0; k < radix; ++k) {
        const Root root = RootOfUnity(k, radix);
        pass.circle[k] = static_cast<T>(root.cos);
        pass.circle[radix + k] = static_cast<T>(root.sin);
      }
    }
    passes_.push_back(std::move(pass));
  }
}

template <class T>
SplitNumbers<T> DirectFft<T>::Run(const FftKernels<T>& kernels, SplitNumbers<const T> x,
                                  SplitNumbers<T> a, SplitNumbers<T> b, int64_t lanes) const {
  // x may be a buffer with its parts swapped.
  const auto lies_in = [&](SplitNumbers<T> buffer) {
    return x.re == buffer.re || x.re == buffer.im;
  };
  SplitNumbers<T> to = lies_in(a) ? b : a;
  SplitNumbers<T> other = lies_in(a) ? a : b;
  if (passes_.empty()) return x.re == other.re ? other : other.Swapped();
  int64_t s = lanes;
  for (const Pass& pass : passes_) {
    const T* wr = pass.roots.data();
    const T* wi = pass.roots.empty() ? nullptr : wr + (pass.radix - 1) * pass.m;
    if (pass.kernel >= 0) {
      kernels.passes[pass.kernel](x.re, x.im, to.re, to.im, s, pass.m, wr, wi);
    } else {
      const T* circle = pass.circle.data();
      kernels.generic_pass(pass.radix, circle, circle + pass.radix, x.re, x.im, to.re, to.im, s,
                           pass.m, wr, wi);
    }
    s *= pass.radix;
    x = to;
    std::swap(to, other);
  }
  return other;
}

template <class T>
int64_t DirectFft<T>::size_bytes() const {
  int64_t bytes = sizeof(*this);
  for (const Pass& pass : passes_) {
    bytes += sizeof(pass) + (pass.roots.size() + pass.circle.size()) * sizeof(T);
  }
  return bytes;
}

template class DirectFft<float>;
template class DirectFft<double>;

}  // namespace emberharmony::backend::native
