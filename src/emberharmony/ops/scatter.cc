#include "emberharmony/ops/scatter.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "emberharmony/base/shortened.h"
#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/indexing.h"
#include "emberharmony/ops/indexing_plan_internal.h"
#include "emberharmony/ops/manipulation_internal.h"

namespace emberharmony::ops {
namespace {

using backend::Attribute;
using backend::AttributeKey;
using backend::Op;
using backend::ScatterCombine;

/// The arguments of a scatter, checked.
struct Scattering {
  Tensor positions;  // int64, of src's shape (a view)
  Shape shape;       // the result's
  int axis;
};

Scattering Check(const char* function, const Tensor& src, const Tensor& index,
                 std::optional<int64_t> dim_size, int axis) {
  CheckDefined(function, src);
  CheckDefined(function, index);
  axis = CheckedAxis(function, axis, src.rank());
  if (!tensor::IsInteger(index.dtype())) {
    throw DTypeError(fmt::format("{}: expected an index of an integer dtype, found a {}", function,
                                 index.Describe()));
  }
  Tensor numbers = index;
  if (index.rank() == 1) {
    Shape along = Shape::Filled(src.rank(), 1);
    along[axis] = index.size();
    numbers = index.Reshape(along);
  }
  Shape common = src.shape();
  if (!tensor::BroadcastInto(&common, numbers.shape()) || !(common == src.shape())) {
    throw ShapeError(
        fmt::format("{}: expected an index of rank 1 and length {}, or one that "
                    "broadcasts to {}, found a {}",
                    function, src.shape()[axis], src.shape().ToString(), index.Describe()));
  }
  int64_t length = dim_size.value_or(0);
  if (!dim_size) {
    const Tensor all = astype(numbers.Contiguous(), DType::kInt64, /*copy=*/false);
    for (int64_t number : all.values<int64_t>()) {
      if (number < 0 || number == INT64_MAX) {
        throw IndexError(
            fmt::format("{}: expected an index of 0 or more where dim_size is not given, found {}",
                        function, number));
      }
      length = std::max(length, number + 1);
    }
  } else if (length < 0) {
    throw ShapeError(fmt::format("{}: dim_size must not be negative, found {}", function, length));
  }
  Shape shape = src.shape();
  shape[axis] = length;
  return {CheckedIndices(function, numbers, length, axis).BroadcastTo(src.shape()), shape, axis};
}

/// `start`, broadcast to the result's shape, with src combined into it.
Tensor Combine(const Scattering& scattering, ScatterCombine combine, const Tensor& start,
               const Tensor& src) {
  const Tensor base = start.BroadcastTo(scattering.shape);
  const Tensor result = Tensor::Empty(scattering.shape, src.dtype());
  const Attribute attributes[] = {
      Attribute::Integer(AttributeKey::kAxis, scattering.axis),
      Attribute::Integer(AttributeKey::kCombine, static_cast<int64_t>(combine))};
  const Tensor* const inputs[] = {&base, &scattering.positions, &src};
  const Tensor* const outputs[] = {&result};
  RunOp(Op::kScatter, inputs, attributes, outputs);
  return result;
}

void CheckNumeric(const char* function, const Tensor& src) {
  if (tensor::IsNumeric(src.dtype())) return;
  throw DTypeError(fmt::format("{}: expected a numeric dtype, found a {}: convert with astype",
                               function, src.Describe()));
}

Tensor Sums(const Scattering& scattering, const Tensor& src) {
  return Combine(scattering, ScatterCombine::kAdd, zeros({}, src.dtype()), src);
}

/// The extreme of each place; of empty places 0 or the dtype's farthest number.
Tensor Extremes(const char* function, const Scattering& scattering, const Tensor& src,
                ScatterCombine combine, bool zero_empty) {
  if (tensor::IsComplex(src.dtype())) {
    throw DTypeError(
        fmt::format("{}: expected a real dtype, found a {}", function, src.Describe()));
  }
  const bool is_max = combine == ScatterCombine::kMax;
  Tensor farthest = Tensor::Empty(Shape{}, src.dtype());
  tensor::VisitReal(src.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Limits = std::numeric_limits<T>;
    T value = is_max ? Limits::lowest() : Limits::max();
    if constexpr (Limits::has_infinity) value = is_max ? -Limits::infinity() : Limits::infinity();
    *farthest.mutable_data_as<T>() = value;
  });
  const Tensor extremes = Combine(scattering, combine, farthest, src);
  if (!zero_empty) return extremes;
  const Tensor touched = Combine(scattering, ScatterCombine::kMax, zeros({}, DType::kBool),
                                 ones({}, DType::kBool).BroadcastTo(src.shape()));
  return where(touched, extremes, zeros({}, src.dtype()));
}

/// In floating point: integers and bool become float64.
Tensor FloatingSource(const Tensor& src) {
  const bool is_exact = tensor::IsInteger(src.dtype()) || tensor::IsBool(src.dtype());
  return is_exact ? astype(src, DType::kFloat64) : src;
}

}  // namespace

Tensor scatter_add(const Tensor& src, const Tensor& index, std::optional<int64_t> dim_size,
                   int axis) {
  const Scattering scattering = Check("scatter_add", src, index, dim_size, axis);
  CheckNumeric("scatter_add", src);
  return Sums(scattering, src);
}

Tensor scatter_max(const Tensor& src, const Tensor& index, std::optional<int64_t> dim_size,
                   int axis) {
  return Extremes("scatter_max", Check("scatter_max", src, index, dim_size, axis), src,
                  ScatterCombine::kMax, /*zero_empty=*/true);
}

Tensor scatter_min(const Tensor& src, const Tensor& index, std::optional<int64_t> dim_size,
                   int axis) {
  return Extremes("scatter_min", Check("scatter_min", src, index, dim_size, axis), src,
                  ScatterCombine::kMin, /*zero_empty=*/true);
}

Tensor scatter_mean(const Tensor& src, const Tensor& index, std::optional<int64_t> dim_size,
                    int axis) {
  const Scattering scattering = Check("scatter_mean", src, index, dim_size, axis);
  const Tensor numbers = FloatingSource(src);
  const Tensor ones_of_src = ones({}, DType::kFloat64).BroadcastTo(src.shape());
  const Tensor counts = maximum(Sums(scattering, ones_of_src), 1.0);
  const DType real = tensor::RealPartOf(numbers.dtype());
  return divide(Sums(scattering, numbers), astype(counts, real, /*copy=*/false));
}

Tensor scatter_softmax(const Tensor& src, const Tensor& index, std::optional<int64_t> dim_size,
                       int axis) {
  const Scattering scattering = Check("scatter_softmax", src, index, dim_size, axis);
  const Tensor numbers = FloatingSource(src);
  const Tensor largest = Extremes("scatter_softmax", scattering, numbers, ScatterCombine::kMax,
                                  /*zero_empty=*/false);
  const auto at_places = [&](const Tensor& x) {
    return take_along_axis(x, scattering.positions, scattering.axis);
  };
  if (src.size() == 0) return numbers.Copy();
  const Tensor powers = exp(subtract(numbers, at_places(largest)));
  return divide(powers, at_places(Sums(scattering, powers)));
}

Tensor scatter(const Tensor& src, const Tensor& index, std::optional<int64_t> dim_size,
               std::string_view aggr, int axis) {
  if (aggr == "add" || aggr == "sum") return scatter_add(src, index, dim_size, axis);
  if (aggr == "mean") return scatter_mean(src, index, dim_size, axis);
  if (aggr == "max") return scatter_max(src, index, dim_size, axis);
  if (aggr == "min") return scatter_min(src, index, dim_size, axis);
  if (aggr == "softmax") return scatter_softmax(src, index, dim_size, axis);
  const Scattering scattering = Check("scatter", src, index, dim_size, axis);
  if (aggr == "set") {
    return Combine(scattering, ScatterCombine::kSet, zeros({}, src.dtype()), src);
  }
  if (aggr == "mul") {
    CheckNumeric("scatter", src);
    return Combine(scattering, ScatterCombine::kMultiply, ones({}, src.dtype()), src);
  }
  throw std::invalid_argument(fmt::format(
      "scatter: expected aggr to be add, mean, max, min, softmax, mul or set, found '{}'",
      base::Shortened(aggr)));
}

namespace {

/// `indices` as numbers of the elements of the shape's first axes taken as one, and the length of
/// that one.
struct FlatPlaces {
  Tensor numbers;  // rank 1
  int64_t length = 1;
  int64_t inner = 1;  // elements at each place
};

FlatPlaces Flatten(const char* function, const Tensor& indices, const Tensor& updates,
                   const Shape& shape) {
  CheckDefined(function, indices);
  const int depth = indices.rank() > 0
                        ? static_cast<int>(std::min<int64_t>(indices.shape()[indices.rank() - 1],
                                                             tensor::kRankMax + 1))
                        : -1;
  if (depth < 0 || depth > shape.rank()) {
    throw ShapeError(
        fmt::format("{}: expected indices whose last axis has at most {} positions, "
                    "one an axis of {}, found a {}",
                    function, shape.rank(), shape.ToString(), indices.Describe()));
  }
  Shape expected;
  for (int i = 0; i + 1 < indices.rank(); ++i) expected.Append(indices.shape()[i]);
  const int64_t count = expected.num_elements();
  for (int i = depth; i < shape.rank(); ++i) expected.Append(shape[i]);
  if (!(updates.shape() == expected)) {
    throw ShapeError(fmt::format("{}: expected updates of shape {}, found a {}", function,
                                 expected.ToString(), updates.Describe()));
  }
  FlatPlaces places;
  for (int i = depth; i < shape.rank(); ++i) places.inner *= shape[i];
  places.numbers = zeros({count}, DType::kInt64);
  const Tensor rows = indices.Reshape({count, depth});
  for (int i = 0; i < depth; ++i) {
    const Tensor column = CheckedIndices(function, rows.Select(1, i), shape[i], i);
    const Tensor wrapped = where(less(column, 0), add(column, shape[i]), column);
    places.numbers = add(multiply(places.numbers, shape[i]), wrapped);
    places.length *= shape[i];
  }
  return places;
}

}  // namespace

Tensor scatter_nd(const Tensor& indices, const Tensor& updates, const Shape& shape) {
  CheckDefined("scatter_nd", updates);
  static_cast<void>(zeros({}, updates.dtype()).BroadcastTo(shape));  // a shape that can be
  const FlatPlaces places = Flatten("scatter_nd", indices, updates, shape);
  CheckNumeric("scatter_nd", updates);
  const Tensor rows = updates.Reshape({places.numbers.size(), places.inner});
  return scatter_add(rows, places.numbers, places.length, 0).Reshape(shape);
}

Tensor tensor_scatter_nd_update(const Tensor& x, const Tensor& indices, const Tensor& updates) {
  CheckDefined("tensor_scatter_nd_update", x);
  CheckDefined("tensor_scatter_nd_update", updates);
  const FlatPlaces places = Flatten("tensor_scatter_nd_update", indices, updates, x.shape());
  const Tensor result = x.Copy();
  const Tensor rows = result.Reshape({places.length, places.inner});
  internal::WriteIndex(rows, {places.numbers},
                       updates.Reshape({places.numbers.size(), places.inner}));
  return result;
}

}  // namespace emberharmony::ops
