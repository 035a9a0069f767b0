// Vectors for the kernels of the Fourier transforms; see fft_kernel_table_internal.h for what those
// compute and loops_internal.h for why everything here has internal linkage.
//
// The kernels are written with the compiler's vector types, whose arithmetic works lane by lane: a
// vector of any width, or a single number, goes through the same additions and multiplications, so
// every instruction set gives the same bits.
#pragma once

// Arrays of vectors only live in registers if the loops over them are unrolled. Where GCC 12 makes
// vectors of single numbers' complex multiplications it fuses them, even with -ffp-contract=off.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-tree-slp-vectorize")
#endif

#include <utility>

#include "emberharmony/backend/native/fft_kernel_table_internal.h"

namespace emberharmony::backend::native {
namespace {

template <class T, int kLanes>
struct VecOf {
  typedef T Type __attribute__((vector_size(kLanes * sizeof(T))));
};
template <class T>
struct VecOf<T, 1> {
  using Type = T;
};
/// `kLanes` numbers side by side; of one lane, a number.
template <class T, int kLanes>
using Vec = typename VecOf<T, kLanes>::Type;

#define EMBER_INLINE [[gnu::always_inline]] inline
#if defined(__clang__)
#define EMBER_UNROLL _Pragma("clang loop unroll(full)")
#else
#define EMBER_UNROLL _Pragma("GCC unroll 16")
#endif

template <int kValue>
struct Width {
  static constexpr int value = kValue;
};

/// Calls f(width, at) for vectors that together cover n numbers. The last one may reach back into
/// the one before, whose results are then computed twice, so the output must be apart from the
/// input. Numbers too few for a vector (`kHalves`: half a vector) are passed one by one.
template <int kLanes, bool kHalves, class F>
EMBER_INLINE void ForOverlappingLanes(int64_t n, F f) {
  constexpr int kHalf = kHalves && kLanes > 4 ? kLanes / 2 : 1;
  if (n >= kLanes) {
    for (int64_t at = 0; at < n; at += kLanes) {
      f(Width<kLanes>{}, at + kLanes <= n ? at : n - kLanes);
    }
  } else if (kHalf > 1 && n >= kHalf) {
    for (int64_t at = 0; at < n; at += kHalf) {
      f(Width<kHalf>{}, at + kHalf <= n ? at : n - kHalf);
    }
  } else {
    for (int64_t at = 0; at < n; ++at) f(Width<1>{}, at);
  }
}

template <class V, class T>
EMBER_INLINE V Load(const T* from) {
  V x;
  __builtin_memcpy(&x, from, sizeof(V));
  return x;
}
template <class V, class T>
EMBER_INLINE void Store(T* to, V x) {
  __builtin_memcpy(to, &x, sizeof(V));
}

// Rearrangements of lanes.

template <int... kLane>
using Lanes = std::integer_sequence<int, kLane...>;
template <int kLanes>
using AllLanes = std::make_integer_sequence<int, kLanes>;

/// Swaps the lanes of a whose number has the bit `kBit` with those of b that have it not.
template <int kBit, class V, int... k>
EMBER_INLINE void ExchangeBit(V& a, V& b, Lanes<k...>) {
  constexpr int kLanes = sizeof...(k);
  const V low = __builtin_shufflevector(a, b, ((k & kBit) ? kLanes + k - kBit : k)...);
  b = __builtin_shufflevector(a, b, ((k & kBit) ? kLanes + k : k + kBit)...);
  a = low;
}
template <int kBit, int kLanes, class V>
EMBER_INLINE void ExchangeBits(V* rows) {
  EMBER_UNROLL
  for (int i = 0; i < kLanes; ++i) {
    if (!(i & kBit)) ExchangeBit<kBit>(rows[i], rows[i | kBit], AllLanes<kLanes>{});
  }
}
/// Lane l of row i becomes lane i of row l.
template <int kLanes, class V>
EMBER_INLINE void Transpose(V* rows) {
  if constexpr (kLanes > 8) ExchangeBits<8, kLanes>(rows);
  if constexpr (kLanes > 4) ExchangeBits<4, kLanes>(rows);
  if constexpr (kLanes > 2) ExchangeBits<2, kLanes>(rows);
  if constexpr (kLanes > 1) ExchangeBits<1, kLanes>(rows);
}

template <class V, int... k>
EMBER_INLINE void SplitLanes(V a, V b, V* re, V* im, Lanes<k...>) {
  *re = __builtin_shufflevector(a, b, (2 * k)...);
  *im = __builtin_shufflevector(a, b, (2 * k + 1)...);
}
template <class V, int... k>
EMBER_INLINE void InterleaveLanes(V re, V im, V* a, V* b, Lanes<k...>) {
  constexpr int kLanes = sizeof...(k);
  *a = __builtin_shufflevector(re, im, (k / 2 + (k % 2) * kLanes)...);
  *b = __builtin_shufflevector(re, im, (kLanes / 2 + k / 2 + (k % 2) * kLanes)...);
}
template <class V, int... k>
EMBER_INLINE V ReverseLanes(V a, Lanes<k...>) {
  return __builtin_shufflevector(a, a, (static_cast<int>(sizeof...(k)) - 1 - k)...);
}

/// kLanes complex numbers that lie interleaved at `from`.
template <int kLanes, class V, class T>
EMBER_INLINE void LoadSplit(const T* from, V* re, V* im) {
  if constexpr (kLanes == 1) {
    *re = from[0];
    *im = from[1];
  } else {
    SplitLanes(Load<V>(from), Load<V>(from + kLanes), re, im, AllLanes<kLanes>{});
  }
}
template <int kLanes, class V, class T>
EMBER_INLINE void StoreInterleaved(T* to, V re, V im) {
  if constexpr (kLanes == 1) {
    to[0] = re;
    to[1] = im;
  } else {
    V a, b;
    InterleaveLanes(re, im, &a, &b, AllLanes<kLanes>{});
    Store(to, a);
    Store(to + kLanes, b);
  }
}
template <int kLanes, class V>
EMBER_INLINE V Reversed(V x) {
  if constexpr (kLanes == 1) {
    return x;
  } else {
    return ReverseLanes(x, AllLanes<kLanes>{});
  }
}

/// (re, im) times (wr, wi); w is a vector or a number.
template <class V, class W>
EMBER_INLINE void MultiplyBy(W wr, W wi, V* re, V* im) {
  const V product_re = *re * wr - *im * wi;
  *im = *re * wi + *im * wr;
  *re = product_re;
}

}  // namespace
}  // namespace emberharmony::backend::native
