// Shapes and the order of axes and elements.
#include "bindings/function.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

std::vector<int> TupleAxesOf(const Arguments& args, int i) {
  const std::optional<std::vector<int>> axes = args.axes(i);
  if (!axes) args.RaiseType(i, "an axis or a tuple of axes");
  return *axes;
}

/// Each entry is a shape.
std::vector<ops::Shape> RestShapes(const Arguments& args) {
  std::vector<ops::Shape> shapes;
  for (PyObject* each : args.rest()) shapes.emplace_back(IntegersOf(each));
  return shapes;
}

}  // namespace

EMBER_FUNCTION(reshape, "(x: Tensor, /, shape: Shape, *, copy: bool | None = None) -> Tensor",
               R"(The same elements, in C order, in another shape.

Args:
  x: A tensor of any shape.
  shape: The new shape; one length may be -1 and follows from the others.
  copy: True copies, False raises ValueError where a copy would be needed, None makes a view where
    the strides allow, else a copy.

Raises:
  ValueError: Another number of elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Shape shape(IntegersOf(args.object(1)));
  std::optional<bool> copy;
  if (!args.is_none(2)) copy = args.boolean(2);
  return args.Run([&] { return ops::reshape(x, shape, copy); });
}

EMBER_FUNCTION(ravel, "(x: Tensor) -> Tensor",
               R"(The elements in C order as a tensor of rank 1: a view where the strides allow.

Args:
  x: A tensor of any shape.
)") {
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] { return ops::ravel(x); });
}

EMBER_FUNCTION(flatten, "(x: Tensor) -> Tensor",
               R"(A copy of the elements in C order as a tensor of rank 1.

Args:
  x: A tensor of any shape.
)") {
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] { return ops::flatten(x); });
}

EMBER_FUNCTION(expand_dims, "(x: Tensor, /, axis: int | tuple[int, ...]) -> Tensor",
               R"(A view with new axes of length 1.

Args:
  x: A tensor of any shape.
  axis: Where the new axis, or each of several, stands in the result.

Raises:
  ValueError: A place that the result does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::vector<int> axes = TupleAxesOf(args, 1);
  return MakeTensor([&] { return ops::expand_dims(x, axes); });
}

EMBER_FUNCTION(squeeze, "(x: Tensor, /, axis: int | tuple[int, ...] | None = None) -> Tensor",
               R"(A view without axes of length 1.

Args:
  x: A tensor of any shape.
  axis: The axis or axes that go; None for all of length 1.

Raises:
  ValueError: An axis that x does not have, or that is longer than 1.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::optional<std::vector<int>> axes = args.axes(1);
  return MakeTensor([&] { return ops::squeeze(x, axes); });
}

EMBER_FUNCTION(broadcast_to, "(x: Tensor, /, shape: Shape) -> Tensor",
               R"(A read-only view repeated to a shape.

Args:
  x: A tensor that broadcasts to `shape`.
  shape: The result's shape.

Raises:
  ValueError: x does not broadcast to it.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Shape shape(IntegersOf(args.object(1)));
  return MakeTensor([&] { return ops::broadcast_to(x, shape); });
}

EMBER_FUNCTION(broadcast_arrays, "(*arrays: Tensor) -> tuple[Tensor, ...]",
               R"(Read-only views of the one shape that all tensors broadcast to.

Args:
  arrays: Tensors that broadcast against each other.

Raises:
  ValueError: They do not.
)") {
  const std::vector<ops::Tensor> arrays = args.rest_tensors();
  return ToPython(ops::broadcast_arrays(arrays));
}

EMBER_FUNCTION(broadcast_shapes, "(*shapes: Shape) -> tuple[int, ...]",
               R"(The shape that all of these broadcast to.

Args:
  shapes: Tuples of lengths.

Raises:
  ValueError: They do not broadcast against each other.
)") {
  const std::vector<ops::Shape> shapes = RestShapes(args);
  return ToPython(ops::broadcast_shapes(shapes));
}

EMBER_FUNCTION(permute_dims, "(x: Tensor, /, axes: tuple[int, ...]) -> Tensor",
               R"(A view with the axes in another order.

Args:
  x: A tensor of any shape.
  axes: Axis i of the result is axis axes[i] of x; each axis once.

Raises:
  ValueError: Not a permutation of the axes.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::vector<int> axes = TupleAxesOf(args, 1);
  return MakeTensor([&] { return ops::permute_dims(x, axes); });
}

EMBER_FUNCTION(transpose, "(x: Tensor, axes: tuple[int, ...] | None = None) -> Tensor",
               R"(A view with the axes in another order: reversed unless given.

Args:
  x: A tensor of any shape.
  axes: Axis i of the result is axis axes[i] of x; each axis once.

Raises:
  ValueError: Not a permutation of the axes.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::optional<std::vector<int>> axes = args.axes(1);
  return MakeTensor([&] { return ops::transpose(x, axes); });
}

EMBER_FUNCTION(matrix_transpose, "(x: Tensor, /) -> Tensor",
               R"(A view of matrices with rows and columns exchanged.

Args:
  x: A tensor of shape (..., M, N).

Raises:
  ValueError: A rank below 2.
)") {
  const ops::Tensor& x = args.tensor(0);
  return MakeTensor([&] { return ops::matrix_transpose(x); });
}

EMBER_FUNCTION(swapaxes, "(x: Tensor, axis1: int, axis2: int) -> Tensor",
               R"(A view with two axes exchanged.

Args:
  x: A tensor of any shape.
  axis1: One axis.
  axis2: The other one.

Raises:
  ValueError: An axis that x does not have.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int axis1 = args.axis(1);
  const int axis2 = args.axis(2);
  return MakeTensor([&] { return ops::swapaxes(x, axis1, axis2); });
}

EMBER_FUNCTION(moveaxis,
               "(x: Tensor, source: int | tuple[int, ...], destination: int | tuple[int, ...], /)"
               " -> Tensor",
               R"(A view with axes at other places, the rest in their order.

Args:
  x: A tensor of any shape.
  source: The axis or axes to move.
  destination: Where each stands in the result.

Raises:
  ValueError: Axes that x does not have or that repeat, or unequally many of both.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::vector<int> source = TupleAxesOf(args, 1);
  const std::vector<int> destination = TupleAxesOf(args, 2);
  return MakeTensor([&] { return ops::moveaxis(x, source, destination); });
}

EMBER_FUNCTION(flip, "(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None) -> Tensor",
               R"(A view with the elements along axes in reverse order.

Args:
  x: A tensor of any shape.
  axis: The axis or axes; None for all.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::optional<std::vector<int>> axes = args.axes(1);
  return MakeTensor([&] { return ops::flip(x, axes); });
}

EMBER_FUNCTION(roll,
               "(x: Tensor, /, shift: int | tuple[int, ...], *, "
               "axis: int | tuple[int, ...] | None = None) -> Tensor",
               R"(The elements moved along axes; those moved beyond the end come in at the front.

Args:
  x: A tensor of any shape.
  shift: By how many places, for each axis or for all of them.
  axis: The axis or axes; None moves the flattened elements.

Raises:
  ValueError: An axis that x does not have, or another number of shifts than of axes.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::vector<int64_t> shift = args.integers(1);
  const std::optional<std::vector<int>> axes = args.axes(2);
  return args.Run([&] { return ops::roll(x, shift, axes); });
}

EMBER_FUNCTION(tile, "(x: Tensor, repetitions: tuple[int, ...], /) -> Tensor",
               R"(A tensor made of copies of x.

Args:
  x: A tensor of any shape.
  repetitions: How often x is repeated along each axis. Where they are fewer than the axes of x, or
    more, ones are put in front of them, or axes of length 1 in front of x's.

Raises:
  ValueError: A negative number of repetitions.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::vector<int64_t> repetitions = args.integers(1);
  return args.Run([&] { return ops::tile(x, repetitions); });
}

EMBER_FUNCTION(repeat,
               "(x: Tensor, /, repeats: int | Tensor, *, axis: int | None = None) -> Tensor",
               R"(Each element several times in a row.

Args:
  x: A tensor of any shape.
  repeats: How often; or for each position along the axis how often.
  axis: The axis along which the elements are; None repeats the flattened elements.

Raises:
  ValueError: A negative number, or another number of them than the axis is long.
  TypeError: Numbers that are no integers.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::optional<int> axis = args.optional_axis(2);
  if (PyLong_Check(args.object(1))) {
    const int64_t repeats = args.integer(1);
    return args.Run([&] { return ops::repeat(x, repeats, axis); });
  }
  const ops::Tensor& repeats = args.tensor(1);
  return args.Run([&] { return ops::repeat(x, repeats, axis); });
}

}  // namespace emberharmony::python
