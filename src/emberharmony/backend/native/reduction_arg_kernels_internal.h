// Bodies of argmax and argmin along an axis that is not the last; see loops_internal.h.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"
#include "emberharmony/backend/native/reduction_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Whether x takes the place of the best so far: NaN does, unless that is NaN.
template <bool kMaximum, class T>
bool Beats(T x, T best) {
  const bool better = kMaximum ? x > best : x < best;
  if constexpr (std::is_floating_point_v<T>) return (better | (x != x)) & (best == best);
  return better;
}

template <bool kMaximum, class T>
void ArgColumns(const void* input, const int64_t* offsets, int64_t n, int64_t width, int64_t first,
                void* best_values, int64_t* at) {
  const T* x = static_cast<const T*>(input);
  T* __restrict best = static_cast<T*>(best_values);
  int64_t* __restrict where = at;
  for (int64_t i = 0; i < n; ++i) {
    const T* row = x + offsets[i];
    const int64_t position = first + i;
    if (position == 0) {
      for (int64_t j = 0; j < width; ++j) {
        best[j] = row[j];
        where[j] = 0;
      }
      continue;
    }
    EMBER_INDEPENDENT
    for (int64_t j = 0; j < width; ++j) {
      const T value = row[j];
      const bool beats = Beats<kMaximum>(value, best[j]);
      best[j] = beats ? value : best[j];
      where[j] = beats ? position : where[j];
    }
  }
}

template <class... Ts>
void AddArgColumns(ReductionTable* table, Types<Ts...>) {
  ((table->arg_max[static_cast<int>(DTypeOf<Ts>())] = &ArgColumns<true, Ts>), ...);
  ((table->arg_min[static_cast<int>(DTypeOf<Ts>())] = &ArgColumns<false, Ts>), ...);
}

}  // namespace
}  // namespace emberharmony::backend::native
