// Bodies of argmax and argmin; see loops_internal.h.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"
#include "emberharmony/backend/native/reduction_extremes_kernels_internal.h"
#include "emberharmony/backend/native/reduction_internal.h"
#include "emberharmony/backend/native/turn_kernels_internal.h"

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

/// Positions in the vectors that hold elements of such a size.
template <int kBytes>
struct PositionOf;
template <>
struct PositionOf<1> {
  using type = int8_t;
};
template <>
struct PositionOf<2> {
  using type = int16_t;
};
template <>
struct PositionOf<4> {
  using type = int32_t;
};
template <>
struct PositionOf<8> {
  using type = int64_t;
};

/// Rows up to this length are turned into the lanes of vectors, some vectors at a time.
constexpr int64_t kTurnedMax = 48;

template <bool kMaximum, class T>
void ArgTurnedRows(const T* x, int64_t count, int64_t n, int64_t* at) {
  using Position = typename PositionOf<sizeof(T)>::type;
  constexpr int64_t kRows = 256 / static_cast<int64_t>(sizeof(T));
  // Lanes without a row hold what is there.
  alignas(64) T tile[kTurnedMax * kRows] = {};
  alignas(64) T best[kRows];
  alignas(64) Position where[kRows];
  for (int64_t first = 0; first < count; first += kRows) {
    const int64_t rows = count - first < kRows ? count - first : kRows;
    Turn(x + first * n, n, rows, n, tile, kRows);
    for (int64_t lane = 0; lane < kRows; ++lane) {
      best[lane] = tile[lane];
      where[lane] = 0;
    }
    for (int64_t i = 1; i < n; ++i) {
      const T* values = tile + i * kRows;
      const auto position = static_cast<Position>(i);
      for (int64_t lane = 0; lane < kRows; ++lane) {
        const bool beats = Beats<kMaximum>(values[lane], best[lane]);
        best[lane] = beats ? values[lane] : best[lane];
        where[lane] = beats ? position : where[lane];
      }
    }
    for (int64_t lane = 0; lane < rows; ++lane)
      at[first + lane] = static_cast<int64_t>(where[lane]);
  }
}

constexpr int64_t kSearchStep = 32;

/// Whether `is_wanted` holds for any of kCount elements.
template <int64_t kCount, class T, class F>
[[gnu::always_inline]] inline bool IsAnyWanted(const T* x, F is_wanted) {
  using Flag = typename PositionOf<sizeof(T)>::type;
  Flag found[kSearchStep] = {};
  for (int64_t i = 0; i < kCount; i += kSearchStep) {
    for (int64_t k = 0; k < kSearchStep; ++k) found[k] |= is_wanted(x[i + k]) ? Flag{1} : Flag{0};
  }
  Flag any = 0;
  for (int64_t k = 0; k < kSearchStep; ++k) any |= found[k];
  return any != 0;
}

/// The first of kSearchStep elements for which `is_wanted`; kSearchStep if there is none.
template <class T, class F>
[[gnu::always_inline]] inline int64_t FirstOfStep(const T* x, F is_wanted) {
  using Position = typename PositionOf<sizeof(T)>::type;
  Position first = kSearchStep;
  for (int64_t k = 0; k < kSearchStep; ++k) {
    const Position here = is_wanted(x[k]) ? static_cast<Position>(k) : kSearchStep;
    first = here < first ? here : first;
  }
  return first;
}

/// The first of n >= kSearchStep elements for which `is_wanted`; there is one.
template <class T, class F>
int64_t FirstWanted(const T* x, int64_t n, F is_wanted) {
  constexpr int64_t kLeap = 4 * kSearchStep;
  int64_t i = 0;
  while (i + kLeap <= n && !IsAnyWanted<kLeap>(x + i, is_wanted)) i += kLeap;
  for (; i + kSearchStep <= n; i += kSearchStep) {
    const int64_t first = FirstOfStep(x + i, is_wanted);
    if (first < kSearchStep) return i + first;
  }
  // The last step begins earlier, among elements that are known not to be wanted.
  return n - kSearchStep + FirstOfStep(x + n - kSearchStep, is_wanted);
}

#if defined(__AVX512F__)
inline unsigned EqualLanes(const double* x, double wanted) {
  return _mm512_cmp_pd_mask(_mm512_loadu_pd(x), _mm512_set1_pd(wanted), _CMP_EQ_OQ);
}
inline unsigned EqualLanes(const float* x, float wanted) {
  return _mm512_cmp_ps_mask(_mm512_loadu_ps(x), _mm512_set1_ps(wanted), _CMP_EQ_OQ);
}

/// The first of n elements that equals `wanted`; there is one. They were read just now, so that
/// memory is idle meanwhile: what follows what was asked for before is asked for.
template <class T>
int64_t FirstEqual(const T* x, int64_t n, T wanted) {
  constexpr int64_t kLanes = 64 / static_cast<int64_t>(sizeof(T));
  const char* ahead = reinterpret_cast<const char*>(x + n) + kExtremesAheadBytes;
  constexpr int64_t kLeap = 8 * kLanes;
  int64_t i = 0;
  for (; i + kLeap <= n; i += kLeap) {
    unsigned any = 0;
#pragma GCC unroll 8
    for (int64_t k = 0; k < kLeap; k += kLanes) {
      _mm_prefetch(ahead + (i + k) * static_cast<int64_t>(sizeof(T)), _MM_HINT_T0);
      any |= EqualLanes(x + i + k, wanted);
    }
    if (any != 0) break;
  }
  for (; i + kLanes <= n; i += kLanes) {
    const unsigned equal = EqualLanes(x + i, wanted);
    if (equal != 0) return i + __builtin_ctz(equal);
  }
  while (x[i] != wanted) ++i;
  return i;
}
#else
template <class T>
int64_t FirstEqual(const T* x, int64_t n, T wanted) {
  return FirstWanted(x, n, [wanted](T value) { return value == wanted; });
}
#endif

/// The first NaN, if there is one, else the first element that is as large (small) as any.
template <bool kMaximum, class T>
int64_t ArgRow(const T* x, int64_t n) {
  using Flag = typename PositionOf<sizeof(T)>::type;
  T lanes[kSearchStep];
  Flag nan_lanes[kSearchStep] = {};
  const auto take = [&](const T* from) __attribute__((always_inline)) {
    for (int64_t k = 0; k < kSearchStep; ++k) {
      const T value = from[k];
      lanes[k] = (kMaximum ? value > lanes[k] : value < lanes[k]) ? value : lanes[k];
      nan_lanes[k] |= value != value;
    }
  };
  bool found_nan = false;
  int64_t i = 0;
#if defined(__AVX512F__)
  static_assert(kSearchStep == kReductionLanes);
  if constexpr (std::is_floating_point_v<T>) i = ExtremeLanes<kMaximum>(x, n, lanes, &found_nan);
#endif
  if (i == 0) {
    for (int64_t k = 0; k < kSearchStep; ++k) lanes[k] = x[k];
  }
  for (; i + kSearchStep <= n; i += kSearchStep) take(x + i);
  // Elements that are seen twice change nothing.
  if (i < n) take(x + n - kSearchStep);
  Flag has_nan = found_nan;
  for (int64_t k = 0; k < kSearchStep; ++k) has_nan |= nan_lanes[k];
  if (has_nan != 0) return FirstWanted(x, n, [](T value) { return value != value; });
  for (int64_t half = kSearchStep / 2; half > 0; half /= 2) {
    for (int64_t k = 0; k < half; ++k) {
      const T other = lanes[k + half];
      lanes[k] = (kMaximum ? other > lanes[k] : other < lanes[k]) ? other : lanes[k];
    }
  }
  if constexpr (std::is_floating_point_v<T>) return FirstEqual(x, n, lanes[0]);
  const T best = lanes[0];
  return FirstWanted(x, n, [best](T value) { return value == best; });
}

template <bool kMaximum, class T>
int64_t ArgShortRow(const T* x, int64_t n) {
  int64_t at = 0;
  for (int64_t i = 1; i < n; ++i) {
    if (Beats<kMaximum>(x[i], x[at])) at = i;
  }
  return at;
}

template <bool kMaximum, class T>
void ArgRows(const void* input, int64_t count, int64_t n, int64_t* at) {
  constexpr int64_t kTurnedRowsMin = 8;
  const T* x = static_cast<const T*>(input);
  if (n <= kTurnedMax && count >= kTurnedRowsMin) return ArgTurnedRows<kMaximum>(x, count, n, at);
  for (int64_t row = 0; row < count; ++row) {
    const T* from = x + row * n;
    at[row] = n < kSearchStep ? ArgShortRow<kMaximum>(from, n) : ArgRow<kMaximum>(from, n);
  }
}

template <class... Ts>
void AddArgKernels(ReductionTable* table, Types<Ts...>) {
  ((table->arg_max[static_cast<int>(DTypeOf<Ts>())] = &ArgColumns<true, Ts>), ...);
  ((table->arg_min[static_cast<int>(DTypeOf<Ts>())] = &ArgColumns<false, Ts>), ...);
  ((table->arg_max_rows[static_cast<int>(DTypeOf<Ts>())] = &ArgRows<true, Ts>), ...);
  ((table->arg_min_rows[static_cast<int>(DTypeOf<Ts>())] = &ArgRows<false, Ts>), ...);
}

}  // namespace
}  // namespace emberharmony::backend::native
