#pragma once

#include "emberharmony/ops/operand.h"

/// Set functions of the Array API standard. Any dtype; x is read as one row of elements in C order.
/// Unique values ascend (complex ones by real, then imaginary part), NaN last. -0 and +0 are equal
/// and represented by the one that comes first; every NaN is a value of its own.
namespace emberharmony::ops {

struct UniqueAll {
  Tensor values;           ///< of rank 1
  Tensor indices;          ///< int64: where each value first stands in x
  Tensor inverse_indices;  ///< int64, of x's shape: values[inverse_indices] is x
  Tensor counts;           ///< int64: how often each value stands in x
};
UniqueAll unique_all(const Tensor& x);

struct UniqueCounts {
  Tensor values, counts;
};
UniqueCounts unique_counts(const Tensor& x);

struct UniqueInverse {
  Tensor values, inverse_indices;
};
UniqueInverse unique_inverse(const Tensor& x);

Tensor unique_values(const Tensor& x);

/// Whether each element of x1 is among those of x2 (with `invert`: is not): bool, of x1's shape.
/// NaN is in nothing. The dtypes are promoted; throws DTypeError where they cannot be.
Tensor isin(const Tensor& x1, const Tensor& x2, bool invert = false);

}  // namespace emberharmony::ops
