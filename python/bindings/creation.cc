// Tensors of given shapes and of evenly spaced numbers.
#include "bindings/diagonal_number.h"
#include "bindings/function.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

/// The dtype asked for, else `otherwise`.
ops::DType DTypeOr(const Arguments& args, int i, ops::DType otherwise) {
  return args.dtype(i).value_or(otherwise);
}

}  // namespace

#define EMBER_CREATION_ARGS                                      \
  "  dtype: The elements' dtype; float64 by default.\n"          \
  "  device: Where the result lies; None: the CPU.\n\nRaises:\n" \
  "  ValueError: A negative length.\n"                           \
  "  MemoryError: There is no memory for so many elements.\n"

EMBER_FUNCTION(empty,
               "(shape: Shape, *, dtype: DTypeLike | None = None, "
               "device: Device | str | None = None) -> Tensor",
               "A tensor with arbitrary elements.\n\nArgs:\n"
               "  shape: Its shape: an integer or a tuple.\n" EMBER_CREATION_ARGS) {
  args.check_device(2);
  const ops::Shape shape = args.shape(0);
  const ops::DType dtype = DTypeOr(args, 1, ops::DType::kFloat64);
  return MakeTensor([&] { return ops::empty(shape, dtype); });
}

EMBER_FUNCTION(zeros,
               "(shape: Shape, *, dtype: DTypeLike | None = None, "
               "device: Device | str | None = None) -> Tensor",
               "A tensor of zeros.\n\nArgs:\n"
               "  shape: Its shape: an integer or a tuple.\n" EMBER_CREATION_ARGS) {
  args.check_device(2);
  const ops::Shape shape = args.shape(0);
  const ops::DType dtype = DTypeOr(args, 1, ops::DType::kFloat64);
  return args.Run([&] { return ops::zeros(shape, dtype); });
}

EMBER_FUNCTION(ones,
               "(shape: Shape, *, dtype: DTypeLike | None = None, "
               "device: Device | str | None = None) -> Tensor",
               "A tensor of ones.\n\nArgs:\n"
               "  shape: Its shape: an integer or a tuple.\n" EMBER_CREATION_ARGS) {
  args.check_device(2);
  const ops::Shape shape = args.shape(0);
  const ops::DType dtype = DTypeOr(args, 1, ops::DType::kFloat64);
  return args.Run([&] { return ops::ones(shape, dtype); });
}

EMBER_FUNCTION(full,
               "(shape: Shape, fill_value: Number, *, dtype: DTypeLike | None = None, "
               "device: Device | str | None = None) -> Tensor",
               R"(A tensor with one number in every element.

Args:
  shape: Its shape: an integer or a tuple.
  fill_value: The number.
  dtype: The elements' dtype; by default that of the number: bool, int64, float64 or complex128.
  device: Where the result lies; None: the CPU.

Raises:
  ValueError: A negative length.
  TypeError: The dtype cannot hold the number.
  MemoryError: There is no memory for so many elements.
)") {
  args.check_device(3);
  const ops::Shape shape = args.shape(0);
  const ops::Scalar value = args.scalar(1);
  const std::optional<ops::DType> dtype = args.dtype(2);
  return args.Run([&] { return ops::full(shape, value, dtype); });
}

#define EMBER_LIKE_DOC(what)                                                     \
  "A tensor " what                                                               \
  ", of the shape of another.\n\nArgs:\n"                                        \
  "  x: The tensor whose shape, and dtype unless it is given, the result has.\n" \
  "  dtype: The elements' dtype.\n  device: Where the result lies; None: where x does.\n"

EMBER_FUNCTION(empty_like,
               "(x: Tensor, /, *, dtype: DTypeLike | None = None, "
               "device: Device | str | None = None) -> Tensor",
               EMBER_LIKE_DOC("with arbitrary elements")) {
  const ops::Tensor& x = args.tensor(0);
  args.check_device(2, x);
  const std::optional<ops::DType> dtype = args.dtype(1);
  return MakeTensor([&] { return ops::empty_like(x, dtype); });
}

EMBER_FUNCTION(zeros_like,
               "(x: Tensor, /, *, dtype: DTypeLike | None = None, "
               "device: Device | str | None = None) -> Tensor",
               EMBER_LIKE_DOC("of zeros")) {
  const ops::Tensor& x = args.tensor(0);
  args.check_device(2, x);
  const std::optional<ops::DType> dtype = args.dtype(1);
  return args.Run([&] { return ops::zeros_like(x, dtype); });
}

EMBER_FUNCTION(ones_like,
               "(x: Tensor, /, *, dtype: DTypeLike | None = None, "
               "device: Device | str | None = None) -> Tensor",
               EMBER_LIKE_DOC("of ones")) {
  const ops::Tensor& x = args.tensor(0);
  args.check_device(2, x);
  const std::optional<ops::DType> dtype = args.dtype(1);
  return args.Run([&] { return ops::ones_like(x, dtype); });
}

EMBER_FUNCTION(full_like,
               "(x: Tensor, /, fill_value: Number, *, dtype: DTypeLike | None = None, "
               "device: Device | str | None = None) -> Tensor",
               EMBER_LIKE_DOC("with one number in every element")
               "  fill_value: The number.\n\nRaises:\n"
               "  TypeError: The dtype cannot hold the number.\n") {
  const ops::Tensor& x = args.tensor(0);
  args.check_device(3, x);
  const ops::Scalar value = args.scalar(1);
  const std::optional<ops::DType> dtype = args.dtype(2);
  return args.Run([&] { return ops::full_like(x, value, dtype); });
}

EMBER_FUNCTION(arange,
               "(start: Number, /, stop: Number | None = None, step: Number = 1, *, "
               "dtype: DTypeLike | None = None, device: Device | str | None = None) -> Tensor",
               R"(Numbers from `start` on, `step` apart, before `stop`.

Args:
  start: The first number; with `stop` left out the stop, and 0 is the first.
  stop: Where the numbers end; it is not among them.
  step: Their distance, which may be negative.
  dtype: The elements' dtype; by default int64 if all arguments are integers, else float64.
  device: Where the result lies; None: the CPU.

Returns:
  A tensor of shape (ceil((stop - start) / step),): start + i * step, integers exactly, others in
  double precision and rounded once.

Raises:
  ValueError: A step of 0, or a number of elements that is not finite.
  TypeError: Complex arguments, the dtype bool, or numbers that an integer dtype cannot hold.
  MemoryError: There is no memory for so many elements.
)") {
  args.check_device(4);
  const bool has_stop = !args.is_none(1);
  const ops::Scalar start = has_stop ? args.scalar(0) : ops::Scalar(0);
  const ops::Scalar stop = args.scalar(has_stop ? 1 : 0);
  const ops::Scalar step = args.scalar(2);
  const std::optional<ops::DType> dtype = args.dtype(3);
  return args.Run([&] { return ops::arange(start, stop, step, dtype); });
}

EMBER_FUNCTION(linspace,
               "(start: Number, stop: Number, /, num: int = 50, *, dtype: DTypeLike | None = None, "
               "device: Device | str | None = None, endpoint: bool = True) -> Tensor",
               R"(Evenly spaced numbers from `start` to `stop`.

Args:
  start: The first number, real or complex.
  stop: The last number, which is exact; not among them if `endpoint` is False.
  num: How many there are.
  dtype: The elements' dtype; float64 by default, complex128 for complex numbers. Integers take the
    floor.
  device: Where the result lies; None: the CPU.
  endpoint: Whether the last number is `stop`.

Returns:
  A tensor of shape (num,).

Raises:
  ValueError: A negative `num`.
  TypeError: The dtype bool, or complex numbers for a real dtype.
)") {
  args.check_device(4);
  const ops::Scalar start = args.scalar(0);
  const ops::Scalar stop = args.scalar(1);
  const int64_t num = args.integer(2);
  const std::optional<ops::DType> dtype = args.dtype(3);
  const bool endpoint = args.boolean(5);
  return args.Run([&] { return ops::linspace(start, stop, num, dtype, endpoint); });
}

EMBER_FUNCTION(eye,
               "(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, "
               "dtype: DTypeLike | None = None, device: Device | str | None = None) -> Tensor",
               R"(A matrix with ones on a diagonal and zeros elsewhere.

Args:
  n_rows: Its number of rows.
  n_cols: Its number of columns; by default as many as rows.
  k: The diagonal: 0 the main one, above it if positive, below if negative.
  dtype: The elements' dtype; float64 by default.
  device: Where the result lies; None: the CPU.
)") {
  args.check_device(4);
  const int64_t num_rows = args.integer(0);
  const std::optional<int64_t> num_columns = args.optional_integer(1);
  const int64_t k = DiagonalNumber(args, 2);
  const ops::DType dtype = DTypeOr(args, 3, ops::DType::kFloat64);
  return args.Run([&] { return ops::eye(num_rows, num_columns, k, dtype); });
}

EMBER_FUNCTION(tril, "(x: Tensor, /, *, k: int = 0) -> Tensor",
               R"(The lower triangles of matrices: what lies above a diagonal becomes zero.

Args:
  x: A tensor of shape (..., M, N).
  k: The highest diagonal that stays: 0 the main one, above it if positive, below if negative.

Raises:
  ValueError: A rank below 2.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int64_t k = DiagonalNumber(args, 1);
  return args.Run([&] { return ops::tril(x, k); });
}

EMBER_FUNCTION(triu, "(x: Tensor, /, *, k: int = 0) -> Tensor",
               R"(The upper triangles of matrices: what lies below a diagonal becomes zero.

Args:
  x: A tensor of shape (..., M, N).
  k: The lowest diagonal that stays: 0 the main one, above it if positive, below if negative.

Raises:
  ValueError: A rank below 2.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int64_t k = DiagonalNumber(args, 1);
  return args.Run([&] { return ops::triu(x, k); });
}

EMBER_FUNCTION(meshgrid, "(*arrays: Tensor, indexing: str = \"xy\") -> tuple[Tensor, ...]",
               R"(Coordinates of a grid, from those of its axes.

Args:
  arrays: The coordinates along each axis: tensors of rank 1.
  indexing: "xy" for columns first (the first two axes are swapped), "ij" for matrix order.

Returns:
  As many tensors, each of the grid's shape, each with its own dtype.

Raises:
  ValueError: A tensor of a higher rank, or another `indexing`.
)") {
  const std::vector<ops::Tensor> arrays = args.rest_tensors();
  const std::string indexing(args.text(0));
  return args.Run([&] { return ops::meshgrid(arrays, indexing); });
}

EMBER_FUNCTION(diag, "(x: Tensor, k: int = 0) -> Tensor",
               R"(A matrix with given diagonal, or the diagonal of a matrix.

Args:
  x: A tensor of rank 1 or 2.
  k: The diagonal: 0 the main one, above it if positive, below if negative.

Returns:
  Of rank 1 a square matrix that is zero elsewhere; of rank 2 the diagonal, a read-only view.

Raises:
  ValueError: Another rank.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int64_t k = args.integer(1);
  return args.Run([&] { return ops::diag(x, k); });
}

EMBER_FUNCTION(diagonal, "(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor",
               R"(The diagonals of the matrices in two axes.

Args:
  x: A tensor of rank 2 or more.
  offset: The diagonal: 0 the main one, above it if positive, below if negative.
  axis1: The axis of the rows.
  axis2: The axis of the columns.

Returns:
  A read-only view without the two axes, the diagonal being the last.

Raises:
  ValueError: A lower rank, or axes that do not exist or are the same.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int64_t offset = DiagonalNumber(args, 1);
  const int axis1 = args.axis(2);
  const int axis2 = args.axis(3);
  return args.Run([&] { return ops::diagonal(x, offset, axis1, axis2); });
}

EMBER_FUNCTION(one_hot,
               "(x: Tensor, num_classes: int | None = None, *, axis: int = -1, "
               "dtype: DTypeLike | None = None) -> Tensor",
               R"(For each integer a row of zeros with a one at its position.

Args:
  x: Integers of any shape.
  num_classes: The length of the rows; by default the largest integer and one.
  axis: Where the new axis stands in the result.
  dtype: The elements' dtype; float64 by default.

Raises:
  IndexError: An integer that is negative or too large.
  TypeError: Elements that are no integers.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::optional<int64_t> num_classes = args.optional_integer(1);
  const int axis = args.axis(2);
  const ops::DType dtype = DTypeOr(args, 3, ops::DType::kFloat64);
  return args.Run([&] { return ops::one_hot(x, num_classes, axis, dtype); });
}

}  // namespace emberharmony::python
