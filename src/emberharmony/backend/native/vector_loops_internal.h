// Loops over contiguous elements that compute whole registers with functions of a register; see
// loops_internal.h. V is a register type with Element, kLanes, Load and Store, F<V>::Do a function.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Whether a loop of registers of this type reads ahead: one of single numbers would for each.
template <class V>
constexpr bool kReadsAhead = V::kLanes > 1;

/// The last elements are computed in a full vector of their own, never by another function, so that
/// an element's bits do not depend on where it stands.
template <class V, template <class> class F>
void VectorUnary(const void* const* inputs, void* output, int64_t n) {
  using T = typename V::Element;
  const T* x = static_cast<const T*>(inputs[0]);
  T* out = static_cast<T*>(output);
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
    if constexpr (kReadsAhead<V>) ReadAhead(x + i, V::kLanes * sizeof(T));
    V::Store(out + i, F<V>::Do(V::Load(x + i)));
  }
  if (i == n) return;
  T last[V::kLanes];
  for (int j = 0; j < V::kLanes; ++j) last[j] = i + j < n ? x[i + j] : T(1);
  V::Store(last, F<V>::Do(V::Load(last)));
  for (int j = 0; i + j < n; ++j) out[i + j] = last[j];
}

template <class V, template <class> class F>
[[gnu::noinline]] typename V::Vec OutOfLine(typename V::Vec x) {
  return F<V>::Do(x);
}

/// Likewise of functions that have Usual, for numbers of magnitudes below kUsualBelow and for NaN:
/// two registers at once are found to be usual in one step. Do gives the same bits.
template <class V, template <class> class F>
void VectorUnaryMostlyUsual(const void* const* inputs, void* output, int64_t n) {
  using T = typename V::Element;
  const T* x = static_cast<const T*>(inputs[0]);
  T* out = static_cast<T*>(output);
  const auto bound = V::Set(F<V>::kUsualBelow);
  int64_t i = 0;
  for (; i + 2 * V::kLanes <= n; i += 2 * V::kLanes) {
    if constexpr (kReadsAhead<V>) ReadAhead(x + i, 2 * V::kLanes * sizeof(T));
    const auto first = V::Load(x + i), second = V::Load(x + i + V::kLanes);
    if (V::All(V::Less(V::LargerMagnitude(first, second), bound))) [[likely]] {
      V::Store(out + i, F<V>::Usual(first));
      V::Store(out + i + V::kLanes, F<V>::Usual(second));
    } else {
      V::Store(out + i, OutOfLine<V, F>(first));
      V::Store(out + i + V::kLanes, OutOfLine<V, F>(second));
    }
  }
  const void* const rest[] = {x + i};
  VectorUnary<V, F>(rest, out + i, n - i);
}

template <class V, template <class> class F>
void VectorBinary(const void* const* inputs, void* output, int64_t n) {
  using T = typename V::Element;
  const T* x = static_cast<const T*>(inputs[0]);
  const T* y = static_cast<const T*>(inputs[1]);
  T* out = static_cast<T*>(output);
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
    if constexpr (kReadsAhead<V>) {
      ReadAhead(x + i, V::kLanes * sizeof(T));
      ReadAhead(y + i, V::kLanes * sizeof(T));
    }
    V::Store(out + i, F<V>::Do(V::Load(x + i), V::Load(y + i)));
  }
  if (i == n) return;
  T last_x[V::kLanes], last_y[V::kLanes];
  for (int j = 0; j < V::kLanes; ++j) {
    last_x[j] = i + j < n ? x[i + j] : T(1);
    last_y[j] = i + j < n ? y[i + j] : T(1);
  }
  V::Store(last_x, F<V>::Do(V::Load(last_x), V::Load(last_y)));
  for (int j = 0; i + j < n; ++j) out[i + j] = last_x[j];
}

}  // namespace
}  // namespace emberharmony::backend::native
