#pragma once

#include <cstdint>

namespace emberharmony::feature {

/// The inner loops of windows and components. Rows are doubles, `num_columns` each, one behind the
/// other. Every instruction set gives the same bits: nothing is fused or added in another order.
struct RowKernels {
  /// rows[r][c] - shift[c].
  void (*center)(const double* rows, int64_t num_rows, int64_t num_columns, const double* shift,
                 double* out);
  /// q = (rows[r][c] - centre[c]) * inverse_step[c], rounded to an integer, at most 2^30 in size,
  /// in two halves: out[r][c] = h and out[r][num_columns + c] = l with q = 2^15 h + l,
  /// |l| <= 2^14.
  void (*quantize)(const double* rows, int64_t num_rows, int64_t num_columns, const double* centre,
                   const double* inverse_step, double* out);
  /// sums[c] += the sum of rows[r * row_stride + c] over r.
  void (*add_rows)(const double* rows, int64_t row_stride, int64_t num_rows, int64_t num_columns,
                   double* sums);
  /// out[w][j] = offset[j] + the sum of first[w * window_stride + k] * basis[k][j] over k in
  /// ascending order. `width` is a multiple of kProjectionLanes: the length of a row of basis, of
  /// offset and of a row of out.
  void (*project)(const double* first, int64_t window_stride, int64_t num_windows,
                  int64_t num_features, const double* basis, const double* offset, int64_t width,
                  double* out);
};

inline constexpr int64_t kProjectionLanes = 8;

const RowKernels& PortableRowKernels();
#ifdef __x86_64__
const RowKernels& Avx2RowKernels();
const RowKernels& Avx512RowKernels();
#endif
/// The fastest that this CPU runs.
const RowKernels& BestRowKernels();

}  // namespace emberharmony::feature
