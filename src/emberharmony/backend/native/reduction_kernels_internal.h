// Bodies of the reduction kernels; see loops_internal.h.
//
// A sequence is reduced in a tree whose shape depends on its length alone: element i of a block of
// 1,024 goes to lane i mod 32, lanes are folded in halves, blocks are combined as the bits of a
// binary counter. So the same values give the same bits on every instruction set, in rows as in
// columns, and blocks may be shared out among threads.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"
#include "emberharmony/backend/native/reduction_extremes_kernels_internal.h"
#include "emberharmony/backend/native/reduction_internal.h"
#include "emberharmony/backend/native/reduction_strip_kernels_internal.h"
#include "emberharmony/backend/native/rounded_internal.h"
#include "emberharmony/backend/native/turn_kernels_internal.h"

namespace emberharmony::backend::native {
namespace {

constexpr int kLanes = kReductionLanes;

/// A complex number without the standard library's templates.
template <class T>
struct ComplexOf {
  T re, im;
};
/// What sums and products are held in: float32 in double precision, rounded once; integers wrap
/// around.
template <class T>
struct Accumulator {
  using type = uint64_t;
};
template <>
struct Accumulator<float> {
  using type = double;
};
template <>
struct Accumulator<double> {
  using type = double;
};

template <class T>
struct SumOf {
  using In = T;
  using Acc = typename Accumulator<T>::type;
  static Acc Load(In x) { return static_cast<Acc>(x); }
  static Acc Identity(Acc) { return Acc(0); }
  static Acc Combine(Acc x, Acc y) { return x + y; }
};
template <class T>
struct ProdOf {
  using In = T;
  using Acc = typename Accumulator<T>::type;
  static Acc Load(In x) { return static_cast<Acc>(x); }
  static Acc Identity(Acc) { return Acc(1); }
  static Acc Combine(Acc x, Acc y) { return x * y; }
};
template <class T>
struct ComplexProdOf {
  using In = ComplexOf<T>;
  using Acc = ComplexOf<double>;
  static Acc Load(In x) { return {static_cast<double>(x.re), static_cast<double>(x.im)}; }
  static Acc Identity(Acc) { return {1, 0}; }
  /// By the identity nothing is multiplied: of an infinity and its zero there would be a NaN.
  static Acc Combine(Acc x, Acc y) {
    const Acc product = {EMBER_ROUNDED(x.re * y.re) - EMBER_ROUNDED(x.im * y.im),
                         EMBER_ROUNDED(x.re * y.im) + EMBER_ROUNDED(x.im * y.re)};
    const bool by_one = (y.re == 1) & (y.im == 0);
    const bool of_one = (x.re == 1) & (x.im == 0);
    return by_one ? x : of_one ? y : product;
  }
};
// Minimum and maximum: NaN wins. The sequence's first element is the identity.
template <class T>
struct MinOf {
  using In = T;
  using Acc = T;
  static constexpr bool kLargest = false;
  static bool Beats(T x, T y) { return x < y; }
  static Acc Load(In x) { return x; }
  static Acc Identity(Acc first) { return first; }
  // Two choices, each of which compilers make a vector instruction of.
  static Acc Combine(Acc x, Acc y) {
    const Acc less = x <= y ? x : y;
    return x != x ? x : less;
  }
};
template <class T>
struct MaxOf {
  using In = T;
  using Acc = T;
  static constexpr bool kLargest = true;
  static bool Beats(T x, T y) { return x > y; }
  static Acc Load(In x) { return x; }
  static Acc Identity(Acc first) { return first; }
  static Acc Combine(Acc x, Acc y) {
    const Acc more = x >= y ? x : y;
    return x != x ? x : more;
  }
};
/// Whether F is a minimum or maximum of floating-point numbers.
template <class F>
constexpr bool kIsExtreme = false;
template <>
constexpr bool kIsExtreme<MinOf<float>> = true;
template <>
constexpr bool kIsExtreme<MinOf<double>> = true;
template <>
constexpr bool kIsExtreme<MaxOf<float>> = true;
template <>
constexpr bool kIsExtreme<MaxOf<double>> = true;

/// An integer of an element's size.
template <int kBytes>
struct FlagOf {
  using type = int64_t;
};
template <>
struct FlagOf<4> {
  using type = int32_t;
};

template <class T>
struct AnyOf {
  using In = T;
  using Acc = uint8_t;
  static Acc Load(In x) { return x != 0; }
  static Acc Identity(Acc) { return 0; }
  static Acc Combine(Acc x, Acc y) { return x | y; }
};
template <class T>
struct AllOf {
  using In = T;
  using Acc = uint8_t;
  static Acc Load(In x) { return x != 0; }
  static Acc Identity(Acc) { return 1; }
  static Acc Combine(Acc x, Acc y) { return x & y; }
};
/// A block's count fits 16 bits, but blocks are combined in the same type, so it is a wide one.
template <class T>
struct CountOf {
  using In = T;
  using Acc = uint64_t;
  static Acc Load(In x) { return x != 0; }
  static Acc Identity(Acc) { return 0; }
  static Acc Combine(Acc x, Acc y) { return x + y; }
};

/// With kWidth < 32 lanes for rows of at most as many elements: the others would hold the identity,
/// which changes nothing.
template <class F, int kWidth>
typename F::Acc ReduceBlock(const typename F::In* x, int64_t n) {
  using Acc = typename F::Acc;
  const Acc identity = F::Identity(F::Load(x[0]));
  Acc lanes[kWidth];
  for (int j = 0; j < kWidth; ++j) lanes[j] = identity;
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    for (int j = 0; j < kWidth; ++j) lanes[j] = F::Combine(lanes[j], F::Load(x[i + j]));
  }
  for (int j = 0; i + j < n; ++j) lanes[j] = F::Combine(lanes[j], F::Load(x[i + j]));
  for (int half = kWidth / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) lanes[j] = F::Combine(lanes[j], lanes[j + half]);
  }
  return lanes[0];
}

/// The same of minima and maxima of floating-point numbers without a NaN among them: then one
/// instruction makes a choice. False, and nothing, if there is a NaN.
template <class F, int kWidth>
bool ReduceNumbers(const typename F::In* x, int64_t n, typename F::Acc* result) {
  using T = typename F::In;
  using Flag = typename FlagOf<sizeof(T)>::type;
  T lanes[kWidth];
  Flag nan_lanes[kWidth] = {};
  int64_t i = 0;
#if defined(__AVX512F__)
  bool found_nan = false;
  i = ExtremeLanes<F::kLargest>(x, n, lanes, &found_nan);
  if (found_nan) return false;
#else
  for (int j = 0; j < kWidth; ++j) lanes[j] = x[0];
  for (; i + kWidth <= n; i += kWidth) {
    for (int j = 0; j < kWidth; ++j) {
      const T value = x[i + j];
      lanes[j] = F::Beats(value, lanes[j]) ? value : lanes[j];
      nan_lanes[j] |= value != value;
    }
  }
#endif
  for (int j = 0; i + j < n; ++j) {
    const T value = x[i + j];
    lanes[j] = F::Beats(value, lanes[j]) ? value : lanes[j];
    nan_lanes[j] |= value != value;
  }
  Flag has_nan = 0;
  for (int j = 0; j < kWidth; ++j) has_nan |= nan_lanes[j];
  if (has_nan != 0) return false;
  for (int half = kWidth / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) {
      const T value = lanes[j + half];
      lanes[j] = F::Beats(value, lanes[j]) ? value : lanes[j];
    }
  }
  *result = lanes[0];
  return true;
}

/// Rows of n < kLanes elements, in the lanes of vectors: each element is a lane of its own of the
/// block, and lanes that hold the identity are left out.
template <class F>
void ReduceTurnedRows(const typename F::In* x, int64_t stride, int64_t rows, int64_t n,
                      typename F::Acc* out) {
  using In = typename F::In;
  using Acc = typename F::Acc;
  constexpr int64_t kTile = 32;
  alignas(64) In tile[kLanes * kTile] = {};
  alignas(64) Acc accs[kLanes * kTile];
  for (int64_t first = 0; first < rows; first += kTile) {
    const int64_t count = rows - first < kTile ? rows - first : kTile;
    Turn(x + first * stride, stride, count, n, tile, kTile);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t row = 0; row < kTile; ++row) {
        const Acc identity = F::Identity(F::Load(tile[row]));
        accs[i * kTile + row] = F::Combine(identity, F::Load(tile[i * kTile + row]));
      }
    }
    int64_t used = n;
    for (int64_t half = kLanes / 2; half > 0; half /= 2) {
      if (used <= half) continue;
      const Acc* high = accs + half * kTile;
      EMBER_INDEPENDENT
      for (int64_t k = 0; k < (used - half) * kTile; ++k) accs[k] = F::Combine(accs[k], high[k]);
      used = half;
    }
    for (int64_t row = 0; row < count; ++row) out[first + row] = accs[row];
  }
}

template <class F>
void ReduceRows(const void* input, int64_t stride, int64_t rows, int64_t n, const double*, int64_t,
                void* accs) {
  const auto* x = static_cast<const typename F::In*>(input);
  auto* out = static_cast<typename F::Acc*>(accs);
  constexpr int64_t kTurnedRowsMin = 16;
  if (n < kLanes && rows >= kTurnedRowsMin) {
    return ReduceTurnedRows<F>(x, stride, rows, n, out);
  }
  if constexpr (kIsExtreme<F>) {
    if (n >= kLanes) {
      for (int64_t row = 0; row < rows; ++row) {
        const auto* from = x + row * stride;
        if (!ReduceNumbers<F, kLanes>(from, n, out + row)) {
          out[row] = ReduceBlock<F, kLanes>(from, n);
        }
      }
      return;
    }
  }
  if (n <= 8) {
    for (int64_t row = 0; row < rows; ++row) out[row] = ReduceBlock<F, 8>(x + row * stride, n);
    return;
  }
  for (int64_t row = 0; row < rows; ++row) {
    out[row] = ReduceBlock<F, kLanes>(x + row * stride, n);
  }
}

/// lanes[j] = lanes[j] combined with the elements of 1 or 4 rows, one after the other.
template <class F, int kRows>
void Chain(const typename F::In* const* rows, int64_t width, typename F::Acc* __restrict lanes) {
  using In = typename F::In;
  using Acc = typename F::Acc;
  const In* a = rows[0];
  const In* b = rows[kRows == 4 ? 1 : 0];
  const In* c = rows[kRows == 4 ? 2 : 0];
  const In* d = rows[kRows == 4 ? 3 : 0];
  EMBER_INDEPENDENT
  for (int64_t j = 0; j < width; ++j) {
    Acc acc = lanes[j];
    acc = F::Combine(acc, F::Load(a[j]));
    if constexpr (kRows == 4) {
      acc = F::Combine(acc, F::Load(b[j]));
      acc = F::Combine(acc, F::Load(c[j]));
      acc = F::Combine(acc, F::Load(d[j]));
    }
    lanes[j] = acc;
  }
}

/// The same for 1 to 4 rows.
template <class F>
void ChainOf(int num_rows, const typename F::In* const* rows, int64_t width,
             typename F::Acc* lanes) {
  if (num_rows == 4) return Chain<F, 4>(rows, width, lanes);
  for (int i = 0; i < num_rows; ++i) Chain<F, 1>(rows + i, width, lanes);
}

/// Rows that follow each other without gaps are read as one long row of 32, lanes side by side, so
/// that narrow matrices fill vectors.
template <class F>
void NarrowColumns(const typename F::In* x, int64_t n, int64_t width, typename F::Acc* lanes) {
  const int64_t group = kLanes * width;
  const int64_t groups = n / kLanes;
  for (int64_t g = 0; g < groups; g += 4) {
    const typename F::In* rows[4];
    const int count = static_cast<int>(groups - g < 4 ? groups - g : 4);
    for (int k = 0; k < count; ++k) rows[k] = x + (g + k) * group;
    ChainOf<F>(count, rows, group, lanes);
  }
  const typename F::In* rest[1] = {x + groups * group};
  if (n % kLanes != 0) Chain<F, 1>(rest, n % kLanes * width, lanes);
}

constexpr int64_t kNarrow = 32;

bool IsGapless(const int64_t* offsets, int64_t n, int64_t width) {
  bool gapless = true;
  for (int64_t i = 1; i < n; ++i) gapless &= offsets[i] - offsets[i - 1] == width;
  return gapless;
}

template <class F>
void ReduceColumns(const void* input, const int64_t* offsets, int64_t n, int64_t width,
                   const double*, void* scratch, void* accs) {
  using In = typename F::In;
  using Acc = typename F::Acc;
  const In* x = static_cast<const In*>(input);
  Acc* lanes = static_cast<Acc*>(scratch);
  Acc* out = static_cast<Acc*>(accs);
  const In* first = x + offsets[0];
  int64_t used = n < kLanes ? n : kLanes;
  for (int64_t lane = 0; lane < used; ++lane) {
    for (int64_t j = 0; j < width; ++j) lanes[lane * width + j] = F::Identity(F::Load(first[j]));
  }
  if (width < kNarrow && IsGapless(offsets, n, width)) {
    NarrowColumns<F>(first, n, width, lanes);
  } else {
    for (int64_t i = 0; i < n; i += 4 * kLanes) {
      for (int64_t lane = 0; lane < kLanes && i + lane < n; ++lane) {
        const In* rows[4];
        int count = 0;
        for (int64_t at = i + lane; count < 4 && at < n; at += kLanes) {
          rows[count++] = x + offsets[at];
        }
        ChainOf<F>(count, rows, width, lanes + lane * width);
      }
    }
  }
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
    if (used <= half) continue;
    const int64_t count = (used - half) * width;
    Acc* low = lanes;
    const Acc* high = lanes + half * width;
    EMBER_INDEPENDENT
    for (int64_t k = 0; k < count; ++k) low[k] = F::Combine(low[k], high[k]);
    used = half;
  }
  for (int64_t j = 0; j < width; ++j) out[j] = lanes[j];
}

template <class F>
void CombineAccs(void* a, const void* b, int64_t count) {
  auto* x = static_cast<typename F::Acc*>(a);
  const auto* y = static_cast<const typename F::Acc*>(b);
  EMBER_INDEPENDENT
  for (int64_t i = 0; i < count; ++i) x[i] = F::Combine(x[i], y[i]);
}

/// Reductions of transposed matrices are worth kernels of their own where NumPy's are quick.
template <class F>
constexpr bool kHasStrips = false;
template <class T>
constexpr bool kHasStrips<SumOf<T>> = true;
template <class T>
constexpr bool kHasStrips<MinOf<T>> = true;
template <class T>
constexpr bool kHasStrips<MaxOf<T>> = true;

template <class F>
void SetReduction(ReductionTable* table, Op op, DType dtype) {
  table->kernels[static_cast<int>(op)][static_cast<int>(dtype)] = {
      &ReduceRows<F>, &ReduceColumns<F>, &CombineAccs<F>, sizeof(typename F::Acc)};
  if constexpr (kHasStrips<F>) {
    table->kernels[static_cast<int>(op)][static_cast<int>(dtype)].strip = StripKernelOf<F>();
  }
}

template <template <class> class F, class... Ts>
void AddReduction(ReductionTable* table, Op op, Types<Ts...>) {
  (SetReduction<F<Ts>>(table, op, DTypeOf<Ts>()), ...);
}

}  // namespace
}  // namespace emberharmony::backend::native
