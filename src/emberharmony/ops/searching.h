#pragma once

#include <optional>
#include <vector>

#include "emberharmony/ops/operand.h"

/// Searching functions of the Array API standard. They throw ShapeError for
/// axes that do not exist.
namespace emberharmony::ops {

struct ArgOptions {
  /// Without it the position counts through all elements in C order.
  std::optional<int> axis = std::nullopt;
  bool keepdims = false;
};

/// The position (int64) of the first largest, or smallest, element; the first
/// NaN if there is one. Real dtypes and bool (else DTypeError). Throws
/// ShapeError without elements.
Tensor argmax(const Tensor& x, const ArgOptions& options = {});
Tensor argmin(const Tensor& x, const ArgOptions& options = {});

/// Where elements are not zero (NaN is not): for each dimension their indices
/// along it (int64, of rank 1), in C order. Any dtype. Throws ShapeError for a
/// tensor of rank 0.
std::vector<Tensor> nonzero(const Tensor& x);

enum class Side { kLeft, kRight };

/// The places (int64, of the shape of x2) at which the elements of x2 would
/// keep x1 sorted: before equal elements (kLeft) or behind them. x1 has rank 1
/// and ascends, NaN last; if not, x1[sorter] does. Real dtypes and bool,
/// promoted. Throws ShapeError for other ranks and sorters of other lengths or
/// beyond x1, DTypeError.
Tensor searchsorted(const Tensor& x1, const Tensor& x2, Side side = Side::kLeft,
                    const Tensor* sorter = nullptr);

}  // namespace emberharmony::ops
