#pragma once

#include <cstdint>

#include "emberharmony/backend/op.h"

namespace emberharmony::backend {

/// The most elements that RowsKernel::run reduces to one.
inline constexpr int64_t kRowsKernelMax = 1024;

/// A reduction of rows whose elements lie in memory one after the other.
struct RowsKernel {
  /// Reduces each of `rows` rows of 0 < n <= kRowsKernelMax elements to an accumulator of
  /// `accumulator_bytes`; row r begins at element r * stride of x. Null: there is none.
  void (*run)(const void* x, int64_t stride, int64_t rows, int64_t n, const double* centers,
              int64_t center_stride, void* accumulators) = nullptr;
  int64_t accumulator_bytes = 0;
};

/// For small tensors, of which asking a backend and calling it would cost more than the
/// computation: the native kernel of a reduction, which gives the bits that Execute gives. None
/// where another backend than the native one is current. Thread-safe.
RowsKernel CurrentRowsKernel(Op op, tensor::DType dtype);

}  // namespace emberharmony::backend
