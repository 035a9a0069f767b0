// Products of tensors: matmul and its kin, in ops and in ops.linalg.
#include <algorithm>
#include <climits>
#include <string>
#include <vector>

#include "bindings/diagonal_number.h"
#include "bindings/function.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

/// Products take longer than their arguments are large.
void AddProductWork(Arguments& args, const ops::Tensor& x1, const ops::Tensor& x2) {
  const int64_t rank1 = x1.rank();
  const int64_t inner = rank1 > 0 ? x1.shape()[static_cast<int>(rank1) - 1] : 1;
  if (inner > 32) args.AddWork((x1.size() + x2.size()) * 4);
}

/// An integer or a sequence of integers.
std::vector<int> PairAxesOf(const Arguments& args, int i, PyObject* object) {
  const auto axis_of = [&](PyObject* each) {
    if (!PyIndex_Check(each) || PyBool_Check(each)) args.RaiseType(i, "axes that are integers");
    const int64_t axis = IntegerOf(each);
    return static_cast<int>(std::clamp<int64_t>(axis, INT_MIN, INT_MAX));
  };
  if (PyIndex_Check(object)) return {axis_of(object)};
  const Reference items = ItemsOf(object, "axes: expected an integer or a sequence of them");
  std::vector<int> axes;
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(items.get()); ++k) {
    axes.push_back(axis_of(PyTuple_GET_ITEM(items.get(), k)));
  }
  return axes;
}

}  // namespace

EMBER_FUNCTION(matmul, "(x1: Tensor, x2: Tensor, /) -> Tensor",
               R"(The matrix product of the last two axes: x1 @ x2.

Args:
  x1: A tensor of shape (..., M, K), or (K,), which counts as one row.
  x2: A tensor of shape (..., K, N), or (K,), which counts as one column. Leading axes broadcast.

Returns:
  A tensor of shape (..., M, N), without M or N where that was added, of the promoted dtype.
  Integers wrap around.

Raises:
  ValueError: The shapes do not fit, or one is ().
  TypeError: The dtypes have no common one, or it is bool.
)") {
  const ops::Tensor& x1 = args.tensor(0);
  const ops::Tensor& x2 = args.tensor(1);
  AddProductWork(args, x1, x2);
  return args.Run([&] { return ops::matmul(x1, x2); });
}

EMBER_FUNCTION(tensordot,
               "(x1: Tensor, x2: Tensor, /, *, "
               "axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Tensor",
               R"(Sums of products over axes of both tensors.

Args:
  x1: A tensor of a numeric dtype.
  x2: Another one.
  axes: How many of the last axes of x1 meet the first of x2, or two equally long sequences: the
    axes of x1 and those of x2 that they meet.

Returns:
  A tensor with the other axes of x1, then those of x2, of the promoted dtype.

Raises:
  ValueError: The axes do not exist, are named twice, or differ in length.
  TypeError: The dtypes have no common one, or it is bool.
)") {
  const ops::Tensor& x1 = args.tensor(0);
  const ops::Tensor& x2 = args.tensor(1);
  AddProductWork(args, x1, x2);
  if (PyIndex_Check(args.object(2))) {
    const int axes = args.axis(2);
    return args.Run([&] { return ops::tensordot(x1, x2, axes); });
  }
  const Reference pair = ItemsOf(args.object(2), "axes: expected an integer or two sequences");
  if (PyTuple_GET_SIZE(pair.get()) != 2) {
    Raise(PyExc_ValueError, "tensordot: axes: expected an integer or two sequences of integers");
  }
  const std::vector<int> axes1 = PairAxesOf(args, 2, PyTuple_GET_ITEM(pair.get(), 0));
  const std::vector<int> axes2 = PairAxesOf(args, 2, PyTuple_GET_ITEM(pair.get(), 1));
  return args.Run([&] { return ops::tensordot(x1, x2, axes1, axes2); });
}

EMBER_FUNCTION(vecdot, "(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor",
               R"(Dot products of the vectors along an axis; those of x1 are conjugated.

Args:
  x1: A tensor of a numeric dtype.
  x2: Another one, as long along the axis; other axes broadcast.
  axis: The axis, counted from the back of each tensor if negative; else both must have the same
    rank.

Returns:
  A tensor of the broadcast shape without the axis, of the promoted dtype.

Raises:
  ValueError: The shapes do not fit.
  TypeError: The dtypes have no common one, or it is bool.
)") {
  const ops::Tensor& x1 = args.tensor(0);
  const ops::Tensor& x2 = args.tensor(1);
  const int axis = args.axis(2);
  return args.Run([&] { return ops::vecdot(x1, x2, axis); });
}

EMBER_FUNCTION(dot, "(x1: Tensor, x2: Tensor, /) -> Tensor",
               R"(NumPy's dot.

Args:
  x1: A tensor of a numeric dtype.
  x2: Another one.

Returns:
  Of two vectors the sum of products, of two matrices the matrix product, of a tensor of rank 0 and
  any other their product; else the sums over the last axis of x1 and the last but one (of a vector
  the only one) of x2. Nothing is conjugated.

Raises:
  ValueError: The shapes do not fit.
  TypeError: The dtypes have no common one, or it is bool.
)") {
  const ops::Tensor& x1 = args.tensor(0);
  const ops::Tensor& x2 = args.tensor(1);
  AddProductWork(args, x1, x2);
  return args.Run([&] { return ops::dot(x1, x2); });
}

EMBER_FUNCTION(inner, "(x1: Tensor, x2: Tensor, /) -> Tensor",
               R"(NumPy's inner: sums of products over the last axes.

Args:
  x1: A tensor of a numeric dtype, of shape (..., K).
  x2: Another one, of shape (..., K).

Returns:
  A tensor with the other axes of x1, then those of x2; with a tensor of rank 0 the product.

Raises:
  ValueError: The last axes differ in length.
  TypeError: The dtypes have no common one, or it is bool.
)") {
  const ops::Tensor& x1 = args.tensor(0);
  const ops::Tensor& x2 = args.tensor(1);
  AddProductWork(args, x1, x2);
  return args.Run([&] { return ops::inner(x1, x2); });
}

EMBER_FUNCTION(kron, "(x1: Tensor, x2: Tensor, /) -> Tensor",
               R"(The Kronecker product: x2 in the place of each element of x1, multiplied by it.

Args:
  x1: A tensor of a numeric dtype.
  x2: Another one; the shorter shape gets ones in front.

Returns:
  A tensor whose lengths are the products of those of x1 and x2.

Raises:
  ValueError: A rank above 32.
  TypeError: The dtypes have no common one, or it is bool.
)") {
  const ops::Tensor& x1 = args.tensor(0);
  const ops::Tensor& x2 = args.tensor(1);
  return args.Run([&] { return ops::kron(x1, x2); });
}

EMBER_FUNCTION(einsum, "(subscripts: str, /, *operands: Tensor) -> Tensor",
               R"(NumPy's einsum: sums of products by the names of axes.

Args:
  subscripts: A letter for each axis of each operand, operands separated by commas, then "->" and
    the axes of the result: "ij,jk->ik" is the matrix product. What is missing in the result is
    summed over; a letter twice in an operand takes its diagonal; "..." stands for axes without a
    name, which broadcast. Without "->", the result has those, then the letters that occur once.
  *operands: Tensors of numeric dtypes, which are multiplied from left to right.

Returns:
  A tensor of the promoted dtype.

Raises:
  ValueError: Subscripts that cannot be read or do not fit the shapes.
  TypeError: The dtypes have no common one, or it is bool.
)") {
  const std::string subscripts(args.text(0));
  const std::vector<ops::Tensor> operands = args.rest_tensors();
  return args.Run([&] { return ops::einsum(subscripts, operands); });
}

EMBER_ALIAS_IN(linalg, matmul, "ops.matmul")
EMBER_ALIAS_IN(linalg, tensordot, "ops.tensordot")
EMBER_ALIAS_IN(linalg, vecdot, "ops.vecdot")

EMBER_FUNCTION_IN(linalg, outer, "(x1: Tensor, x2: Tensor, /) -> Tensor",
                  R"(All products of an element of x1 with one of x2.

Args:
  x1: A tensor of shape (M,), of a numeric dtype.
  x2: A tensor of shape (N,).

Returns:
  A tensor of shape (M, N), of the promoted dtype.

Raises:
  ValueError: A rank other than 1.
)") {
  const ops::Tensor& x1 = args.tensor(0);
  const ops::Tensor& x2 = args.tensor(1);
  return args.Run([&] { return ops::linalg::outer(x1, x2); });
}

EMBER_FUNCTION_IN(linalg, cross, "(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor",
                  R"(Cross products of the vectors of three elements along an axis.

Args:
  x1: A tensor of a numeric dtype.
  x2: Another one; other axes broadcast.
  axis: The axis with the three elements, counted in the broadcast shape.

Returns:
  A tensor of the broadcast shape, of the promoted dtype.

Raises:
  ValueError: The shapes do not fit, or the axis has not three elements in both.
)") {
  const ops::Tensor& x1 = args.tensor(0);
  const ops::Tensor& x2 = args.tensor(1);
  const int axis = args.axis(2);
  return args.Run([&] { return ops::linalg::cross(x1, x2, axis); });
}

EMBER_FUNCTION_IN(linalg, diagonal, "(x: Tensor, /, *, offset: int = 0) -> Tensor",
                  R"(The diagonals of matrices, as a view.

Args:
  x: A tensor of shape (..., M, N), of any dtype.
  offset: Which diagonal: 0 the main one, positive ones above it, negative ones below.

Returns:
  A tensor of shape (..., K).

Raises:
  ValueError: A rank below 2.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int64_t offset = DiagonalNumber(args, 1);
  return args.Run([&] { return ops::linalg::diagonal(x, offset); });
}

EMBER_FUNCTION_IN(linalg, trace,
                  "(x: Tensor, /, *, offset: int = 0, dtype: DTypeLike | None = None) -> Tensor",
                  R"(The sums along the diagonals of matrices.

Args:
  x: A tensor of shape (..., M, N), of a numeric dtype.
  offset: Which diagonal, as in diagonal.
  dtype: The result's dtype; by default as in sum.

Returns:
  A tensor of shape (...).

Raises:
  ValueError: A rank below 2.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int64_t offset = DiagonalNumber(args, 1);
  const std::optional<ops::DType> dtype = args.dtype(2);
  return args.Run([&] { return ops::linalg::trace(x, offset, dtype); });
}

EMBER_FUNCTION_IN(linalg, matrix_transpose, "(x: Tensor, /) -> Tensor",
                  R"(The transposed matrices, as a view.

Args:
  x: A tensor of shape (..., M, N), of any dtype.

Returns:
  A tensor of shape (..., N, M).

Raises:
  ValueError: A rank below 2.
)") {
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] { return ops::linalg::matrix_transpose(x); });
}

}  // namespace emberharmony::python
