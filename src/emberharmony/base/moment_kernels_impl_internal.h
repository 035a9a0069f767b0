// The loops of moment_kernels_internal.h, written once with the compiler's vector types and
// compiled once for each instruction set. Everything is in an anonymous namespace, and nothing of
// the standard library is called, so that no function compiled for a newer CPU can take the place
// of one for an older CPU when the library is linked.
#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "emberharmony/base/moment_kernels_internal.h"

namespace emberharmony::base::internal {
namespace {

typedef double Doubles __attribute__((vector_size(32), may_alias));

#define EMBER_INLINE static inline __attribute__((always_inline))

EMBER_INLINE double PowerOfTwo(int exponent) {
  const long long bits = static_cast<long long>(exponent + 1023) << 52;
  double result;
  __builtin_memcpy(&result, &bits, sizeof result);
  return result;
}

EMBER_INLINE void Fill(Doubles& vector, double value) {
  vector = Doubles{value, value, value, value};
}

#ifdef __AVX2__

typedef long long Longs __attribute__((vector_size(32), may_alias));
typedef double UnalignedDoubles __attribute__((vector_size(32), aligned(8), may_alias));
typedef long long UnalignedLongs __attribute__((vector_size(32), aligned(8), may_alias));

// One vector of a block: takes out NaN and values of weight 0 and keeps the range.
struct VectorRange {
  Longs count{};
  Longs weights_union{};
  Doubles smallest;
  Doubles largest{};
};

EMBER_INLINE void PrepareVector(const Doubles& loaded, const Longs* weights, VectorRange& range,
                                Doubles& kept) {
  const Longs zero{};
  Longs keep = loaded == loaded;
  if (weights != nullptr) {
    range.weights_union |= *weights;
    keep &= zero - *weights;  // weight 1 gives all bits, weight 0 none
  }
  range.count -= keep;
  kept = (Doubles)((Longs)loaded & keep);
  const Longs sign_bit = zero + static_cast<long long>(1ULL << 63);
  const Doubles magnitude = (Doubles)((Longs)kept & ~sign_bit);
  const Longs larger = magnitude > range.largest;
  range.largest = (Doubles)(((Longs)magnitude & larger) | ((Longs)range.largest & ~larger));
  const Longs smaller = (magnitude < range.smallest) & (magnitude > (Doubles)zero);
  range.smallest = (Doubles)(((Longs)magnitude & smaller) | ((Longs)range.smallest & ~smaller));
}

void Prepare(const double* values, const int64_t* weights, int64_t n, MomentBlock* block) {
  VectorRange range;
  Fill(range.smallest, __builtin_inf());
  Doubles kept;
  Longs weight{};
  int64_t i = 0;
  for (; i + kMomentLanes <= n; i += kMomentLanes) {
    const Doubles loaded = *reinterpret_cast<const UnalignedDoubles*>(values + i);
    if (weights != nullptr) weight = *reinterpret_cast<const UnalignedLongs*>(weights + i);
    PrepareVector(loaded, weights != nullptr ? &weight : nullptr, range, kept);
    *reinterpret_cast<Doubles*>(block->values + i) = kept;
  }
  Fill(kept, 0.0);
  for (int64_t j = i; j < kMomentBlockValues; j += kMomentLanes) {
    *reinterpret_cast<Doubles*>(block->values + j) = kept;
  }
  if (i < n) {
    Doubles last{};
    Longs last_weights{};
    // What lies beyond the end is NaN, which is not counted, of weight 0.
    Fill(last, __builtin_nan(""));
    for (int64_t lane = 0; lane < n - i; ++lane) {
      last[lane] = values[i + lane];
      last_weights[lane] = weights != nullptr ? weights[i + lane] : 1;
    }
    PrepareVector(last, weights != nullptr ? &last_weights : nullptr, range, kept);
    *reinterpret_cast<Doubles*>(block->values + i) = kept;
  }
  block->count = 0;
  block->weights_union = 0;
  block->smallest = __builtin_inf();
  block->largest = 0;
  for (int lane = 0; lane < kMomentLanes; ++lane) {
    block->count += range.count[lane];
    block->weights_union |= range.weights_union[lane];
    if (range.smallest[lane] < block->smallest) block->smallest = range.smallest[lane];
    if (range.largest[lane] > block->largest) block->largest = range.largest[lane];
  }
}

#else

// Value by value: without AVX2 GCC 12 does vector comparisons one by one, and slowly.
void Prepare(const double* values, const int64_t* weights, int64_t n, MomentBlock* block) {
  int64_t count = 0, weights_union = 0;
  double smallest = __builtin_inf(), largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t weight = weights == nullptr ? 1 : weights[i];
    weights_union |= weight;
    const bool keep = values[i] == values[i] && weight != 0;
    const double kept = keep ? values[i] : 0.0;
    const double magnitude = __builtin_fabs(kept);
    count += keep;
    largest = magnitude > largest ? magnitude : largest;
    smallest = magnitude < smallest && magnitude > 0 ? magnitude : smallest;
    block->values[i] = kept;
  }
  for (int64_t i = n; i < kMomentBlockValues; ++i) block->values[i] = 0;
  block->count = count;
  block->weights_union = weights_union;
  block->smallest = smallest;
  block->largest = largest;
}

#endif

// x * x = square + error, exactly: the error of a rounded product is a double (no underflow within
// kExponentMax).
EMBER_INLINE void SquareExactly(const Doubles& x, Doubles& square, Doubles& error) {
  square = x * x;
#ifdef __AVX2__
  error = (Doubles)_mm256_fmsub_pd((__m256d)x, (__m256d)x, (__m256d)square);
#else
  // Veltkamp's splitting into halves of 26 bits and Dekker's product (1971): each step is exact.
  const Doubles scaled = x * 134217729.0;  // 2^27 + 1
  const Doubles high = scaled - (scaled - x);
  const Doubles low = x - high;
  error = ((high * high - square) + 2.0 * high * low) + low * low;
#endif
}

// Cuts x at the units given by `cutters` (1.5 * 2^(52 + unit), after Rump's ExtractVector) and adds
// the parts to `parts`. Adding a cutter rounds to a multiple of its unit; taking it away again
// leaves that multiple, exactly.
template <int kParts>
EMBER_INLINE void AddInParts(const Doubles& x, const Doubles* cutters, Doubles* parts) {
  Doubles rest = x;
  for (int part = 0; part + 1 < kParts; ++part) {
    const Doubles high = (rest + cutters[part]) - cutters[part];
    parts[part] += high;
    rest -= high;
  }
  parts[kParts - 1] += rest;
}

// A lane adds 2^8 values. Magnitudes are at most 2^bound, so a sum of multiples of 2^unit stays
// exact, below 2^(53 + unit), for unit >= bound + 8 - 53; what rounding to multiples of 2^unit
// leaves is at most 2^(unit - 1), and so on. The last part is what remains: multiples of 2^q, where
// q = exponent of `smallest` - 52 for values, twice the exponent - 52 for rounded squares, twice
// the exponent - 104 for their errors; kSpreadMax2 and 3 are what makes the last sums exact too.
template <int kParts>
EMBER_INLINE void FillCutters(int bound, Doubles* cutters) {
  int unit = bound + 8 - 53;
  for (int part = 0; part + 1 < kParts; ++part) {
    Fill(cutters[part], 1.5 * PowerOfTwo(52 + unit));
    unit = unit - 1 + 8 - 53;
  }
}

template <int kParts>
EMBER_INLINE void Store(const Doubles* parts, double (*out)[kMomentLanes], int num_out) {
  for (int part = 0; part < num_out; ++part) {
    for (int lane = 0; lane < kMomentLanes; ++lane) {
      out[part][lane] = part < kParts ? parts[part][lane] : 0.0;
    }
  }
}

template <int kParts>
void SumBlock(const MomentBlock& block, int exponent, MomentSums* sums) {
  static_assert(kMomentBlockValues / kMomentLanes == 256,
                "FillCutters reckons with 2^8 values a lane");
  Doubles value_cutters[1], square_cutters[kParts - 1], error_cutters[kParts - 1];
  FillCutters<2>(exponent + 1, value_cutters);
  FillCutters<kParts>(2 * exponent + 2, square_cutters);
  FillCutters<kParts>(2 * exponent - 52, error_cutters);
  Doubles values[2] = {}, squares[kParts] = {}, errors[kParts] = {};
  for (int i = 0; i < kMomentBlockValues; i += kMomentLanes) {
    const Doubles x = *reinterpret_cast<const Doubles*>(block.values + i);
    Doubles square, error;
    SquareExactly(x, square, error);
    AddInParts<2>(x, value_cutters, values);
    AddInParts<kParts>(square, square_cutters, squares);
    AddInParts<kParts>(error, error_cutters, errors);
  }
  Store<2>(values, sums->values, 2);
  Store<kParts>(squares, sums->squares, kMomentParts);
  Store<kParts>(errors, sums->errors, kMomentParts);
}

constexpr MomentKernels kKernels = {Prepare, SumBlock<2>, SumBlock<3>};

#undef EMBER_INLINE

}  // namespace
}  // namespace emberharmony::base::internal
