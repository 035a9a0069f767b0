#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/random_internal.h"
#include "emberharmony/ops/random_math_internal.h"

namespace emberharmony::ops::random {
namespace {

/// Classes with unequal chances: cumulative weights, added up in order.
class Chances {
 public:
  explicit Chances(int64_t n) : cumulative_(n) {}

  /// Weights are finite and not negative. False if none is positive.
  template <class WeightOf>
  bool Assign(const WeightOf& weight_of) {
    double sum = 0;
    last_ = -1;
    for (size_t k = 0; k < cumulative_.size(); ++k) {
      const double weight = weight_of(k);
      sum += weight;
      if (weight > 0) last_ = static_cast<int64_t>(k);
      cumulative_[k] = sum;
    }
    return last_ >= 0;
  }

  /// The class at a fraction in [0, 1) of the total: none of weight 0.
  int64_t At(double fraction) const {
    const double target = fraction * cumulative_.back();
    const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), target);
    return std::min<int64_t>(found - cumulative_.begin(), last_);
  }

 private:
  std::vector<double> cumulative_;
  int64_t last_ = -1;  // of positive weight
};

/// Elements of size `item_bytes` at the given places.
void Gather(const char* from, int64_t item_bytes, const int64_t* places, int64_t n, char* to) {
  if (item_bytes == 8) {
    for (int64_t i = 0; i < n; ++i) std::memcpy(to + i * 8, from + places[i] * 8, 8);
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    std::memcpy(to + i * item_bytes, from + places[i] * item_bytes, item_bytes);
  }
}

/// x's elements along its first axis at the places (int64, contiguous, within bounds), in the shape
/// `leading` and x's other dimensions.
Tensor TakeRows(const Tensor& x, const Tensor& places, const Shape& leading) {
  Shape shape = leading;
  int64_t row_bytes = tensor::ItemSize(x.dtype());
  for (int axis = 1; axis < x.rank(); ++axis) {
    shape.Append(x.shape()[axis]);
    row_bytes *= x.shape()[axis];
  }
  const Tensor result = Tensor::Empty(shape, x.dtype());
  if (result.size() == 0) return result;
  RequireCpu(x);
  const Tensor rows = x.Contiguous();
  Gather(static_cast<const char*>(rows.data()), row_bytes, places.data_as<int64_t>(), places.size(),
         static_cast<char*>(result.mutable_data()));
  return result;
}

/// A permutation of axes that brings `axis` to the front, and its inverse.
std::vector<int> ToFront(int axis, int rank) {
  std::vector<int> axes{axis};
  for (int i = 0; i < rank; ++i) {
    if (i != axis) axes.push_back(i);
  }
  return axes;
}
std::vector<int> FromFront(int axis, int rank) {
  std::vector<int> axes;
  for (int i = 0; i < rank; ++i) axes.push_back(i < axis ? i + 1 : i == axis ? 0 : i);
  return axes;
}

/// Probabilities as float64, contiguous.
Tensor CheckProbabilities(const Tensor& p, int64_t n) {
  if (tensor::IsComplex(p.dtype()) || p.rank() != 1 || p.size() != n) {
    throw ShapeError(
        fmt::format("choice: expected p to hold {} probabilities, real numbers, one for each "
                    "element, found a {}",
                    n, p.Describe()));
  }
  const Tensor values = astype(p, DType::kFloat64, /*copy=*/false).Contiguous();
  double sum = 0;
  for (double value : values.values<double>()) {
    if (!(value >= 0 && value <= 1.0000001)) {
      throw std::invalid_argument(
          fmt::format("choice: expected probabilities from 0 to 1 in p, found {}", value));
    }
    sum += value;
  }
  // float32 probabilities are as far off as their rounding.
  const double tolerance = p.dtype() == DType::kFloat32 ? 1e-3 : 1e-8;
  if (!(std::fabs(sum - 1) <= tolerance)) {
    throw std::invalid_argument(
        fmt::format("choice: expected probabilities that add up to 1 in p, found a sum of {}: "
                    "divide them by it",
                    sum));
  }
  return values;
}

/// Without replacement, of unequal chances: element i waits for an exponential time of rate p[i];
/// the order in which they come is that of drawing one after the other (Efraimidis and Spirakis:
/// Weighted random sampling with a reservoir, 2006).
Tensor DrawWeighted(const Sequence& sequence, const Tensor& p, int64_t n) {
  const Tensor times = Tensor::Empty(p.shape(), DType::kFloat64);
  Draw(backend::Op::kRandomExponential, sequence, 1, 0, times);
  RequireCpu(p);
  const double* weights = p.data_as<double>();
  const double* waits = times.data_as<double>();
  std::vector<std::pair<double, int64_t>> order;
  order.reserve(p.size());
  for (int64_t i = 0; i < p.size(); ++i) {
    if (weights[i] > 0) order.emplace_back(waits[i] / weights[i], i);
  }
  if (static_cast<int64_t>(order.size()) < n) {
    throw std::invalid_argument(
        fmt::format("choice: expected at least {} elements of positive probability to draw as many "
                    "without replacement, found {}",
                    n, order.size()));
  }
  std::partial_sort(order.begin(), order.begin() + n, order.end());
  const Tensor result = Tensor::Empty({n}, DType::kInt64);
  for (int64_t i = 0; i < n; ++i) result.mutable_data_as<int64_t>()[i] = order[i].second;
  return result;
}

/// The places drawn out of [0, size), as an int64 tensor of rank 1.
Tensor DrawPlaces(int64_t size, int64_t n, bool replace, const Tensor& p, const Options& options) {
  if (size < 1 && n > 0) {
    throw ShapeError(fmt::format("choice: expected elements to choose {} from, found none", n));
  }
  if (!replace && n > size) {
    throw ShapeError(
        fmt::format("choice: expected at most as many elements drawn without replacement as there "
                    "are, {}, found {}",
                    size, n));
  }
  const Tensor probabilities = p.defined() ? CheckProbabilities(p, size) : Tensor();
  if (n == 0) return Tensor::Empty({0}, DType::kInt64);
  if (!replace) {
    const Sequence sequence = NextSequence("choice", options);
    return p.defined() ? DrawWeighted(sequence, probabilities, n)
                       : DrawWithoutReplacement(sequence, size, n);
  }
  Options same = options;
  same.dtype = std::nullopt;
  if (!p.defined()) return integers({n}, 0, size, same);
  Chances chances(size);
  RequireCpu(probabilities);
  const double* weights = probabilities.data_as<double>();
  chances.Assign([&](int64_t k) { return weights[k]; });
  const Tensor fractions = uniform({n}, 0.0, 1.0, same);
  const Tensor result = Tensor::Empty({n}, DType::kInt64);
  int64_t* out = result.mutable_data_as<int64_t>();
  const double* at = fractions.data_as<double>();
  backend::ParallelRanges(n, 8192, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = chances.At(at[i]);
  });
  return result;
}

/// Writes the weights exp(logit - largest), whose sum is at least 1, of one row.
void AssignSoftmax(const double* logits, int64_t n, Chances* chances) {
  double largest = -std::numeric_limits<double>::infinity();
  for (int64_t k = 0; k < n; ++k) {
    if (std::isnan(logits[k]) || logits[k] == std::numeric_limits<double>::infinity()) {
      throw std::invalid_argument(
          fmt::format("categorical: expected finite logits or -inf, found {}", logits[k]));
    }
    largest = std::max(largest, logits[k]);
  }
  if (std::isinf(largest)) {
    throw std::invalid_argument(
        "categorical: expected a class of positive probability in each row, found a row of -inf "
        "alone");
  }
  chances->Assign([&](int64_t k) { return Exp(logits[k] - largest); });
}

}  // namespace

Tensor DrawWithoutReplacement(const Sequence& sequence, int64_t size, int64_t n) {
  const Tensor result = Tensor::Empty({n}, DType::kInt64);
  int64_t* out = result.mutable_data_as<int64_t>();
  // Step i swaps place i with one of those from i on. With few steps only the places that were
  // swapped are kept.
  const bool sparse = n < size / 16;
  std::unordered_map<int64_t, int64_t> moved;
  Tensor all;
  int64_t* places = nullptr;
  if (!sparse) {
    all = Tensor::Empty({size}, DType::kInt64);
    places = all.mutable_data_as<int64_t>();
    for (int64_t i = 0; i < size; ++i) places[i] = i;
  }
  const auto value_at = [&](int64_t place) {
    const auto found = moved.find(place);
    return found == moved.end() ? place : found->second;
  };
  constexpr int64_t kBatch = 1024;
  uint64_t wides[kBatch];
  for (int64_t i = 0; i < n; ++i) {
    if (i % kBatch == 0) DrawBits(sequence, i, std::min(kBatch, n - i), wides);
    const int64_t j =
        i + static_cast<int64_t>(BelowRange(sequence, i, wides[i % kBatch], size - i));
    if (sparse) {
      out[i] = value_at(j);
      moved[j] = value_at(i);
    } else {
      out[i] = places[j];
      places[j] = places[i];
    }
  }
  return result;
}

Tensor categorical(const Tensor& logits, int64_t num_samples, const Options& options) {
  const DType dtype = DiscreteDType("categorical", options);
  if (!logits.defined() || logits.rank() == 0) {
    throw ShapeError(fmt::format("categorical: expected logits of rank 1 or more, found {}",
                                 logits.defined() ? "a " + logits.Describe() : "nothing"));
  }
  if (num_samples < 0) {
    throw std::invalid_argument(
        fmt::format("categorical: expected num_samples of at least 0, found {}", num_samples));
  }
  if (tensor::IsComplex(logits.dtype())) {
    throw DTypeError(
        fmt::format("categorical: expected real logits, found a {}", logits.Describe()));
  }
  const int64_t num_classes = logits.shape()[logits.rank() - 1];
  Shape shape = logits.shape();
  shape[logits.rank() - 1] = num_samples;
  const Tensor result = Tensor::Empty(shape, DType::kInt64);
  if (num_classes == 0 && result.size() > 0) {
    throw ShapeError(
        fmt::format("categorical: expected at least one class, found a {}", logits.Describe()));
  }
  CheckMayBeDrawn("categorical", num_classes - 1, dtype);
  const Tensor rows = astype(logits, DType::kFloat64, /*copy=*/false).Contiguous();
  const Tensor fractions = Tensor::Empty(shape, DType::kFloat64);
  Draw(backend::Op::kRandomUniform, NextSequence("categorical", options), 0, 1, fractions);
  int64_t* out = result.mutable_data_as<int64_t>();
  const double* at = fractions.data_as<double>();
  const double* row = rows.data_as<double>();
  const int64_t num_rows = num_samples == 0 ? 0 : result.size() / num_samples;
  const int64_t grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, num_samples));
  backend::ParallelRanges(num_rows, grain, [&](int64_t begin, int64_t end) {
    Chances chances(num_classes);
    for (int64_t r = begin; r < end; ++r) {
      AssignSoftmax(row + r * num_classes, num_classes, &chances);
      for (int64_t i = r * num_samples; i < (r + 1) * num_samples; ++i) out[i] = chances.At(at[i]);
    }
  });
  return Converted(result, dtype);
}

Tensor permutation(int64_t n, const Options& options) {
  if (n < 0) {
    throw std::invalid_argument(fmt::format("permutation: expected n of at least 0, found {}", n));
  }
  const DType dtype = DiscreteDType("permutation", options);
  CheckMayBeDrawn("permutation", n - 1, dtype);
  return Converted(DrawWithoutReplacement(NextSequence("permutation", options), n, n), dtype);
}

Tensor permutation(const Tensor& x, int axis, const Options& options) {
  if (!x.defined() || axis < -x.rank() || axis >= x.rank()) {
    throw ShapeError(fmt::format("permutation: expected a tensor with axis {}, found {}", axis,
                                 x.defined() ? "a " + x.Describe() : "nothing"));
  }
  if (axis < 0) axis += x.rank();
  const int64_t n = x.shape()[axis];
  const Tensor places = DrawWithoutReplacement(NextSequence("permutation", options), n, n);
  if (axis == 0) return TakeRows(x, places, {n});
  return TakeRows(x.PermuteDims(ToFront(axis, x.rank())), places, {n})
      .PermuteDims(FromFront(axis, x.rank()))
      .Copy();
}

Tensor shuffle(const Tensor& x, int axis, const Options& options) {
  return permutation(x, axis, options);
}

Tensor choice(int64_t n, const Shape& shape, bool replace, const Tensor& p,
              const Options& options) {
  const DType dtype = DiscreteDType("choice", options);
  if (n < 0) {
    throw std::invalid_argument(fmt::format("choice: expected n of at least 0, found {}", n));
  }
  CheckMayBeDrawn("choice", n - 1, dtype);
  const Tensor probe = Tensor::Empty(shape, DType::kInt64);  // checks the shape
  return Converted(DrawPlaces(n, probe.size(), replace, p, options).Reshape(shape), dtype);
}

Tensor choice(const Tensor& x, const Shape& shape, bool replace, const Tensor& p,
              const Options& options) {
  if (!x.defined() || x.rank() == 0) {
    throw ShapeError(fmt::format("choice: expected a tensor of rank 1 or more, found {}",
                                 x.defined() ? "a " + x.Describe() : "nothing"));
  }
  const Tensor probe = Tensor::Empty(shape, DType::kInt64);
  return TakeRows(x, DrawPlaces(x.shape()[0], probe.size(), replace, p, options), shape);
}

}  // namespace emberharmony::ops::random
