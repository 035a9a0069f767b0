#pragma once

#include "emberharmony/ops/operand.h"

/// What the files of linear algebra share.
namespace emberharmony::ops {

/// The complex conjugates; a real tensor itself.
Tensor Conjugate(const Tensor& x);
/// The last two axes exchanged: a view.
Tensor TransposeMatrices(const Tensor& x);
/// x in floating point: of integers and bool float64.
Tensor AsFloating(const Tensor& x);
/// The same, but DTypeError for bool, of which there are no matrices.
Tensor AsMatrices(const char* function, const Tensor& x);
/// `axes`, of the last two matrices, before `lengths`: the shape of a stack's results.
Shape StackShape(const Tensor& x, std::initializer_list<int64_t> lengths = {});
/// Throws ShapeError unless the rank is 2 at least.
void CheckMatrices(const char* function, const Tensor& x);
/// Throws ShapeError unless they are square too.
void CheckSquare(const char* function, const Tensor& x);
/// The difference between 1 and the next number of a floating-point dtype.
double EpsilonOf(DType dtype);
/// Unit matrices (..., n, n).
Tensor Identity(const Shape& stack, int64_t n, DType dtype);

}  // namespace emberharmony::ops
