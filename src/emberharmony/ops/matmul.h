#pragma once

#include <span>

#include "emberharmony/ops/operand.h"

/// Products of the Array API standard 2025.12 (linear algebra functions), and NumPy's.
///
/// All promote two dtypes as arithmetic does; of two tensors of bool the product is "and", the sum
/// "or". Integers are multiplied and added in the result's dtype and wrap around. Floating-point
/// matrices are multiplied by OpenBLAS where its plugin is there, else by our own slower kernels.
/// Results do not depend on the number of threads or the layout of the tensors in memory; those of
/// OpenBLAS are the same on all CPUs with the same instructions. Shapes that do not fit throw
/// ShapeError.
namespace emberharmony::ops {

/// The matrix product: of shapes (..., M, K) and (..., K, N), whose leading axes broadcast, to
/// (..., M, N). A tensor of rank 1 counts as one row if it is x1, as one column if it is x2, and
/// the axis so added is missing in the result. Rank 0: ShapeError.
Tensor matmul(const Tensor& x1, const Tensor& x2);

/// The sum of products over axes of both: the last `axes` of x1 with the first `axes` of x2. The
/// result has the other axes of x1, then those of x2; with axes = 0 it is the outer product.
Tensor tensordot(const Tensor& x1, const Tensor& x2, int axes = 2);
/// Over axes1[i] of x1 with axes2[i] of x2, which are equally long; negative ones count from the
/// back.
Tensor tensordot(const Tensor& x1, const Tensor& x2, std::span<const int> axes1,
                 std::span<const int> axes2);

/// The dot products of vectors along `axis`, which is equally long in both; other axes broadcast.
/// Complex numbers of x1 are conjugated. A negative axis counts from the back of each tensor;
/// others are allowed where both have the same rank.
Tensor vecdot(const Tensor& x1, const Tensor& x2, int axis = -1);

/// NumPy's dot: of vectors the sum of products (nothing conjugated), of matrices matmul, with a
/// tensor of rank 0 multiply; else the sum over the last axis of x1 and the last but one (of a
/// vector the only one) of x2.
Tensor dot(const Tensor& x1, const Tensor& x2);

/// NumPy's inner: the sum of products over the last axis of both, or with a tensor of rank 0 the
/// product.
Tensor inner(const Tensor& x1, const Tensor& x2);

/// NumPy's kron: x2 repeated in the places of x1's elements and multiplied by them. Shapes are made
/// equally long by ones in front; the result's are their products.
Tensor kron(const Tensor& x1, const Tensor& x2);

}  // namespace emberharmony::ops
