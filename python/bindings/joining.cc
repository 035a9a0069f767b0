// Tensors put together, divided, padded and seen through windows.
#include "bindings/function.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

/// The tensors of a list or tuple, or the parts of a tensor along its first axis.
std::vector<ops::Tensor> TensorsOf(Arguments& args, int i) {
  if (!IsTensor(args.object(i))) {
    std::vector<ops::Tensor> tensors = args.tensors(i);
    for (const ops::Tensor& each : tensors) args.AddWork(each.size());
    return tensors;
  }
  return ops::unstack(args.tensor(i), 0);
}

}  // namespace

#define EMBER_JOINED_RAISES                                                                      \
  "\nRaises:\n  ValueError: No tensors, shapes that do not fit, or an axis that is not there.\n" \
  "  TypeError: They have no common dtype (uint64 and a signed integer).\n"

EMBER_FUNCTION(concat,
               "(arrays: tuple[Tensor, ...] | list[Tensor], /, *, axis: int | None = 0) -> Tensor",
               "The tensors one after the other along an axis.\n\nArgs:\n"
               "  arrays: Tensors of one shape but for the axis; their dtypes are promoted.\n"
               "  axis: The axis; None flattens the tensors first.\n" EMBER_JOINED_RAISES) {
  const std::vector<ops::Tensor> arrays = TensorsOf(args, 0);
  const std::optional<int> axis = args.optional_axis(1);
  return args.Run([&] { return ops::concat(arrays, axis); });
}

EMBER_FUNCTION(concatenate,
               "(arrays: tuple[Tensor, ...] | list[Tensor], axis: int | None = 0) -> Tensor",
               "The same as concat, with an axis by position.\n\nArgs:\n"
               "  arrays: Tensors of one shape but for the axis; their dtypes are promoted.\n"
               "  axis: The axis; None flattens the tensors first.\n" EMBER_JOINED_RAISES) {
  const std::vector<ops::Tensor> arrays = TensorsOf(args, 0);
  const std::optional<int> axis = args.optional_axis(1);
  return args.Run([&] { return ops::concat(arrays, axis); });
}

EMBER_FUNCTION(stack, "(arrays: tuple[Tensor, ...] | list[Tensor], /, *, axis: int = 0) -> Tensor",
               "The tensors along a new axis.\n\nArgs:\n"
               "  arrays: Tensors of one shape; their dtypes are promoted.\n"
               "  axis: Where the new axis stands in the result.\n" EMBER_JOINED_RAISES) {
  const std::vector<ops::Tensor> arrays = TensorsOf(args, 0);
  const int axis = args.axis(1);
  return args.Run([&] { return ops::stack(arrays, axis); });
}

EMBER_FUNCTION(
    vstack, "(arrays: tuple[Tensor, ...] | list[Tensor]) -> Tensor",
    "The tensors as rows, one below the other: along the first axis.\n\nArgs:\n"
    "  arrays: Tensors, of which those of rank 0 and 1 are a row.\n" EMBER_JOINED_RAISES) {
  const std::vector<ops::Tensor> arrays = TensorsOf(args, 0);
  return args.Run([&] { return ops::vstack(arrays); });
}

EMBER_FUNCTION(hstack, "(arrays: tuple[Tensor, ...] | list[Tensor]) -> Tensor",
               "The tensors side by side: along the second axis, of rank 1 along the first."
               "\n\nArgs:\n  arrays: Tensors alike but for that axis.\n" EMBER_JOINED_RAISES) {
  const std::vector<ops::Tensor> arrays = TensorsOf(args, 0);
  return args.Run([&] { return ops::hstack(arrays); });
}

EMBER_FUNCTION(
    dstack, "(arrays: tuple[Tensor, ...] | list[Tensor]) -> Tensor",
    "The tensors one behind the other: along the third axis.\n\nArgs:\n"
    "  arrays: Tensors, of which those of rank 1 become (1, n, 1), those of rank 2 (m, n,"
    " 1).\n" EMBER_JOINED_RAISES) {
  const std::vector<ops::Tensor> arrays = TensorsOf(args, 0);
  return args.Run([&] { return ops::dstack(arrays); });
}

EMBER_FUNCTION(unstack, "(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]",
               R"(The parts of a tensor along an axis, which goes: views.

Args:
  x: A tensor of rank 1 or more.
  axis: The axis.

Raises:
  ValueError: An axis that x does not have.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int axis = args.axis(1);
  return ToPython(ops::unstack(x, axis));
}

EMBER_FUNCTION(split,
               "(x: Tensor, num_or_size_splits: int | tuple[int, ...] | list[int], axis: int = 0)"
               " -> list[Tensor]",
               R"(The parts of a tensor along an axis: views.

Args:
  x: A tensor of rank 1 or more.
  num_or_size_splits: The number of parts, whose lengths differ by at most one (as
    numpy.array_split); or where the second and later parts begin (as numpy.split).
  axis: The axis.

Raises:
  ValueError: No part, or an axis that x does not have.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int axis = args.axis(2);
  if (PyIndex_Check(args.object(1))) {
    const int64_t num_sections = args.integer(1);
    return ToPython(TensorList{ops::split(x, num_sections, axis)});
  }
  const std::vector<int64_t> indices = args.integers(1);
  return ToPython(TensorList{ops::split(x, indices, axis)});
}
EMBER_ALIAS(split_tensor, "split")
EMBER_ALIAS(array_split, "split")

namespace {

/// What numpy.pad takes: a number, a pair, or a pair for each axis.
std::vector<std::pair<int64_t, int64_t>> WidthsOf(const Arguments& args, int i) {
  const auto pair_of = [&](const std::vector<int64_t>& numbers) -> std::pair<int64_t, int64_t> {
    if (numbers.size() == 1) return {numbers[0], numbers[0]};
    if (numbers.size() != 2) args.RaiseType(i, "a number, or pairs of numbers");
    return {numbers[0], numbers[1]};
  };
  PyObject* object = args.object(i);
  if (PyIndex_Check(object)) return {pair_of(args.integers(i))};
  if (PyDict_Check(object)) args.RaiseType(i, "a number, or pairs of numbers");
  const Reference items = ItemsOf(object, "pad: expected a number, or pairs of numbers");
  const Py_ssize_t count = PyTuple_GET_SIZE(items.get());
  if (count > 0 && PyIndex_Check(PyTuple_GET_ITEM(items.get(), 0))) {
    return {pair_of(IntegersOf(items.get()))};
  }
  std::vector<std::pair<int64_t, int64_t>> widths;
  for (Py_ssize_t k = 0; k < count; ++k) {
    widths.push_back(pair_of(IntegersOf(PyTuple_GET_ITEM(items.get(), k))));
  }
  return widths;
}

}  // namespace

EMBER_FUNCTION(pad,
               "(x: Tensor, pad_width: int | tuple[tuple[int, int], ...], mode: str = "
               "\"constant\", *, constant_values: Number = 0) -> Tensor",
               R"(A tensor with further elements before and behind those along each axis.

Args:
  x: A tensor of any shape.
  pad_width: How many: one number, a pair (before, behind), or a pair for each axis.
  mode: What the new elements are: "constant"; "edge", the nearest element; "reflect" and
    "symmetric", the elements mirrored at the edge without or with the edge's own; "wrap", the
    elements from the other end.
  constant_values: The constant.

Raises:
  ValueError: A negative width, another number of pairs than axes, another mode, or an axis without
    elements to continue.
  TypeError: A constant that the dtype of x cannot hold.
)") {
  const ops::Tensor& x = args.tensor(0);
  const auto widths = WidthsOf(args, 1);
  const ops::PadMode mode = ops::ParsePadMode(args.text(2));
  const ops::Scalar constant = args.scalar(3);
  return args.Run([&] { return ops::pad(x, widths, mode, constant); });
}

EMBER_FUNCTION(sliding_window_view,
               "(x: Tensor, window_shape: int | tuple[int, ...], "
               "axis: int | tuple[int, ...] | None = None) -> Tensor",
               R"(Every window of given lengths, without a copy.

Args:
  x: A tensor of any shape.
  window_shape: The length of the windows along each axis.
  axis: The axes; None for all of them.

Returns:
  A read-only view, in which the axes count windows and new axes at the end go through each.

Raises:
  ValueError: A window longer than its axis, or another number of lengths than axes.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::vector<int64_t> window = args.integers(1);
  const std::optional<std::vector<int>> axes = args.axes(2);
  return MakeTensor([&] { return ops::sliding_window_view(x, window, axes); });
}

EMBER_FUNCTION(sliding_window,
               "(x: Tensor, window_size: int, step: int = 1, axis: int = 0) -> Tensor",
               R"(The windows that begin at 0, step, 2 * step, ... along an axis, without a copy.

Args:
  x: A tensor of rank 1 or more.
  window_size: Elements in a window.
  step: Elements from one window's first to the next one's.
  axis: The axis.

Returns:
  A read-only view, in which the axis counts windows and a new axis behind it goes through each: of
  rows, (n, features), it is (windows, window_size, features).

Raises:
  ValueError: A length or step below 1, or an axis that x does not have.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int64_t window_size = args.integer(1);
  const int64_t step = args.integer(2);
  const int axis = args.axis(3);
  return MakeTensor([&] { return ops::sliding_window(x, window_size, step, axis); });
}

}  // namespace emberharmony::python
