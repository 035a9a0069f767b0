#include <fmt/format.h>

#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/linalg.h"
#include "emberharmony/ops/linalg_internal.h"
#include "emberharmony/ops/random.h"

namespace emberharmony::ops::linalg {

Tensor orthogonal(const Shape& shape, double gain, const OrthogonalOptions& options) {
  const DType dtype = options.dtype.value_or(DType::kFloat64);
  if (!tensor::IsRealFloating(dtype)) {
    throw DTypeError(fmt::format("orthogonal: expected a real floating-point dtype, found {}",
                                 DTypeName(dtype)));
  }
  if (shape.rank() < 2) {
    throw ShapeError(fmt::format("orthogonal: expected a shape of two axes at least, found {}",
                                 shape.ToString()));
  }
  const int64_t rows = shape[0];
  int64_t columns = 1;
  for (int axis = 1; axis < shape.rank(); ++axis) {
    if (shape[axis] < 0 || __builtin_mul_overflow(columns, shape[axis], &columns)) {
      throw ShapeError(
          fmt::format("orthogonal: expected a shape of fewer than 2^63 elements, "
                      "without negative lengths, found {}",
                      shape.ToString()));
    }
  }
  const bool wide = rows < columns;
  const Shape tall = wide ? Shape{columns, rows} : Shape{rows, columns};
  const Tensor normals = random::normal(tall, 0.0, 1.0, {.seed = options.seed});
  const QrResult factors = qr(normals);
  // Q alone is not uniformly distributed, since LAPACK fixes signs in its own way; with the signs
  // of R's diagonal it is.
  const Tensor negative = less(diagonal(factors.R), 0.0);
  const Tensor signs =
      multiply(subtract(1.0, multiply(astype(negative, DType::kFloat64), 2.0)), gain);
  const Tensor columns_of = multiply(factors.Q, signs);
  const Tensor result = wide ? TransposeMatrices(columns_of) : columns_of;
  return astype(result.Reshape(shape), dtype, /*copy=*/false);
}

}  // namespace emberharmony::ops::linalg
