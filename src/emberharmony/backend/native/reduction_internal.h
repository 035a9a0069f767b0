#pragma once

#include <cstdint>

#include "emberharmony/backend/op.h"

namespace emberharmony::backend::native {

/// Elements of a sequence that a kernel reduces at a time. Of a longer sequence each block gives
/// one accumulator, and these are combined in a tree that depends on their number alone.
inline constexpr int64_t kReductionBlock = 1024;
/// Element i of a block goes to lane i mod 32; lanes are folded in halves.
inline constexpr int kReductionLanes = 32;

/// Kernels for columns of a matrix, each of which has accumulators of its own: kReductionLanes rows
/// of `width`, in which a column's lie below each other. Null where a reduction has none.
struct StripKernel {
  /// Adds `rows` rows of `count` elements, row r from element r * stride of x on, to the rows of
  /// accumulators (first + r) mod kReductionLanes.
  void (*add_rows)(const void* x, int64_t stride, int64_t rows, int64_t first, int64_t count,
                   int64_t width, void* accs) = nullptr;
  /// Sets the accumulators of a column whose block begins with the element *x.
  void (*start)(const void* x, int64_t width, void* column) = nullptr;
  /// Folds them to the accumulator of the block; its lane 0 is in row `first` mod kReductionLanes.
  void (*fold)(const void* column, int64_t width, int64_t first, void* acc) = nullptr;
};

/// The kernels of one reduction for inputs of one dtype. An accumulator takes `acc_bytes`. Null
/// pointers where there is no such reduction.
struct ReductionKernel {
  /// Reduces each of `rows` rows of 0 < n <= kReductionBlock contiguous elements; row r starts at
  /// element r * stride of x and belongs to centers[r * center_stride].
  void (*rows)(const void* x, int64_t stride, int64_t rows, int64_t n, const double* centers,
               int64_t center_stride, void* accs) = nullptr;
  /// Reduces `width` columns of n such elements: row i starts at element offsets[i] of x; column j
  /// belongs to centers[j]. `lanes` is scratch memory for kReductionLanes * width accumulators.
  void (*columns)(const void* x, const int64_t* offsets, int64_t n, int64_t width,
                  const double* centers, void* lanes, void* accs) = nullptr;
  /// a[i] = a[i] combined with b[i], for `count` accumulators.
  void (*combine)(void* a, const void* b, int64_t count) = nullptr;
  int64_t acc_bytes = 0;
  StripKernel strip = {};
};

/// Finds the first largest (smallest) element of each of `width` columns of n rows: a row i, whose
/// position is first + i, replaces what *best and *at hold where it is larger, or the first NaN.
using ArgColumnsKernel = void (*)(const void* x, const int64_t* offsets, int64_t n, int64_t width,
                                  int64_t first, void* best, int64_t* at);

/// Finds the first largest (smallest) element of each of `count` contiguous rows of 0 < n <=
/// kReductionBlock elements, or its first NaN.
using ArgRowsKernel = void (*)(const void* x, int64_t count, int64_t n, int64_t* at);

/// The reductions of one instruction set.
struct ReductionTable {
  ReductionKernel kernels[kNumOps][tensor::kNumDTypes];
  ArgColumnsKernel arg_max[tensor::kNumDTypes] = {};
  ArgColumnsKernel arg_min[tensor::kNumDTypes] = {};
  ArgRowsKernel arg_max_rows[tensor::kNumDTypes] = {};
  ArgRowsKernel arg_min_rows[tensor::kNumDTypes] = {};

  const ReductionKernel& Get(Op op, tensor::DType dtype) const {
    return kernels[static_cast<int>(op)][static_cast<int>(dtype)];
  }
};

/// The table of the active instruction set.
const ReductionTable& ActiveReductions();

#define EMBER_DECLARE_REDUCTIONS(set)       \
  namespace set {                           \
  void AddTotals(ReductionTable*);          \
  void AddExtremes(ReductionTable*);        \
  void AddVariances(ReductionTable*);       \
  void AddArgReductions(ReductionTable*);   \
  void AddLogicReductions(ReductionTable*); \
  }
EMBER_DECLARE_REDUCTIONS(scalar)
EMBER_DECLARE_REDUCTIONS(avx2)
EMBER_DECLARE_REDUCTIONS(avx512)
#undef EMBER_DECLARE_REDUCTIONS

}  // namespace emberharmony::backend::native
