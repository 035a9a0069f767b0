#include "emberharmony/ops/matmul.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "emberharmony/ops/axis_error.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/linalg_internal.h"

namespace emberharmony::ops {
namespace {

using backend::Op;

/// The dtype of the product; DTypeError for two without a common one.
DType ProductDType(const char* function, const Tensor& x1, const Tensor& x2) {
  if (const auto dtype = tensor::PromoteTypes(x1.dtype(), x2.dtype())) return *dtype;
  throw DTypeError(
      fmt::format("{}: expected tensors of dtypes with a common one, found a {} and a {}: "
                  "convert with astype",
                  function, x1.Describe(), x2.Describe()));
}

[[noreturn]] void ThrowProductShapes(const char* function, const char* expected, const Tensor& x1,
                                     const Tensor& x2) {
  throw ShapeError(fmt::format("{}: expected {}, found shapes {} and {}", function, expected,
                               x1.shape().ToString(), x2.shape().ToString()));
}

/// The product of tensors of one dtype and of rank 2 at least; of bools the sum of products is the
/// "or" of "ands", as add and multiply have it.
Tensor MultiplyMatrices(const char* function, const Tensor& x1, const Tensor& x2) {
  if (tensor::IsBool(x1.dtype())) {
    // A sum of ones may be rounded, but never to zero.
    return not_equal(
        MultiplyMatrices(function, astype(x1, DType::kFloat32), astype(x2, DType::kFloat32)), 0);
  }
  const int rank1 = x1.rank();
  const int rank2 = x2.rank();
  if (x1.shape()[rank1 - 1] != x2.shape()[rank2 - 2]) {
    ThrowProductShapes(function, "as many columns of the first matrix as rows of the second", x1,
                       x2);
  }
  Shape shape(std::span<const int64_t>(x1.shape().data(), rank1 - 2));
  if (!tensor::BroadcastInto(&shape,
                             Shape(std::span<const int64_t>(x2.shape().data(), rank2 - 2)))) {
    ThrowProductShapes(function, "leading axes that broadcast", x1, x2);
  }
  shape.Append(x1.shape()[rank1 - 2]);
  shape.Append(x2.shape()[rank2 - 1]);
  const Tensor result = NewResultOf(x1, shape, x1.dtype());
  const Tensor* const inputs[] = {&x1, &x2};
  const Tensor* const outputs[] = {&result};
  RunOp(Op::kMatmul, inputs, {}, outputs);
  return result;
}

Shape Without(const Shape& shape, int axis) {
  Shape rest;
  for (int i = 0; i < shape.rank(); ++i) {
    if (i != axis) rest.Append(shape[i]);
  }
  return rest;
}

/// Axis counted from the front.
int CheckProductAxis(const char* function, int axis, const Tensor& x) {
  if (axis < -x.rank() || axis >= x.rank()) {
    throw AxisError(fmt::format("{}: expected an axis in [{}, {}) of a {}, found {}", function,
                                -x.rank(), x.rank(), x.Describe(), axis));
  }
  return axis < 0 ? axis + x.rank() : axis;
}

int64_t NumElements(const Shape& shape) { return shape.num_elements(); }

/// The axes of x in two groups, each as one: (those not in `axes`, `axes`).
Tensor AsMatrix(const Tensor& x, const std::vector<int>& free, const std::vector<int>& axes,
                bool free_first) {
  std::vector<int> order = free_first ? free : axes;
  const std::vector<int>& second = free_first ? axes : free;
  order.insert(order.end(), second.begin(), second.end());
  Shape first_lengths;
  Shape second_lengths;
  for (size_t i = 0; i < order.size(); ++i) {
    const bool in_first = i < order.size() - second.size();
    (in_first ? first_lengths : second_lengths).Append(x.shape()[order[i]]);
  }
  return x.PermuteDims(order).Reshape({NumElements(first_lengths), NumElements(second_lengths)});
}

/// The axes of x that are not in `axes`; throws ShapeError if one is there twice.
std::vector<int> FreeAxes(const char* function, const Tensor& x, const std::vector<int>& axes) {
  std::vector<bool> used(x.rank());
  for (int axis : axes) {
    if (used[axis]) {
      throw ShapeError(fmt::format("{}: expected different axes of a {}, found {} twice", function,
                                   x.Describe(), axis));
    }
    used[axis] = true;
  }
  std::vector<int> free;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (!used[axis]) free.push_back(axis);
  }
  return free;
}

Tensor Contract(const char* function, const Tensor& x1, const Tensor& x2, std::vector<int> axes1,
                std::vector<int> axes2) {
  const DType dtype = ProductDType(function, x1, x2);
  for (size_t i = 0; i < axes1.size(); ++i) {
    axes1[i] = CheckProductAxis(function, axes1[i], x1);
    axes2[i] = CheckProductAxis(function, axes2[i], x2);
    if (x1.shape()[axes1[i]] != x2.shape()[axes2[i]]) {
      ThrowProductShapes(function,
                         fmt::format("axes {} of the first and {} of the second to be equally long",
                                     axes1[i], axes2[i])
                             .c_str(),
                         x1, x2);
    }
  }
  const std::vector<int> free1 = FreeAxes(function, x1, axes1);
  const std::vector<int> free2 = FreeAxes(function, x2, axes2);
  Shape shape;
  for (int axis : free1) shape.Append(x1.shape()[axis]);
  for (int axis : free2) shape.Append(x2.shape()[axis]);
  if (shape.rank() > tensor::kRankMax) {
    ThrowProductShapes(function, "a result of rank 64 at most", x1, x2);
  }
  const Tensor a = AsMatrix(astype(x1, dtype, /*copy=*/false), free1, axes1, /*free_first=*/true);
  const Tensor b = AsMatrix(astype(x2, dtype, /*copy=*/false), free2, axes2, /*free_first=*/false);
  return MultiplyMatrices(function, a, b).Reshape(shape);
}

/// `axis` of x at the end.
Tensor AxisLast(const Tensor& x, int axis) {
  std::vector<int> order;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis) order.push_back(i);
  }
  order.push_back(axis);
  return x.PermuteDims(order);
}

}  // namespace

Tensor matmul(const Tensor& x1, const Tensor& x2) {
  const DType dtype = ProductDType("matmul", x1, x2);
  if (x1.rank() == 0 || x2.rank() == 0) {
    ThrowProductShapes("matmul", "tensors of rank 1 at least (multiply takes numbers)", x1, x2);
  }
  Tensor a = astype(x1, dtype, /*copy=*/false);
  Tensor b = astype(x2, dtype, /*copy=*/false);
  const bool row = a.rank() == 1;
  const bool column = b.rank() == 1;
  if (row) a = a.ExpandDims(0);
  if (column) b = b.ExpandDims(1);
  Tensor product = MultiplyMatrices("matmul", a, b);
  if (!row && !column) return product;
  Shape shape = product.shape();
  if (column) shape = Without(shape, shape.rank() - 1);
  if (row) shape = Without(shape, shape.rank() - (column ? 1 : 2));
  return product.Reshape(shape);
}

Tensor tensordot(const Tensor& x1, const Tensor& x2, int axes) {
  if (axes < 0 || axes > std::min(x1.rank(), x2.rank())) {
    throw ShapeError(fmt::format(
        "tensordot: expected a number of axes from 0 to {} for shapes {} and {}, found "
        "{}",
        std::min(x1.rank(), x2.rank()), x1.shape().ToString(), x2.shape().ToString(), axes));
  }
  std::vector<int> axes1(axes);
  std::vector<int> axes2(axes);
  std::iota(axes1.begin(), axes1.end(), x1.rank() - axes);
  std::iota(axes2.begin(), axes2.end(), 0);
  return Contract("tensordot", x1, x2, std::move(axes1), std::move(axes2));
}

Tensor tensordot(const Tensor& x1, const Tensor& x2, std::span<const int> axes1,
                 std::span<const int> axes2) {
  if (axes1.size() != axes2.size()) {
    throw ShapeError(fmt::format("tensordot: expected as many axes of x1 as of x2, found {} and {}",
                                 axes1.size(), axes2.size()));
  }
  return Contract("tensordot", x1, x2, {axes1.begin(), axes1.end()}, {axes2.begin(), axes2.end()});
}

Tensor vecdot(const Tensor& x1, const Tensor& x2, int axis) {
  const DType dtype = ProductDType("vecdot", x1, x2);
  if (axis >= 0 && x1.rank() != x2.rank()) {
    ThrowProductShapes("vecdot", "equal ranks for an axis counted from the front", x1, x2);
  }
  Tensor a = AxisLast(astype(x1, dtype, /*copy=*/false), CheckProductAxis("vecdot", axis, x1));
  Tensor b = AxisLast(astype(x2, dtype, /*copy=*/false), CheckProductAxis("vecdot", axis, x2));
  if (a.shape()[a.rank() - 1] != b.shape()[b.rank() - 1]) {
    ThrowProductShapes("vecdot", "the axis to be equally long", x1, x2);
  }
  if (std::max(a.rank(), b.rank()) == tensor::kRankMax) {
    // No place for the axis that makes matrices of vectors: the others become one.
    Shape shape = a.shape();
    if (!tensor::BroadcastInto(&shape, b.shape())) {
      ThrowProductShapes("vecdot", "other axes that broadcast", x1, x2);
    }
    const int64_t length = shape[shape.rank() - 1];
    const Shape rest = Without(shape, shape.rank() - 1);
    const Shape rows{rest.num_elements(), length};
    a = a.BroadcastTo(shape).Reshape(rows);
    b = b.BroadcastTo(shape).Reshape(rows);
    return MultiplyMatrices("vecdot", Conjugate(a).ExpandDims(1), b.ExpandDims(2)).Reshape(rest);
  }
  const Tensor product =
      MultiplyMatrices("vecdot", Conjugate(a).ExpandDims(a.rank() - 1), b.ExpandDims(b.rank()));
  return product.Reshape(Without(Without(product.shape(), product.rank() - 1), product.rank() - 2));
}

Tensor dot(const Tensor& x1, const Tensor& x2) {
  if (x1.rank() == 0 || x2.rank() == 0) {
    ProductDType("dot", x1, x2);
    return multiply(x1, x2);
  }
  return Contract("dot", x1, x2, {-1}, {x2.rank() == 1 ? -1 : -2});
}

Tensor inner(const Tensor& x1, const Tensor& x2) {
  if (x1.rank() == 0 || x2.rank() == 0) {
    ProductDType("inner", x1, x2);
    return multiply(x1, x2);
  }
  return Contract("inner", x1, x2, {-1}, {-1});
}

Tensor kron(const Tensor& x1, const Tensor& x2) {
  ProductDType("kron", x1, x2);
  const int rank = std::max(x1.rank(), x2.rank());
  // Axes of x1 and x2 by turns, each of the other of length 1, so that multiply makes all pairs.
  Shape shape1;
  Shape shape2;
  Shape shape;
  for (int i = 0; i < rank; ++i) {
    const int at1 = i - (rank - x1.rank());
    const int at2 = i - (rank - x2.rank());
    const int64_t length1 = at1 < 0 ? 1 : x1.shape()[at1];
    const int64_t length2 = at2 < 0 ? 1 : x2.shape()[at2];
    int64_t length = 0;
    if (__builtin_mul_overflow(length1, length2, &length)) {
      ThrowProductShapes("kron", "a result of fewer than 2^63 elements", x1, x2);
    }
    shape1.Append(length1);
    shape1.Append(1);
    shape2.Append(1);
    shape2.Append(length2);
    shape.Append(length);
  }
  if (2 * rank > tensor::kRankMax) {
    ThrowProductShapes("kron", "a rank of 32 at most", x1, x2);
  }
  return multiply(x1.Reshape(shape1), x2.Reshape(shape2)).Reshape(shape);
}

}  // namespace emberharmony::ops
