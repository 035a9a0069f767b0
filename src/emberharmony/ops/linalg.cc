#include "emberharmony/ops/linalg.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "emberharmony/ops/axis_error.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/linalg_internal.h"
#include "emberharmony/ops/statistics.h"

namespace emberharmony::ops::linalg {
namespace {

using backend::Attribute;
using backend::AttributeKey;
using backend::Op;

int64_t NumRows(const Tensor& x) { return x.shape()[x.rank() - 2]; }
int64_t Columns(const Tensor& x) { return x.shape()[x.rank() - 1]; }

/// Runs an operation on one input.
void Run(Op op, const Tensor& x, std::initializer_list<const Tensor*> outputs,
         backend::Attributes attributes = {}) {
  const Tensor* const inputs[] = {&x};
  RunOp(op, inputs, attributes, {outputs.begin(), outputs.size()});
}

Tensor EmptyReal(const Shape& shape, const Tensor& like) {
  return NewResultOf(like, shape, tensor::RealPartOf(like.dtype()));
}
Tensor EmptyComplex(const Shape& shape, const Tensor& like) {
  return NewResultOf(like, shape, tensor::ComplexOf(like.dtype()));
}

/// Leading axes of a rank.
Shape Leading(const Shape& shape, int rank) {
  return std::span<const int64_t>(shape.data(), static_cast<size_t>(rank));
}

[[noreturn]] void ThrowShapes(const char* function, const char* expected, const Tensor& x1,
                              const Tensor& x2) {
  throw ShapeError(fmt::format("{}: expected {}, found shapes {} and {}", function, expected,
                               x1.shape().ToString(), x2.shape().ToString()));
}

/// The floating-point dtype that both promote to: of integers float64.
DType CommonFloating(const char* function, const Tensor& a, const Tensor& b) {
  const auto dtype = tensor::PromoteTypes(a.dtype(), b.dtype());
  if (!dtype || tensor::IsBool(*dtype)) {
    throw DTypeError(
        fmt::format("{}: expected numeric tensors of dtypes with a common one, found a {} and a {}",
                    function, a.Describe(), b.Describe()));
  }
  return tensor::IsInteger(*dtype) ? DType::kFloat64 : *dtype;
}

}  // namespace

Tensor cholesky(const Tensor& x, bool upper) {
  CheckSquare("cholesky", x);
  const Tensor a = AsMatrices("cholesky", x);
  const Tensor result = NewResultOf(a, a.shape(), a.dtype());
  const Attribute attribute = Attribute::Integer(AttributeKey::kUpper, upper ? 1 : 0);
  Run(Op::kCholesky, a, {&result}, {&attribute, 1});
  return result;
}

QrResult qr(const Tensor& x, bool complete) {
  CheckMatrices("qr", x);
  const Tensor a = AsMatrices("qr", x);
  const int64_t k = complete ? NumRows(a) : std::min(NumRows(a), Columns(a));
  QrResult result{NewResultOf(a, StackShape(a, {NumRows(a), k}), a.dtype()),
                  NewResultOf(a, StackShape(a, {k, Columns(a)}), a.dtype())};
  const Attribute attribute = Attribute::Integer(AttributeKey::kFullMatrices, complete ? 1 : 0);
  Run(Op::kQr, a, {&result.Q, &result.R}, {&attribute, 1});
  return result;
}

SvdResult svd(const Tensor& x, bool full_matrices) {
  CheckMatrices("svd", x);
  const Tensor a = AsMatrices("svd", x);
  const int64_t k = std::min(NumRows(a), Columns(a));
  SvdResult result{
      NewResultOf(a, StackShape(a, {NumRows(a), full_matrices ? NumRows(a) : k}), a.dtype()),
      EmptyReal(StackShape(a, {k}), a),
      NewResultOf(a, StackShape(a, {full_matrices ? Columns(a) : k, Columns(a)}), a.dtype())};
  const Attribute attribute =
      Attribute::Integer(AttributeKey::kFullMatrices, full_matrices ? 1 : 0);
  Run(Op::kSvd, a, {&result.U, &result.S, &result.Vh}, {&attribute, 1});
  return result;
}

Tensor svdvals(const Tensor& x) {
  CheckMatrices("svdvals", x);
  const Tensor a = AsMatrices("svdvals", x);
  const Tensor result = EmptyReal(StackShape(a, {std::min(NumRows(a), Columns(a))}), a);
  Run(Op::kSvdvals, a, {&result});
  return result;
}

EigResult eigh(const Tensor& x) {
  CheckSquare("eigh", x);
  const Tensor a = AsMatrices("eigh", x);
  EigResult result{EmptyReal(StackShape(a, {NumRows(a)}), a), NewResultOf(a, a.shape(), a.dtype())};
  Run(Op::kEigh, a, {&result.eigenvalues, &result.eigenvectors});
  return result;
}

Tensor eigvalsh(const Tensor& x) {
  CheckSquare("eigvalsh", x);
  const Tensor a = AsMatrices("eigvalsh", x);
  const Tensor result = EmptyReal(StackShape(a, {NumRows(a)}), a);
  Run(Op::kEigvalsh, a, {&result});
  return result;
}

EigResult eig(const Tensor& x) {
  CheckSquare("eig", x);
  const Tensor a = AsMatrices("eig", x);
  EigResult result{EmptyComplex(StackShape(a, {NumRows(a)}), a), EmptyComplex(a.shape(), a)};
  Run(Op::kEig, a, {&result.eigenvalues, &result.eigenvectors});
  return result;
}

Tensor eigvals(const Tensor& x) {
  CheckSquare("eigvals", x);
  const Tensor a = AsMatrices("eigvals", x);
  const Tensor result = EmptyComplex(StackShape(a, {NumRows(a)}), a);
  Run(Op::kEigvals, a, {&result});
  return result;
}

Tensor det(const Tensor& x) {
  CheckSquare("det", x);
  const Tensor a = AsMatrices("det", x);
  const Tensor result = NewResultOf(a, StackShape(a), a.dtype());
  Run(Op::kDet, a, {&result});
  return result;
}

SlogdetResult slogdet(const Tensor& x) {
  CheckSquare("slogdet", x);
  const Tensor a = AsMatrices("slogdet", x);
  SlogdetResult result{NewResultOf(a, StackShape(a), a.dtype()), EmptyReal(StackShape(a), a)};
  Run(Op::kSlogDet, a, {&result.sign, &result.logabsdet});
  return result;
}

Tensor inv(const Tensor& x) {
  CheckSquare("inv", x);
  const Tensor a = AsMatrices("inv", x);
  const Tensor result = NewResultOf(a, a.shape(), a.dtype());
  Run(Op::kInv, a, {&result});
  return result;
}

Tensor solve(const Tensor& x1, const Tensor& x2) {
  CheckSquare("solve", x1);
  if (x2.rank() == 0) ThrowShapes("solve", "vectors or matrices on the right", x1, x2);
  const DType dtype = CommonFloating("solve", x1, x2);
  const Tensor a = astype(x1, dtype, /*copy=*/false);
  const bool vector = x2.rank() == 1;
  Tensor b = astype(x2, dtype, /*copy=*/false);
  if (vector) b = b.ExpandDims(1);
  if (NumRows(b) != NumRows(a)) ThrowShapes("solve", "as many rows on both sides", x1, x2);
  Shape shape = StackShape(a);
  if (!tensor::BroadcastInto(&shape, StackShape(b))) {
    ThrowShapes("solve", "leading axes that broadcast", x1, x2);
  }
  Shape without_columns = shape;
  shape.Append(NumRows(a));
  without_columns.Append(NumRows(a));
  shape.Append(Columns(b));
  const Tensor result = NewResultOf(a, shape, dtype);
  const Tensor* const inputs[] = {&a, &b};
  const Tensor* const outputs[] = {&result};
  RunOp(Op::kSolve, inputs, {}, outputs);
  return vector ? result.Reshape(without_columns) : result;
}

LstsqResult lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond) {
  if (a.rank() != 2 || b.rank() < 1 || b.rank() > 2 || b.shape()[0] != a.shape()[0]) {
    ThrowShapes("lstsq", "a matrix and a vector or matrix of as many rows", a, b);
  }
  const DType dtype = CommonFloating("lstsq", a, b);
  const Tensor matrix = astype(a, dtype, /*copy=*/false);
  Tensor right = astype(b, dtype, /*copy=*/false);
  if (b.rank() == 1) right = right.ExpandDims(1);
  const int64_t m = NumRows(matrix);
  const int64_t n = Columns(matrix);
  const int64_t k = Columns(right);

  LstsqResult result{Tensor::Empty({n, k}, dtype), EmptyReal({k}, right), 0,
                     EmptyReal({std::min(m, n)}, right)};
  if (m == 0 || n == 0 || k == 0) {
    result.x = astype(multiply(Identity({}, 1, dtype), 0).BroadcastTo({n, k}), dtype);
    result.singular_values = svdvals(matrix);
    if (m > 0 && n > 0) result.rank = matrix_rank(matrix).item<int64_t>();
    result.residuals = EmptyReal({0}, right);
  } else {
    // NumPy's: of what is computed in, which is double precision for float32 too.
    constexpr double kComputedEpsilon = std::numeric_limits<double>::epsilon();
    const Tensor rank = Tensor::Scalar(int64_t{0});
    const Attribute attribute =
        Attribute::Number(AttributeKey::kTolerance,
                          rcond.value_or(static_cast<double>(std::max(m, n)) * kComputedEpsilon));
    const Tensor* const inputs[] = {&matrix, &right};
    const Tensor* const outputs[] = {&result.x, &result.residuals, &rank, &result.singular_values};
    RunOp(Op::kLstsq, inputs, {&attribute, 1}, outputs);
    result.rank = rank.item<int64_t>();
    if (result.rank < n || m <= n) result.residuals = EmptyReal({0}, right);
  }
  if (b.rank() == 1) result.x = result.x.Reshape({n});
  return result;
}

Tensor matrix_power(const Tensor& x, int64_t n) {
  CheckSquare("matrix_power", x);
  if (tensor::IsBool(x.dtype())) AsMatrices("matrix_power", x);
  const Tensor base_of = n < 0 ? inv(x) : x;
  if (n == 0) return Identity(StackShape(x), NumRows(x), base_of.dtype());
  // Squares of squares; the power 2^63 has no exponent of its sign.
  uint64_t left = n < 0 ? uint64_t{0} - static_cast<uint64_t>(n) : static_cast<uint64_t>(n);
  Tensor square_of = base_of;
  Tensor result;
  for (;; left >>= 1) {
    if (left & 1) result = result.defined() ? matmul(result, square_of) : square_of;
    if (left <= 1) break;
    square_of = matmul(square_of, square_of);
  }
  return n == 1 ? result.Copy() : result;
}

Tensor outer(const Tensor& x1, const Tensor& x2) {
  if (x1.rank() != 1 || x2.rank() != 1) ThrowShapes("outer", "vectors", x1, x2);
  return multiply(x1.ExpandDims(1), x2.ExpandDims(0));
}

Tensor cross(const Tensor& x1, const Tensor& x2, int axis) {
  Shape shape = x1.shape();
  if (!tensor::BroadcastInto(&shape, x2.shape())) {
    ThrowShapes("cross", "shapes that broadcast", x1, x2);
  }
  const int rank = shape.rank();
  if (axis < -rank || axis >= rank) {
    throw AxisError(
        fmt::format("cross: expected an axis in [{}, {}), found {}", -rank, rank, axis));
  }
  // Counted from the back, the axis is the same one in both.
  const int from_back = axis < 0 ? axis : axis - rank;
  for (const Tensor* x : {&x1, &x2}) {
    if (-from_back > x->rank() || x->shape()[x->rank() + from_back] != 3) {
      ThrowShapes("cross", "three elements along the axis", x1, x2);
    }
  }
  const auto part = [&](const Tensor& x, int i) {
    const int at = x.rank() + from_back;
    return x.Slice(at, i, i + 1);
  };
  Tensor result;
  for (int i = 0; i < 3; ++i) {
    const int j = (i + 1) % 3;
    const int k = (i + 2) % 3;
    const Tensor component =
        subtract(multiply(part(x1, j), part(x2, k)), multiply(part(x1, k), part(x2, j)));
    if (!result.defined()) result = Tensor::Empty(shape, component.dtype());
    tensor::CopyElements(component, part(result, i));
  }
  return result;
}

Tensor diagonal(const Tensor& x, int64_t offset) {
  CheckMatrices("diagonal", x);
  const int rank = x.rank();
  const int64_t row_stride = x.strides()[rank - 2];
  const int64_t column_stride = x.strides()[rank - 1];
  int64_t length = 0;
  int64_t start = x.offset();
  if (offset >= 0 && offset < Columns(x)) {
    length = std::min(NumRows(x), Columns(x) - offset);
    start += offset * column_stride;
  } else if (offset < 0 && offset > -NumRows(x)) {
    length = std::min(NumRows(x) + offset, Columns(x));
    start -= offset * row_stride;
  }
  if (length == 0) start = x.offset();
  Shape strides = Leading(x.strides(), rank - 2);
  strides.Append(row_stride + column_stride);
  return x.View(StackShape(x, {length}), strides, start);
}

Tensor trace(const Tensor& x, int64_t offset, std::optional<DType> dtype) {
  CheckMatrices("trace", x);
  return sum(diagonal(x, offset), {.axis = std::vector<int>{-1}, .dtype = dtype});
}

Tensor matrix_transpose(const Tensor& x) {
  CheckMatrices("matrix_transpose", x);
  return TransposeMatrices(x);
}

}  // namespace emberharmony::ops::linalg
