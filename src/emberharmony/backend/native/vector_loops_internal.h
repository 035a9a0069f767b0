// Loops over contiguous elements that compute whole registers with functions of a register; see
// loops_internal.h. V is a register type with Element, kLanes, Load and Store, F<V>::Do a function.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"

namespace emberharmony::backend::native {
namespace {

/// The last elements are computed in a full vector of their own, never by another function, so that
/// an element's bits do not depend on where it stands.
template <class V, template <class> class F>
void VectorUnary(const void* const* inputs, void* output, int64_t n) {
  using T = typename V::Element;
  const T* x = static_cast<const T*>(inputs[0]);
  T* out = static_cast<T*>(output);
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) V::Store(out + i, F<V>::Do(V::Load(x + i)));
  if (i == n) return;
  T last[V::kLanes];
  for (int j = 0; j < V::kLanes; ++j) last[j] = i + j < n ? x[i + j] : T(1);
  V::Store(last, F<V>::Do(V::Load(last)));
  for (int j = 0; i + j < n; ++j) out[i + j] = last[j];
}

template <class V, template <class> class F>
void VectorBinary(const void* const* inputs, void* output, int64_t n) {
  using T = typename V::Element;
  const T* x = static_cast<const T*>(inputs[0]);
  const T* y = static_cast<const T*>(inputs[1]);
  T* out = static_cast<T*>(output);
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
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
