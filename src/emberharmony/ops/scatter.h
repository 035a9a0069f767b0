#pragma once

#include <optional>
#include <string_view>

#include "emberharmony/ops/operand.h"

/// Scattering: elements collected by the numbers of the places they belong to, as torch_scatter and
/// TensorFlow do it. All functions are thread-safe, leave their arguments as they are, and give the
/// same bits for any number of threads: elements of one place are combined in their order.
///
/// `index` is an integer tensor: of rank 1 with src's length along `axis`, or of src's shape (or
/// one that broadcasts to it): result[..., index[..., i, ...], ...] collects src[..., i, ...]. The
/// result has src's shape but for the axis, whose length is `dim_size`: the largest index and one
/// unless given. Negative indices count from the back of a given dim_size. Throws IndexError for an
/// index outside, ShapeError for shapes that do not fit, DTypeError for another index or for a
/// function that src's dtype lacks.
namespace emberharmony::ops {

/// By name: "add", "mean", "max", "min", "softmax" as below, "mul" (empty places 1) or "set" (the
/// last one stays, empty places 0). Throws std::invalid_argument for another name.
Tensor scatter(const Tensor& src, const Tensor& index,
               std::optional<int64_t> dim_size = std::nullopt, std::string_view aggr = "add",
               int axis = 0);
/// Sums; empty places are 0. Numeric dtypes; integers wrap around.
Tensor scatter_add(const Tensor& src, const Tensor& index,
                   std::optional<int64_t> dim_size = std::nullopt, int axis = 0);
/// The largest or smallest, NaN if there is one; empty places are 0. Real dtypes and bool.
Tensor scatter_max(const Tensor& src, const Tensor& index,
                   std::optional<int64_t> dim_size = std::nullopt, int axis = 0);
Tensor scatter_min(const Tensor& src, const Tensor& index,
                   std::optional<int64_t> dim_size = std::nullopt, int axis = 0);
/// Means; empty places are 0. Integers give float64.
Tensor scatter_mean(const Tensor& src, const Tensor& index,
                    std::optional<int64_t> dim_size = std::nullopt, int axis = 0);
/// The softmax among the elements of each place, in src's own shape: exp(x - m) over the sum of
/// these, m the place's largest. Real dtypes; integers give float64.
Tensor scatter_softmax(const Tensor& src, const Tensor& index,
                       std::optional<int64_t> dim_size = std::nullopt, int axis = 0);

/// A tensor of `shape`, zero but for the sums of `updates` at `indices`: the last axis of `indices`
/// holds positions along the first axes of the shape, and updates has the shape of the other axes
/// of `indices` followed by the remaining ones of the shape (as tf.scatter_nd). Numeric dtypes.
/// Throws IndexError, ShapeError, DTypeError.
Tensor scatter_nd(const Tensor& indices, const Tensor& updates, const Shape& shape);
/// A copy of x with `updates`, converted to its dtype as set_index does, at `indices`, which are as
/// for scatter_nd; of updates for one place the last stays (as tf.tensor_scatter_nd_update).
Tensor tensor_scatter_nd_update(const Tensor& x, const Tensor& indices, const Tensor& updates);

}  // namespace emberharmony::ops
