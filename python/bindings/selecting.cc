// Elements read, written and collected by their numbers.
#include "bindings/function.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {

EMBER_FUNCTION(take, "(x: Tensor, indices: Tensor, /, *, axis: int | None = None) -> Tensor",
               R"(Elements along an axis by their numbers.

Args:
  x: A tensor of rank 1 or more.
  indices: Integers of any shape; negative ones count from the back.
  axis: The axis; may be left out for rank 1.

Returns:
  A tensor of the shape of x with that of `indices` in place of the axis.

Raises:
  IndexError: An index outside of the axis.
  TypeError: Indices that are no integers.
  ValueError: An axis that x does not have.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Tensor& indices = args.tensor(1);
  const std::optional<int> axis = args.optional_axis(2);
  return args.Run([&] { return ops::take(x, indices, axis); });
}

EMBER_FUNCTION(gather, "(x: Tensor, indices: Tensor, axis: int = 0) -> Tensor",
               R"(The same as take, along the first axis unless another one is given.

Args:
  x: A tensor of rank 1 or more.
  indices: Integers of any shape; negative ones count from the back.
  axis: The axis.

Raises:
  IndexError: An index outside of the axis.
  TypeError: Indices that are no integers.
  ValueError: An axis that x does not have.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Tensor& indices = args.tensor(1);
  const int axis = args.axis(2);
  return args.Run([&] { return ops::gather(x, indices, axis); });
}

EMBER_FUNCTION(take_along_axis, "(x: Tensor, indices: Tensor, /, *, axis: int = -1) -> Tensor",
               R"(For each place along the other axes its own elements along one axis, as argsort's
result names them.

Args:
  x: A tensor of rank 1 or more.
  indices: Integers, of the rank of x and of shapes that broadcast but for the axis.
  axis: The axis.

Returns:
  A tensor of the shape of `indices`, broadcast.

Raises:
  IndexError: An index outside of the axis.
  TypeError: Indices that are no integers.
  ValueError: Shapes that do not fit, or an axis that x does not have.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Tensor& indices = args.tensor(1);
  const int axis = args.axis(2);
  return args.Run([&] { return ops::take_along_axis(x, indices, axis); });
}

EMBER_FUNCTION(index_update, "(x: Tensor, indices: object, values: ArrayLike) -> Tensor",
               R"(A copy of x in which x[indices] is `values`.

Args:
  x: A tensor of any shape.
  indices: What may stand in the brackets of x[...].
  values: A number or a tensor that broadcasts to x[indices].

Raises:
  IndexError: An index outside of its axis.
  ValueError: Values that do not broadcast.
  TypeError: Values that the dtype of x cannot hold.
)") {
  const ops::Tensor& x = args.tensor(0);
  Reference copy(MakeTensor([&] { return x.Copy(); }));
  if (PyObject_SetItem(copy.get(), args.object(1), args.object(2)) < 0) throw PythonError{};
  return copy.release();
}

EMBER_FUNCTION(slice_tensor,
               "(x: Tensor, starts: tuple[int, ...], sizes: tuple[int, ...]) -> Tensor",
               R"(A part of a tensor: a view.

Args:
  x: A tensor of any shape.
  starts: Where the part begins along the first axes; the others are taken whole.
  sizes: Its lengths; -1 reaches to the end.

Raises:
  ValueError: A part that does not lie within x.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::vector<int64_t> starts = args.integers(1);
  const std::vector<int64_t> sizes = args.integers(2);
  return MakeTensor([&] { return ops::slice_tensor(x, starts, sizes); });
}

EMBER_FUNCTION(slice_update, "(x: Tensor, starts: tuple[int, ...], updates: Tensor) -> Tensor",
               R"(A copy of x with a part replaced.

Args:
  x: A tensor of any shape.
  starts: Where the part begins along each axis.
  updates: What it becomes: a tensor of the rank of x.

Raises:
  ValueError: A part that does not lie within x.
  TypeError: Updates that the dtype of x cannot hold.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::vector<int64_t> starts = args.integers(1);
  const ops::Tensor& updates = args.tensor(2);
  return args.Run([&] { return ops::slice_update(x, starts, updates); });
}

#define EMBER_SCATTER_ARGS                                                                 \
  "\n\nArgs:\n"                                                                            \
  "  src: The elements: a tensor of rank 1 or more.\n"                                     \
  "  index: Integers, the place of each element along the axis: of rank 1 with the axis' " \
  "length, or\n    of the shape of src.\n"                                                 \
  "  dim_size: The number of places; by default the largest index and one.\n"
#define EMBER_SCATTER_END                                                         \
  "  axis: The axis.\n\nRaises:\n  IndexError: An index outside of the places.\n" \
  "  ValueError: Shapes that do not fit, or an axis that src does not have.\n"    \
  "  TypeError: Another dtype than the function takes.\n"

EMBER_FUNCTION(
    scatter,
    "(src: Tensor, index: Tensor, dim_size: int | None = None, aggr: str = \"add\", "
    "axis: int = 0) -> Tensor",
    "Elements collected at the places that an index names." EMBER_SCATTER_ARGS
    "  aggr: How the elements of a place are combined: \"add\", \"mean\", \"max\", "
    "\"min\", \"softmax\",\n    \"mul\" or \"set\" (the last one stays).\n" EMBER_SCATTER_END) {
  const ops::Tensor& src = args.tensor(0);
  const ops::Tensor& index = args.tensor(1);
  const std::optional<int64_t> dim_size = args.optional_integer(2);
  const std::string aggr(args.text(3));
  const int axis = args.axis(4);
  return args.Run([&] { return ops::scatter(src, index, dim_size, aggr, axis); });
}

#define EMBER_SCATTER(name, summary)                                                            \
  EMBER_FUNCTION(name,                                                                          \
                 "(src: Tensor, index: Tensor, dim_size: int | None = None, axis: int = 0) -> " \
                 "Tensor",                                                                      \
                 summary EMBER_SCATTER_ARGS EMBER_SCATTER_END) {                                \
    const ops::Tensor& src = args.tensor(0);                                                    \
    const ops::Tensor& index = args.tensor(1);                                                  \
    const std::optional<int64_t> dim_size = args.optional_integer(2);                           \
    const int axis = args.axis(3);                                                              \
    return args.Run([&] { return ops::name(src, index, dim_size, axis); });                     \
  }
EMBER_SCATTER(scatter_add, "The sum of the elements of each place; 0 where there are none.")
EMBER_SCATTER(scatter_max, "The largest element of each place; 0 where there are none.")
EMBER_SCATTER(scatter_min, "The smallest element of each place; 0 where there are none.")
EMBER_SCATTER(scatter_mean, "The mean of the elements of each place; 0 where there are none.")
EMBER_SCATTER(scatter_softmax, "The softmax among the elements of each place, in the shape of src.")
#undef EMBER_SCATTER

EMBER_FUNCTION(scatter_nd, "(indices: Tensor, updates: Tensor, shape: Shape) -> Tensor",
               R"(Zeros with sums of updates at given places (as tf.scatter_nd).

Args:
  indices: Integers of shape (..., K): positions along the first K axes of the result.
  updates: A tensor of the shape of `indices` without its last axis, followed by the remaining
    lengths of `shape`.
  shape: The shape of the result.

Raises:
  IndexError: A position outside of its axis.
  ValueError: Shapes that do not fit.
  TypeError: Indices that are no integers, or updates of dtype bool.
)") {
  const ops::Tensor& indices = args.tensor(0);
  const ops::Tensor& updates = args.tensor(1);
  const ops::Shape shape = args.shape(2);
  return args.Run([&] { return ops::scatter_nd(indices, updates, shape); });
}

EMBER_FUNCTION(tensor_scatter_nd_update,
               "(tensor: Tensor, indices: Tensor, updates: Tensor) -> Tensor",
               R"(A copy of a tensor with updates at given places; the last of several stays.

Args:
  tensor: A tensor of any shape.
  indices: Integers of shape (..., K): positions along the first K axes.
  updates: A tensor of the shape of `indices` without its last axis, followed by the remaining
    lengths of `tensor`.

Raises:
  IndexError: A position outside of its axis.
  ValueError: Shapes that do not fit.
  TypeError: Indices that are no integers, or updates that the dtype cannot hold.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Tensor& indices = args.tensor(1);
  const ops::Tensor& updates = args.tensor(2);
  return args.Run([&] { return ops::tensor_scatter_nd_update(x, indices, updates); });
}

}  // namespace emberharmony::python
