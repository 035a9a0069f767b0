// Bodies of the kernels that bring complex numbers into the form that passes work on and back, and
// multiply them by roots of unity on the way; see fft_vectors_internal.h.
#pragma once

#include "emberharmony/backend/native/fft_vectors_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Calls f(width, at) for as many full vectors as fit into n, then for each number that is left.
template <int kLanes, class F>
EMBER_INLINE void ForLanes(int64_t n, F f) {
  int64_t at = 0;
  for (; at + kLanes <= n; at += kLanes) f(Width<kLanes>{}, at);
  for (; at < n; ++at) f(Width<1>{}, at);
}

template <class T, int kLanes>
void SplitRows(const T* from, int64_t row_step, int64_t rows, int64_t lanes, T* re, T* im) {
  for (int64_t row = 0; row < rows; ++row, from += row_step, re += lanes, im += lanes) {
    ForLanes<kLanes>(lanes, [&](auto width, int64_t q) {
      constexpr int kStep = decltype(width)::value;
      Vec<T, kStep> x, y;
      LoadSplit<kStep>(from + 2 * q, &x, &y);
      Store(re + q, x);
      Store(im + q, y);
    });
  }
}

template <class T, int kLanes>
void InterleaveRows(const T* re, const T* im, int64_t rows, int64_t lanes, T scale, T* to,
                    int64_t row_step) {
  for (int64_t row = 0; row < rows; ++row, to += row_step, re += lanes, im += lanes) {
    ForLanes<kLanes>(lanes, [&](auto width, int64_t q) {
      constexpr int kStep = decltype(width)::value;
      using V = Vec<T, kStep>;
      StoreInterleaved<kStep>(to + 2 * q, Load<V>(re + q) * scale, Load<V>(im + q) * scale);
    });
  }
}

template <class T, int kLanes>
void SplitLanesOf(const T* const* lane_starts, int64_t n, int64_t lanes, T* re, T* im) {
  using V = Vec<T, kLanes>;
  int64_t lane = 0;
  for (; lane + kLanes <= lanes; lane += kLanes) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      V x[kLanes], y[kLanes];
      EMBER_UNROLL
      for (int l = 0; l < kLanes; ++l)
        LoadSplit<kLanes>(lane_starts[lane + l] + 2 * i, &x[l], &y[l]);
      Transpose<kLanes>(x);
      Transpose<kLanes>(y);
      EMBER_UNROLL
      for (int k = 0; k < kLanes; ++k) {
        Store(re + (i + k) * lanes + lane, x[k]);
        Store(im + (i + k) * lanes + lane, y[k]);
      }
    }
    for (; i < n; ++i) {
      for (int l = 0; l < kLanes; ++l) {
        re[i * lanes + lane + l] = lane_starts[lane + l][2 * i];
        im[i * lanes + lane + l] = lane_starts[lane + l][2 * i + 1];
      }
    }
  }
  for (; lane < lanes; ++lane) {
    for (int64_t i = 0; i < n; ++i) {
      re[i * lanes + lane] = lane_starts[lane][2 * i];
      im[i * lanes + lane] = lane_starts[lane][2 * i + 1];
    }
  }
}

template <class T, int kLanes>
void InterleaveLanesOf(const T* re, const T* im, int64_t n, int64_t lanes, T scale,
                       T* const* lane_starts) {
  using V = Vec<T, kLanes>;
  int64_t lane = 0;
  for (; lane + kLanes <= lanes; lane += kLanes) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      V x[kLanes], y[kLanes];
      EMBER_UNROLL
      for (int k = 0; k < kLanes; ++k) {
        x[k] = Load<V>(re + (i + k) * lanes + lane) * scale;
        y[k] = Load<V>(im + (i + k) * lanes + lane) * scale;
      }
      Transpose<kLanes>(x);
      Transpose<kLanes>(y);
      EMBER_UNROLL
      for (int l = 0; l < kLanes; ++l) {
        StoreInterleaved<kLanes>(lane_starts[lane + l] + 2 * i, x[l], y[l]);
      }
    }
    for (; i < n; ++i) {
      for (int l = 0; l < kLanes; ++l) {
        lane_starts[lane + l][2 * i] = re[i * lanes + lane + l] * scale;
        lane_starts[lane + l][2 * i + 1] = im[i * lanes + lane + l] * scale;
      }
    }
  }
  for (; lane < lanes; ++lane) {
    for (int64_t i = 0; i < n; ++i) {
      lane_starts[lane][2 * i] = re[i * lanes + lane] * scale;
      lane_starts[lane][2 * i + 1] = im[i * lanes + lane] * scale;
    }
  }
}

template <class T, int kLanes>
void MultiplyRows(const T* xr, const T* xi, const T* wr, const T* wi, int64_t rows, int64_t lanes,
                  T* yr, T* yi) {
  if (lanes == 1) {
    ForLanes<kLanes>(rows, [&](auto width, int64_t i) {
      constexpr int kStep = decltype(width)::value;
      using V = Vec<T, kStep>;
      V re = Load<V>(xr + i), im = Load<V>(xi + i);
      MultiplyBy(Load<V>(wr + i), Load<V>(wi + i), &re, &im);
      Store(yr + i, re);
      Store(yi + i, im);
    });
    return;
  }
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t start = row * lanes;
    ForLanes<kLanes>(lanes, [&](auto width, int64_t q) {
      constexpr int kStep = decltype(width)::value;
      using V = Vec<T, kStep>;
      V re = Load<V>(xr + start + q), im = Load<V>(xi + start + q);
      MultiplyBy(wr[row], wi[row], &re, &im);
      Store(yr + start + q, re);
      Store(yi + start + q, im);
    });
  }
}

/// kStep rows k1 of kStep columns: multiplied by w^(k1 * column), in the two factors of
/// FourStepBlock, and stored as kStep rows of columns.
template <class T, int kStep>
EMBER_INLINE void TwiddleTile(const FourStepBlock<T>& block, int64_t k1, int64_t lane, T* to_re,
                              T* to_im, int64_t to_step) {
  using V = Vec<T, kStep>;
  V re[kStep], im[kStep];
  EMBER_UNROLL
  for (int k = 0; k < kStep; ++k) {
    const int64_t row = k1 + k;
    V wr = Load<V>(block.ar + row * kFourStepLanes<T> + lane);
    V wi = Load<V>(block.ai + row * kFourStepLanes<T> + lane);
    MultiplyBy(block.br[row], block.bi[row], &wr, &wi);
    re[k] = Load<V>(block.xr + row * block.lanes + lane);
    im[k] = Load<V>(block.xi + row * block.lanes + lane);
    MultiplyBy(wr, wi, &re[k], &im[k]);
  }
  if constexpr (kStep == 1) {
    *to_re = re[0];
    *to_im = im[0];
  } else {
    Transpose<kStep>(re);
    Transpose<kStep>(im);
    EMBER_UNROLL
    for (int l = 0; l < kStep; ++l) {
      Store(to_re + l * to_step, re[l]);
      Store(to_im + l * to_step, im[l]);
    }
  }
}

template <class T, int kLanes>
void TwiddleTranspose(const FourStepBlock<T>& block) {
  for (int64_t first_row = 0; first_row < block.n1; first_row += kFourStepLanes<T>) {
    const int64_t left = block.n1 - first_row;
    const int64_t rows = left < kFourStepLanes<T> ? left : kFourStepLanes<T>;
    T* re = block.to + 2 * block.n2 * first_row + block.first * rows;
    T* im = re + block.n2 * rows;
    int64_t k = 0;
    for (; k + kLanes <= rows; k += kLanes) {
      int64_t lane = 0;
      for (; lane + kLanes <= block.lanes; lane += kLanes) {
        TwiddleTile<T, kLanes>(block, first_row + k, lane, re + lane * rows + k,
                               im + lane * rows + k, rows);
      }
      for (; lane < block.lanes; ++lane) {
        for (int row = 0; row < kLanes; ++row) {
          TwiddleTile<T, 1>(block, first_row + k + row, lane, re + lane * rows + k + row,
                            im + lane * rows + k + row, rows);
        }
      }
    }
    for (; k < rows; ++k) {
      for (int64_t lane = 0; lane < block.lanes; ++lane) {
        TwiddleTile<T, 1>(block, first_row + k, lane, re + lane * rows + k, im + lane * rows + k,
                          rows);
      }
    }
  }
}

/// Elements a = k and b = m - k of a transform of m complex numbers z[j] = x[2 j] + i x[2 j + 1],
/// become elements k and m - k of the transform of the 2 m real numbers: with w = exp(-pi i k / m),
///   X[k] = (E + w O) / 2,  X[m - k] = conj(E - w O) / 2,
///   E = Z[k] + conj(Z[m - k]),  O = -i (Z[k] - conj(Z[m - k])).
/// Backwards the same with i / w in the place of -i w gives 2 Z from X, by the symmetry of w.
template <bool kBackwards, class V, class W, class T>
EMBER_INLINE void MixPair(W wr, W wi, T scale, V* ar, V* ai, V* br, V* bi) {
  const V even_re = *ar + *br, even_im = *ai - *bi;
  const V odd_re = *ar - *br, odd_im = *ai + *bi;
  if constexpr (kBackwards) wr = -wr;
  const V turned_re = wr * odd_im + wi * odd_re;
  const V turned_im = wi * odd_im - wr * odd_re;
  *ar = (even_re + turned_re) * scale;
  *ai = (even_im + turned_im) * scale;
  *br = (even_re - turned_re) * scale;
  *bi = (turned_im - even_im) * scale;
}

/// Elements 0 and m forwards, which are real; element 0 backwards.
template <bool kBackwards, class V, class T>
EMBER_INLINE void MixEnds(T scale, V* ar, V* ai, V* br, V* bi) {
  const V low = *ar, high = kBackwards ? *br : *ai;
  const V sum = (low + high) * scale, difference = (low - high) * scale;
  *ar = sum;
  *ai = kBackwards ? difference : V{};
  *br = difference;
  *bi = V{};
}

template <class T, int kLanes, bool kBackwards>
void Mix(const T* x, T* z, int64_t m, const T* wr, const T* wi, T scale) {
  const T twice = scale + scale;
  T ar = x[0], ai = x[1], br = kBackwards ? x[2 * m] : T(0), bi = T(0);
  MixEnds<kBackwards>(kBackwards ? scale : twice, &ar, &ai, &br, &bi);
  int64_t k = 1;
  // Of the vectors at k and at m - k none holds an element of the other.
  for (; k + 2 * kLanes - 1 <= m - k; k += kLanes) {
    using V = Vec<T, kLanes>;
    const int64_t mirrored = m - k - (kLanes - 1);
    V lr, li, hr, hi;
    LoadSplit<kLanes>(x + 2 * k, &lr, &li);
    LoadSplit<kLanes>(x + 2 * mirrored, &hr, &hi);
    hr = Reversed<kLanes>(hr), hi = Reversed<kLanes>(hi);
    MixPair<kBackwards>(Load<V>(wr + k), Load<V>(wi + k), scale, &lr, &li, &hr, &hi);
    StoreInterleaved<kLanes>(z + 2 * k, lr, li);
    StoreInterleaved<kLanes>(z + 2 * mirrored, Reversed<kLanes>(hr), Reversed<kLanes>(hi));
  }
  for (; k <= m - k; ++k) {
    T lr = x[2 * k], li = x[2 * k + 1], hr = x[2 * (m - k)], hi = x[2 * (m - k) + 1];
    MixPair<kBackwards>(wr[k], wi[k], scale, &lr, &li, &hr, &hi);
    z[2 * k] = lr, z[2 * k + 1] = li;
    if (k != m - k) z[2 * (m - k)] = hr, z[2 * (m - k) + 1] = hi;
  }
  z[0] = ar, z[1] = ai;
  if constexpr (!kBackwards) z[2 * m] = br, z[2 * m + 1] = bi;
}

template <class T, int kLanes, bool kBackwards>
void MixRows(const T* xr, const T* xi, T* zr, T* zi, int64_t m, int64_t lanes, const T* wr,
             const T* wi, T scale) {
  const T twice = scale + scale;
  const int64_t last = m * lanes;
  ForLanes<kLanes>(lanes, [&](auto width, int64_t q) {
    constexpr int kStep = decltype(width)::value;
    using V = Vec<T, kStep>;
    V ar = Load<V>(xr + q), ai = Load<V>(xi + q), br = V{}, bi = V{};
    if constexpr (kBackwards) br = Load<V>(xr + last + q);
    MixEnds<kBackwards>(kBackwards ? scale : twice, &ar, &ai, &br, &bi);
    Store(zr + q, ar);
    Store(zi + q, ai);
    if constexpr (!kBackwards) {
      Store(zr + last + q, br);
      Store(zi + last + q, bi);
    }
  });
  for (int64_t k = 1; k <= m - k; ++k) {
    const int64_t low = k * lanes;
    const int64_t high = (m - k) * lanes;
    ForLanes<kLanes>(lanes, [&](auto width, int64_t q) {
      constexpr int kStep = decltype(width)::value;
      using V = Vec<T, kStep>;
      V lr = Load<V>(xr + low + q), li = Load<V>(xi + low + q);
      V hr = Load<V>(xr + high + q), hi = Load<V>(xi + high + q);
      MixPair<kBackwards>(wr[k], wi[k], scale, &lr, &li, &hr, &hi);
      // The middle element, whose mirror image is itself, is the first of the two.
      Store(zr + high + q, hr);
      Store(zi + high + q, hi);
      Store(zr + low + q, lr);
      Store(zi + low + q, li);
    });
  }
}

template <class T, int kLanes>
FftCopies<T> MakeFftCopies() {
  return {
      .multiply_rows = &MultiplyRows<T, kLanes>,
      .split_rows = &SplitRows<T, kLanes>,
      .interleave_rows = &InterleaveRows<T, kLanes>,
      .split_lanes = &SplitLanesOf<T, kLanes>,
      .interleave_lanes = &InterleaveLanesOf<T, kLanes>,
      .twiddle_transpose = &TwiddleTranspose<T, kLanes>,
      .mix = {&Mix<T, kLanes, false>, &Mix<T, kLanes, true>},
      .mix_rows = {&MixRows<T, kLanes, false>, &MixRows<T, kLanes, true>},
  };
}

}  // namespace
}  // namespace emberharmony::backend::native
