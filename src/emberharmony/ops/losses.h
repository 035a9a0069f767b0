#pragma once

#include <optional>
#include <vector>

#include "emberharmony/ops/operand.h"

/// Losses: how far predictions are from the truth.
///
/// y_true and y_pred are real tensors (bool and integers are computed in float64) of one shape, or
/// one of them broadcasts to the other's: shapes that only fit by growing both, such as (n,) and
/// (n, 1), are the usual mistake and throw ShapeError. The result is the mean of the elements'
/// losses along `axis` (of the larger shape; by default all axes: rank 0), in the common
/// floating-point dtype; without elements NaN.
namespace emberharmony::ops {

struct LossOptions {
  std::optional<std::vector<int>> axis = std::nullopt;
  /// Keeps the reduced axes with length 1.
  bool keepdims = false;
};

/// What probabilities are kept away from 0 and 1 by, before their logarithm is taken.
inline constexpr double kProbabilityEpsilon = 1e-7;

/// (y_pred - y_true)^2
Tensor mse(const Tensor& y_true, const Tensor& y_pred, const LossOptions& options = {});
/// |y_pred - y_true|
Tensor mean_absolute_error(const Tensor& y_true, const Tensor& y_pred,
                           const LossOptions& options = {});
/// Of e = y_pred - y_true: e^2 / 2 up to |e| = delta, then delta |e| - delta^2 / 2. delta > 0, else
/// std::invalid_argument.
Tensor huber_loss(const Tensor& y_true, const Tensor& y_pred, double delta = 1.0,
                  const LossOptions& options = {});
/// log(cosh(y_pred - y_true)), exact for small differences, without overflow for large ones.
Tensor log_cosh_loss(const Tensor& y_true, const Tensor& y_pred, const LossOptions& options = {});

/// -(y_true log(p) + (1 - y_true) log(1 - p)). y_pred is p, limited to [epsilon, 1 - epsilon] with
/// kProbabilityEpsilon, or with from_logits its logit, of which p = sigmoid(y_pred) is never made,
/// so that nothing is limited.
Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits = false,
                           const LossOptions& options = {});

/// -sum(y_true log(p)) over the classes, which are y_pred's last axis; y_true has y_pred's shape.
/// y_pred is p, divided by its sum over the classes and limited as above, or with from_logits
/// logits, of which p = softmax(y_pred). The mean is taken along those of the axes asked for that
/// are not the classes'. Throws ShapeError for rank 0.
Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                bool from_logits = false, const LossOptions& options = {});
/// The same where y_true holds the numbers of the classes: integers (or whole floating-point
/// numbers) of y_pred's shape without its last axis, or with it of length 1. Throws IndexError for
/// a class that y_pred does not have.
Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                       bool from_logits = false, const LossOptions& options = {});

}  // namespace emberharmony::ops
