#pragma once

#include <cstdint>

#include "emberharmony/tensor/dtype.h"

namespace emberharmony::backend::native {

/// Products of one dtype, compiled for one instruction set; every set gives the same bits. Strides
/// count elements.
struct MatmulKernels {
  /// c = a b. b and c are row-major with `ldb` and `ldc` elements from row to row. Each element is
  /// summed in the order of k, in its own dtype; integers wrap around.
  void (*product)(const void* a, int64_t a_row_stride, int64_t a_column_stride, const void* b,
                  int64_t ldb, void* c, int64_t ldc, int64_t m, int64_t n, int64_t k);
  /// The sum of x[i] y[i]. Real and complex floating point only.
  void (*dot)(const void* x, const void* y, void* out, int64_t n);
  /// out = a x, with the rows of a contiguous, or its columns: the same bits. Real floating point
  /// only.
  void (*row_dots)(const void* a, int64_t row_stride, const void* x, void* out, int64_t m,
                   int64_t k);
  void (*column_dots)(const void* a, int64_t column_stride, const void* x, void* out, int64_t m,
                      int64_t k);
};

/// Elements to which a part of a dot product's work should be a multiple.
inline constexpr int64_t kDotBlock = 4096;
/// The same of the rows of column_dots.
inline constexpr int64_t kColumnDotsRows = 256;

/// The kernels of the active instruction set, for any dtype but bool.
const MatmulKernels& MatmulKernelsFor(tensor::DType dtype);

/// By dtype; matmul_kernels_internal.h holds the bodies.
namespace scalar {
const MatmulKernels* TheMatmulKernels();
}
namespace avx2 {
const MatmulKernels* TheMatmulKernels();
}
namespace avx512 {
const MatmulKernels* TheMatmulKernels();
}

}  // namespace emberharmony::backend::native
