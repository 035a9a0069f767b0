#pragma once

#include <cstdint>

namespace emberharmony::base::internal {

/// Values that are summed together before the exact accumulators are touched.
constexpr int kMomentBlockValues = 1024;
constexpr int kMomentLanes = 4;
/// Parts that a value is cut into, so that each part's sum is exact in double arithmetic.
constexpr int kMomentParts = 3;

/// A block without NaN and without values of weight 0 (they became 0), padded with zeros.
struct MomentBlock {
  alignas(64) double values[kMomentBlockValues];
  int64_t count;          // values that are not NaN, of weight 1
  int64_t weights_union;  // the bitwise or of all weights; count is meaningless unless it is 0 or 1
  double smallest;        // of the magnitudes above 0; infinity when all are 0
  double largest;         // of the magnitudes
};

/// Exact partial sums: of the values, of the rounded squares, and of the rounding errors of the
/// squares. Their total is the block's sum, and its sum of squares.
struct MomentSums {
  double values[2][kMomentLanes];
  double squares[kMomentParts][kMomentLanes];
  double errors[kMomentParts][kMomentLanes];
};

/// The inner loops; the same results, bit for bit, from every implementation, because nothing in
/// them is rounded.
struct MomentKernels {
  /// Copies up to kMomentBlockValues values into a block. weights may be null.
  void (*prepare)(const double* values, const int64_t* weights, int64_t n, MomentBlock* block);
  /// Sums of the block. With e = the exponent of `largest` and d = e - the exponent of `smallest`:
  /// exact for d <= kSpreadMax2 (squares in two parts) or d <= kSpreadMax3 (three), and |e|, |e -
  /// d| <= kExponentMax.
  void (*sum2)(const MomentBlock& block, int exponent, MomentSums* sums);
  void (*sum3)(const MomentBlock& block, int exponent, MomentSums* sums);
};
constexpr int kSpreadMax2 = 18;
constexpr int kSpreadMax3 = 38;
constexpr int kExponentMax = 400;

const MomentKernels& PortableMomentKernels();
#ifdef __x86_64__
const MomentKernels& Avx2MomentKernels();
#endif
/// The fastest that this CPU runs.
const MomentKernels& BestMomentKernels();

}  // namespace emberharmony::base::internal
