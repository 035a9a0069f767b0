#pragma once

#include <cstdint>

namespace emberharmony::feature {

/// The inner loops of windows and components. Rows are doubles, `num_columns` each, one behind the
/// other. Every instruction set gives the same bits.
struct RowKernels {
  /// n floats as doubles.
  void (*widen)(const float* from, int64_t n, double* out);
  /// rows[r][c] - shift[c].
  void (*center)(const double* rows, int64_t num_rows, int64_t num_columns, const double* shift,
                 double* out);
  /// (rows[r][c] - centre[c]) * inverse_step[c], at most 2^30 in size, rounded to an integer.
  void (*quantize)(const double* rows, int64_t num_rows, int64_t num_columns, const double* centre,
                   const double* inverse_step, int64_t* out);
  /// sums[c] += the sum of rows[r * row_stride + c] over r.
  void (*add_rows)(const int64_t* rows, int64_t row_stride, int64_t num_rows, int64_t num_columns,
                   int64_t* sums);
  /// Adds the sum of rows[r * row_stride + i] * rows[r * row_stride + j] over r, of integers of at
  /// most 2^30 in size, to 2^32 high[i * width + j] + low[i * width + j], for i below num_columns
  /// and j below `length`. low stays above 0 and grows by less than 2^32 for each 112 rows or part
  /// of them. `width` is the next multiple of kProductLanes; what lies between is overwritten, and
  /// rows may be read up to there.
  void (*add_products)(const int64_t* rows, int64_t row_stride, int64_t num_rows,
                       int64_t num_columns, int64_t length, int64_t* high, int64_t* low);
  /// out[w][j] = offset[j] + the sum of first[w * window_stride + k] * basis[k][j] over k in
  /// ascending order, each product and addition rounded once (fused). `width` is a multiple of
  /// kProjectionLanes: the length of a row of basis, of offset and of a row of out.
  void (*project)(const double* first, int64_t window_stride, int64_t num_windows,
                  int64_t num_features, const double* basis, const double* offset, int64_t width,
                  double* out);
};

inline constexpr int64_t kProjectionLanes = 8;
inline constexpr int64_t kProductLanes = 8;

const RowKernels& PortableRowKernels();
#ifdef __x86_64__
const RowKernels& Avx2RowKernels();
const RowKernels& Avx512RowKernels();
#endif
/// The fastest that this CPU runs.
const RowKernels& BestRowKernels();

}  // namespace emberharmony::feature
