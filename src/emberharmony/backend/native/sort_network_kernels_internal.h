// Sorting many short rows at a time; see loops_internal.h.
//
// A tile holds one row in each lane of its vectors: element i of all rows lies side by side. A
// network of comparisons, whose order does not depend on what is compared, then sorts all rows of
// the tile with a minimum and a maximum of two vectors each.
#pragma once

#include <type_traits>

#include "emberharmony/backend/native/loops_internal.h"
#include "emberharmony/backend/native/sort_table_internal.h"
#include "emberharmony/backend/native/turn_kernels_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Registers as the compilers' vector types.
#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif
template <class T>
using Vector [[gnu::vector_size(kVectorBytes), gnu::may_alias]] = T;

/// Rows in a tile: as many as a vector of AVX-512 has lanes.
constexpr int64_t kTileBytes = 64;
constexpr int64_t kLineBytes = 64;  // of the caches
template <class T>
constexpr int64_t kTileRows = kTileBytes / static_cast<int64_t>(sizeof(T));

/// The smaller of two elements goes to `low`, the larger one to `high`: the vector instructions
/// for it where there are, which compilers do not always find.
template <class T>
[[gnu::always_inline]] inline void Exchange(Vector<T>& low, Vector<T>& high) {
  const Vector<T> a = low, b = high;
  low = a < b ? a : b;
  high = a < b ? b : a;
}
#define EMBER_EXCHANGE(type, register_type, prefix, suffix)                                    \
  template <>                                                                                  \
  [[gnu::always_inline]] inline void Exchange<type>(Vector<type> & low, Vector<type> & high) { \
    const auto a = (register_type)low, b = (register_type)high;                                \
    low = (Vector<type>)prefix##_min_##suffix(a, b);                                           \
    high = (Vector<type>)prefix##_max_##suffix(b, a);                                          \
  }
#if defined(__AVX512F__)
EMBER_EXCHANGE(double, __m512d, _mm512, pd)
EMBER_EXCHANGE(float, __m512, _mm512, ps)
EMBER_EXCHANGE(int64_t, __m512i, _mm512, epi64)
EMBER_EXCHANGE(uint64_t, __m512i, _mm512, epu64)
EMBER_EXCHANGE(int32_t, __m512i, _mm512, epi32)
EMBER_EXCHANGE(uint32_t, __m512i, _mm512, epu32)
EMBER_EXCHANGE(int16_t, __m512i, _mm512, epi16)
EMBER_EXCHANGE(uint16_t, __m512i, _mm512, epu16)
EMBER_EXCHANGE(int8_t, __m512i, _mm512, epi8)
EMBER_EXCHANGE(uint8_t, __m512i, _mm512, epu8)
#elif defined(__AVX2__)
EMBER_EXCHANGE(double, __m256d, _mm256, pd)
EMBER_EXCHANGE(float, __m256, _mm256, ps)
EMBER_EXCHANGE(int32_t, __m256i, _mm256, epi32)
EMBER_EXCHANGE(uint32_t, __m256i, _mm256, epu32)
EMBER_EXCHANGE(int16_t, __m256i, _mm256, epi16)
EMBER_EXCHANGE(uint16_t, __m256i, _mm256, epu16)
EMBER_EXCHANGE(int8_t, __m256i, _mm256, epi8)
EMBER_EXCHANGE(uint8_t, __m256i, _mm256, epu8)
#endif
#undef EMBER_EXCHANGE

/// What stands in place of elements beyond the last one: nothing sorts behind it.
template <class T>
constexpr T Last() {
  if constexpr (std::is_floating_point_v<T>) return static_cast<T>(__builtin_inf());
  return std::is_signed_v<T> ? static_cast<T>((~uint64_t{0} >> 1) >> (64 - 8 * sizeof(T)))
                             : static_cast<T>(~uint64_t{0});
}

/// A tile, and memory that is asked for while it is sorted, a line at a time: what the next tile is
/// read from and written to.
template <class T>
struct Tile {
  T* elements;
  const char* next_from;
  const char* next_to;
  int64_t step;

  [[gnu::always_inline]] void AskForNext() {
    __builtin_prefetch(next_from);
    __builtin_prefetch(next_to, 1);
    next_from += step;
    next_to += step;
  }
};

/// Some elements of a tile in registers: element c is that of position at(c). With kPartial those
/// at positions from n on are not there.
template <class T, int kCount, bool kPartial, class At, class F>
[[gnu::always_inline]] inline void InRegisters(Tile<T>& sorted, int64_t n, At at, F f) {
  constexpr int64_t kRows = kTileRows<T>;
  T* const tile = sorted.elements;
  sorted.AskForNext();
  for (int64_t column = 0; column < kRows; column += kVectorBytes / sizeof(T)) {
    Vector<T> x[kCount];
#pragma GCC unroll 8
    for (int c = 0; c < kCount; ++c) {
      if (kPartial && at(c) >= n) {
        x[c] = Vector<T>{} + Last<T>();
      } else {
        x[c] = *reinterpret_cast<const Vector<T>*>(tile + at(c) * kRows + column);
      }
    }
    f(x);
#pragma GCC unroll 8
    for (int c = 0; c < kCount; ++c) {
      if (kPartial && at(c) >= n) continue;
      *reinterpret_cast<Vector<T>*>(tile + at(c) * kRows + column) = x[c];
    }
  }
}

/// Levels kCount / 2, kCount / 4 ... 1 of a bitonic sequence of kCount elements.
template <class T, int kCount>
[[gnu::always_inline]] inline void Clean(Vector<T>* x) {
  if constexpr (kCount > 1) {
#pragma GCC unroll 4
    for (int c = 0; c < kCount / 2; ++c) Exchange<T>(x[c], x[c + kCount / 2]);
    Clean<T, kCount / 2>(x);
    Clean<T, kCount / 2>(x + kCount / 2);
  }
}

/// The first levels of merging the sorted runs of p elements at `run`: elements of the first run
/// with those of the second one in reverse, then log2(kCount) - 1 levels of each half.
template <class T, int kCount, bool kPartial>
void MergeMirrored(Tile<T>& tile, int64_t run, int64_t p, int64_t n) {
  constexpr int kHalf = kCount / 2;
  const int64_t step = p / kHalf;
  for (int64_t i = 0; i < step; ++i) {
    // The second half in the order of its positions.
    const auto at = [=](int c) {
      return c < kHalf ? run + i + c * step : run + 2 * p - 1 - i - (kCount - 1 - c) * step;
    };
    InRegisters<T, kCount, kPartial>(tile, n, at, [](Vector<T>* x) {
#pragma GCC unroll 4
      for (int c = 0; c < kHalf; ++c) Exchange<T>(x[c], x[kCount - 1 - c]);
      Clean<T, kHalf>(x);
      Clean<T, kHalf>(x + kHalf);
    });
  }
}

/// Three levels, of distances 4, 2 and 1 times `step`, of the bitonic sequences from `begin` on.
template <class T, bool kPartial>
void MergeThree(Tile<T>& tile, int64_t begin, int64_t end, int64_t step, int64_t n) {
  for (int64_t start = begin; start < end; start += 8 * step) {
    for (int64_t i = start; i < start + step; ++i) {
      if (kPartial && i + step >= n) break;
      const auto at = [=](int c) { return i + c * step; };
      InRegisters<T, 8, kPartial>(tile, n, at, [](Vector<T>* x) { Clean<T, 8>(x); });
    }
  }
}

/// Elements that are sorted while they are in registers.
constexpr int64_t kBlock = 8;

/// Sorts the elements from `begin` on, with the fewest comparisons that there are (Knuth, section
/// 5.3.4).
template <class T, bool kPartial>
void SortBlock(Tile<T>& tile, int64_t begin, int64_t n) {
  const auto at = [=](int c) { return begin + c; };
  InRegisters<T, kBlock, kPartial>(tile, n, at, [](Vector<T>* x) {
    const auto exchange = [x](int a, int b) { Exchange<T>(x[a], x[b]); };
    exchange(0, 2), exchange(1, 3), exchange(4, 6), exchange(5, 7);
    exchange(0, 4), exchange(1, 5), exchange(2, 6), exchange(3, 7);
    exchange(0, 1), exchange(2, 3), exchange(4, 5), exchange(6, 7);
    exchange(2, 4), exchange(3, 5);
    exchange(1, 4), exchange(3, 6);
    exchange(1, 2), exchange(3, 4), exchange(5, 6);
  });
}

/// Merges two sorted runs of p >= kBlock elements, the second one of which may be incomplete, by
/// Batcher's bitonic merge (Knuth, The Art of Computer Programming, volume 3, section 5.3.4), three
/// levels at a time.
template <class T, bool kPartial>
void MergeRuns(Tile<T>& tile, int64_t run, int64_t p, int64_t n) {
  int64_t levels = __builtin_ctzll(static_cast<uint64_t>(p));
  switch (levels % 3) {
    case 0:
      MergeMirrored<T, 2, kPartial>(tile, run, p, n);
      break;
    case 1:
      MergeMirrored<T, 4, kPartial>(tile, run, p, n);
      break;
    default:
      MergeMirrored<T, 8, kPartial>(tile, run, p, n);
  }
  for (levels -= levels % 3; levels > 0; levels -= 3) {
    const int64_t end = kPartial ? n : run + 2 * p;
    MergeThree<T, kPartial>(tile, run, end, int64_t{1} << (levels - 3), n);
  }
}

template <class T>
void SortTile(Tile<T>& tile, int64_t n) {
  int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) SortBlock<T, false>(tile, i, n);
  if (i < n) SortBlock<T, true>(tile, i, n);
  for (int64_t p = kBlock; p < n; p *= 2) {
    for (int64_t run = 0; run + p < n; run += 2 * p) {
      if (run + 2 * p <= n) {
        MergeRuns<T, false>(tile, run, p, n);
      } else {
        MergeRuns<T, true>(tile, run, p, n);
      }
    }
  }
}

/// Lanes without a row of their own hold the first one.
template <class T>
void LoadTile(const ShortRows& rows, int64_t first, int64_t count, T* tile) {
  constexpr int64_t kRows = kTileRows<T>;
  const T* from = static_cast<const T*>(rows.from) + first * rows.row_stride;
  if (rows.stride == 1) {
    Turn(from, rows.row_stride, count, rows.n, tile, kRows);
  } else {
    for (int64_t i = 0; i < rows.n; ++i) {
      for (int64_t lane = 0; lane < count; ++lane) {
        tile[i * kRows + lane] = from[i * rows.stride + lane * rows.row_stride];
      }
    }
  }
  if (count == kRows) return;
  for (int64_t i = 0; i < rows.n; ++i) {
    for (int64_t lane = count; lane < kRows; ++lane) tile[i * kRows + lane] = tile[i * kRows];
  }
}

template <class T>
void StoreTile(const T* tile, const ShortRows& rows, int64_t first, int64_t count) {
  constexpr int64_t kRows = kTileRows<T>;
  T* to = static_cast<T*>(rows.to) + first * rows.row_stride;
  if (rows.stride == 1) return Turn(tile, kRows, rows.n, count, to, rows.row_stride);
  for (int64_t i = 0; i < rows.n; ++i) {
    for (int64_t lane = 0; lane < count; ++lane) {
      to[i * rows.stride + lane * rows.row_stride] = tile[i * kRows + lane];
    }
  }
}

/// What there is in a tile that comparisons of floating-point numbers do not tell apart.
struct Special {
  bool nan, mixed_zeros;
};

template <class T>
Special FindSpecial(const T* tile, int64_t size) {
  using Int = typename BitsOf<sizeof(T)>::type;
  constexpr Int kNegativeZero = Int{1} << (8 * sizeof(Int) - 1);
  Int nan = 0, negative = 0, positive = 0;
  for (int64_t i = 0; i < size; ++i) {
    Int bits;
    __builtin_memcpy(&bits, tile + i, sizeof(T));
    nan |= tile[i] != tile[i];
    negative |= bits == kNegativeZero;
    positive |= bits == 0;
  }
  return {nan != 0, negative != 0 && positive != 0};
}

template <class T>
void Negate(T* tile, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      tile[i] = -tile[i];
    } else {
      tile[i] = static_cast<T>(~tile[i]);
    }
  }
}

/// In place of NaN its largest neighbours are sorted, as many as there are NaN in a row: these
/// become NaN again. Infinities are the largest numbers there are.
template <class T>
void HideNans(T* tile, int64_t n, int64_t* nans) {
  constexpr int64_t kRows = kTileRows<T>;
  for (int64_t lane = 0; lane < kRows; ++lane) nans[lane] = 0;
  for (int64_t i = 0; i < n * kRows; ++i) {
    if (tile[i] == tile[i]) continue;
    tile[i] = static_cast<T>(__builtin_inf());
    ++nans[i % kRows];
  }
}
template <class T>
void ShowNans(T* tile, int64_t n, const int64_t* nans) {
  constexpr int64_t kRows = kTileRows<T>;
  const auto bits = static_cast<typename BitsOf<sizeof(T)>::type>(-1) >> 1;  // as in longer rows
  for (int64_t lane = 0; lane < kRows; ++lane) {
    for (int64_t i = n - nans[lane]; i < n; ++i) {
      __builtin_memcpy(tile + i * kRows + lane, &bits, sizeof(T));
    }
  }
}

/// Equal elements keep their order, which shows where zeros have different signs: gives those of a
/// sorted row the signs they have in the input.
template <class T>
void RestoreSigns(const ShortRows& rows, int64_t row) {
  const T* from = static_cast<const T*>(rows.from) + row * rows.row_stride;
  T* to = static_cast<T*>(rows.to) + row * rows.row_stride;
  int64_t at = 0;
  while (at < rows.n && to[at * rows.stride] != 0) ++at;
  for (int64_t i = 0; i < rows.n; ++i) {
    const T x = from[i * rows.stride];
    if (x == 0) to[at++ * rows.stride] = x;
  }
}

template <class T>
void SortShortRows(const ShortRows& rows) {
  constexpr int64_t kRows = kTileRows<T>;
  alignas(kTileBytes) T tile[kShortRowMax * kRows];
  int64_t nans[kRows];
  const int64_t size = rows.n * kRows;
  const bool gapless = rows.stride == 1 && rows.row_stride == rows.n;
  for (int64_t first = 0; first < rows.count; first += kRows) {
    const int64_t count = rows.count - first < kRows ? rows.count - first : kRows;
    LoadTile(rows, first, count, tile);
    Special special{};
    if constexpr (std::is_floating_point_v<T>) special = FindSpecial(tile, size);
    if (rows.descending) Negate(tile, size);
    if (special.nan) HideNans(tile, rows.n, nans);
    Tile<T> sorted = {tile, nullptr, nullptr, 0};
    if (gapless) {
      const int64_t next = (first + kRows) * rows.n * static_cast<int64_t>(sizeof(T));
      sorted = {tile, static_cast<const char*>(rows.from) + next,
                static_cast<const char*>(rows.to) + next, kLineBytes};
    }
    SortTile(sorted, rows.n);
    if (rows.descending) Negate(tile, size);
    if (special.nan) ShowNans(tile, rows.n, nans);
    StoreTile(tile, rows, first, count);
    if (special.mixed_zeros) {
      for (int64_t row = first; row < first + count; ++row) RestoreSigns<T>(rows, row);
    }
  }
}

template <class... Ts>
void SetShortRows(SortKernels* kernels, Types<Ts...>) {
  ((kernels->short_rows[static_cast<int>(DTypeOf<Ts>())] = &SortShortRows<Ts>), ...);
}

void FillSortNetworks(SortKernels* kernels) { SetShortRows(kernels, RealTypes{}); }

}  // namespace
}  // namespace emberharmony::backend::native
