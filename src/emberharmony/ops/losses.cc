#include "emberharmony/ops/losses.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "emberharmony/ops/activations.h"
#include "emberharmony/ops/activations_internal.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/statistics.h"

namespace emberharmony::ops {
namespace {

/// Truth and prediction in one floating-point dtype, of which one has the shape of both together.
struct Pair {
  Pair(const char* function, const Tensor& y_true, const Tensor& y_pred)
      : truth(y_true), prediction(y_pred) {
    FloatingPair(function, &truth, &prediction);
    Shape shape = truth.shape();
    if (tensor::BroadcastInto(&shape, prediction.shape()) &&
        (shape == truth.shape() || shape == prediction.shape())) {
      return;
    }
    throw ShapeError(fmt::format(
        "{}: expected y_true and y_pred of one shape, or one that broadcasts to the other's, found "
        "{} and {}",
        function, truth.shape().ToString(), prediction.shape().ToString()));
  }

  Tensor Error() const { return subtract(prediction, truth); }

  Tensor truth, prediction;
};

Tensor MeanOf(const Tensor& losses, const LossOptions& options) {
  return mean(losses, {.axis = options.axis, .keepdims = options.keepdims});
}

Tensor Limited(const Tensor& probabilities) {
  return clip(probabilities, kProbabilityEpsilon, 1 - kProbabilityEpsilon);
}

/// log(p) along the last axis.
Tensor LogProbabilities(const char* function, const Tensor& y_pred, bool from_logits) {
  if (y_pred.rank() == 0) {
    throw ShapeError(fmt::format("{}: expected y_pred with an axis of classes, found a {}",
                                 function, y_pred.Describe()));
  }
  if (from_logits) return log_softmax(y_pred);
  const Tensor total = sum(y_pred, {.axis = {{-1}}, .keepdims = true});
  return log(Limited(divide(y_pred, total)));
}

/// The mean along the axes asked for, which count y_pred's, of losses whose last axis, that of the
/// classes, has length 1.
Tensor MeanWithoutClasses(const char* function, const Tensor& losses, const LossOptions& options) {
  std::vector<int> axes;
  if (options.axis) {
    for (int axis : *options.axis) {
      const int at = axis < 0 ? axis + losses.rank() : axis;
      if (at < 0 || at >= losses.rank()) {
        throw ShapeError(fmt::format("{}: expected axes in [{}, {}), found {}", function,
                                     -losses.rank(), losses.rank(), axis));
      }
      axes.push_back(at);
    }
    // The classes are gone whether or not their axis is named.
    if (std::find(axes.begin(), axes.end(), losses.rank() - 1) == axes.end()) {
      axes.push_back(losses.rank() - 1);
    }
  } else {
    for (int axis = 0; axis < losses.rank(); ++axis) axes.push_back(axis);
  }
  return mean(losses, {.axis = axes, .keepdims = options.keepdims});
}

/// The class of each row, as int64 of the shape of `log_p` without its last axis.
Tensor CheckedClasses(const Tensor& y_true, const Tensor& log_p) {
  constexpr const char* kName = "sparse_categorical_crossentropy";
  const int rank = log_p.rank();
  Shape shape = log_p.shape();
  shape[rank - 1] = 1;
  Shape without;
  for (int i = 0; i + 1 < rank; ++i) without.Append(shape[i]);
  if (!(y_true.shape() == shape) && !(y_true.shape() == without)) {
    throw ShapeError(fmt::format("{}: expected y_true of shape {} or {}, found {}", kName,
                                 without.ToString(), shape.ToString(), y_true.shape().ToString()));
  }
  if (tensor::IsComplex(y_true.dtype())) Floating(kName, y_true);
  RequireCpu(y_true);
  RequireCpu(log_p);
  const Tensor classes = astype(y_true, DType::kInt64, /*copy=*/false).Contiguous();
  const Tensor given = astype(y_true, DType::kFloat64, /*copy=*/false).Contiguous();
  const int64_t num_classes = log_p.shape()[rank - 1];
  for (int64_t i = 0; i < classes.size(); ++i) {
    const int64_t one = classes.data_as<int64_t>()[i];
    const double as_given = given.data_as<double>()[i];
    if (one >= 0 && one < num_classes && as_given == std::floor(as_given)) continue;
    throw IndexError(fmt::format("{}: expected classes from 0 to {} in y_true, found {}", kName,
                                 num_classes - 1, as_given));
  }
  return classes;
}

}  // namespace

Tensor mse(const Tensor& y_true, const Tensor& y_pred, const LossOptions& options) {
  Tensor error = Pair("mse", y_true, y_pred).Error();
  return MeanOf(square(error, {.out = &error}), options);
}

Tensor mean_absolute_error(const Tensor& y_true, const Tensor& y_pred, const LossOptions& options) {
  Tensor error = Pair("mean_absolute_error", y_true, y_pred).Error();
  return MeanOf(abs(error, {.out = &error}), options);
}

Tensor huber_loss(const Tensor& y_true, const Tensor& y_pred, double delta,
                  const LossOptions& options) {
  if (!(delta > 0)) {
    throw std::invalid_argument(fmt::format("huber_loss: expected delta above 0, found {}", delta));
  }
  const Tensor error = abs(Pair("huber_loss", y_true, y_pred).Error());
  // With q = min(|e|, delta): q (|e| - q / 2) is e^2 / 2 or delta |e| - delta^2 / 2.
  const Tensor limited = minimum(error, delta);
  return MeanOf(multiply(limited, subtract(error, multiply(limited, 0.5))), options);
}

Tensor log_cosh_loss(const Tensor& y_true, const Tensor& y_pred, const LossOptions& options) {
  const Tensor error = abs(Pair("log_cosh_loss", y_true, y_pred).Error());
  // Near 0, where the other formula cancels: cosh(e) - 1 = t^2 / (2 (1 + t)) with t = exp(e) - 1.
  const Tensor t = expm1(minimum(error, 1.0));
  const Tensor near = log1p(divide(square(t), add(multiply(t, 2.0), 2.0)));
  const Tensor far = add(error, subtract(log1p(exp(multiply(error, -2.0))), std::log(2.0)));
  return MeanOf(where(less(error, 1.0), near, far), options);
}

Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits,
                           const LossOptions& options) {
  const Pair pair("binary_crossentropy", y_true, y_pred);
  if (from_logits) {
    // max(z, 0) - z y + log(1 + exp(-|z|))
    const Tensor& logits = pair.prediction;
    const Tensor rest = log1p(exp(negative(abs(logits))));
    return MeanOf(add(subtract(maximum(logits, 0), multiply(logits, pair.truth)), rest), options);
  }
  const Tensor p = Limited(pair.prediction);
  const Tensor ones = multiply(pair.truth, log(p));
  const Tensor zeros = multiply(subtract(1.0, pair.truth), log(subtract(1.0, p)));
  return MeanOf(negative(add(ones, zeros)), options);
}

Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits,
                                const LossOptions& options) {
  constexpr const char* kName = "categorical_crossentropy";
  const Pair pair(kName, y_true, y_pred);
  if (!(pair.truth.shape() == pair.prediction.shape())) {
    throw ShapeError(fmt::format("{}: expected y_true of y_pred's shape {}, found {}", kName,
                                 y_pred.shape().ToString(), y_true.shape().ToString()));
  }
  const Tensor log_p = LogProbabilities(kName, pair.prediction, from_logits);
  // A class that is not true costs nothing, not even one of probability 0 (0 times -inf).
  const Tensor costs = where(equal(pair.truth, 0), 0.0, multiply(pair.truth, log_p));
  return MeanWithoutClasses(kName, negative(sum(costs, {.axis = {{-1}}, .keepdims = true})),
                            options);
}

Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits,
                                       const LossOptions& options) {
  constexpr const char* kName = "sparse_categorical_crossentropy";
  if (!y_true.defined()) Floating(kName, y_true);
  const Tensor log_p = LogProbabilities(kName, Floating(kName, y_pred), from_logits).Contiguous();
  const Tensor classes = CheckedClasses(y_true, log_p);
  const int64_t num_classes = log_p.shape()[log_p.rank() - 1];
  Shape shape = log_p.shape();
  shape[log_p.rank() - 1] = 1;
  const Tensor losses = Tensor::Empty(shape, log_p.dtype());
  const int64_t* chosen = classes.data_as<int64_t>();
  tensor::VisitReal(log_p.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_floating_point_v<T>) {
      for (int64_t i = 0; i < losses.size(); ++i) {
        losses.mutable_data_as<T>()[i] = -log_p.data_as<T>()[i * num_classes + chosen[i]];
      }
    }
  });
  return MeanWithoutClasses(kName, losses, options);
}

}  // namespace emberharmony::ops
