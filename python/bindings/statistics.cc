#include "bindings/arguments.h"
#include "bindings/axes.h"
#include "bindings/function.h"
#include "bindings/results.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {

EMBER_FUNCTION(sum,
               "(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None, dtype: DTypeLike | "
               "None = None, keepdims: bool = False) -> Tensor",
               R"(The sum of the elements along axes; 0 without any.

Integers wrap around; float32 is added in double precision. The same bits for any number of threads.

Args:
  x: A tensor of any shape, of any dtype.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  dtype: What x is converted to first, and the result's; by default int64 or uint64 for
    integers and bools, else that of x.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::ReductionOptions options{
      .axis = AxesOf(args, 1), .keepdims = args.boolean(3), .dtype = args.dtype(2)};
  return args.Run([&] { return ops::sum(x, options); });
}

EMBER_FUNCTION(prod,
               "(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None, dtype: DTypeLike | "
               "None = None, keepdims: bool = False) -> Tensor",
               R"(The product of the elements along axes; 1 without any.

Args:
  x: A tensor of any shape, of any dtype.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  dtype: What x is converted to first, and the result's; by default int64 or uint64 for
    integers and bools, else that of x.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::ReductionOptions options{
      .axis = AxesOf(args, 1), .keepdims = args.boolean(3), .dtype = args.dtype(2)};
  return args.Run([&] { return ops::prod(x, options); });
}

EMBER_FUNCTION(mean,
               "(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = "
               "False) -> Tensor",
               R"(The arithmetic mean along axes; NaN without any element.

Args:
  x: A tensor of any shape, of any dtype (integers and bools are read as float64).
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::ReductionOptions options{.axis = AxesOf(args, 1), .keepdims = args.boolean(2)};
  return args.Run([&] { return ops::mean(x, options); });
}

EMBER_FUNCTION(var,
               "(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None, correction: float = "
               "0.0, keepdims: bool = False) -> Tensor",
               R"(The mean of the squared deviations from the mean, along axes.

Computed in two passes that do not cancel. Integers and bools are read as float64.

Args:
  x: A tensor of any shape and dtype.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  correction: Subtracted from the number of elements in the divisor; 1 for the unbiased estimate.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes, real; NaN where the divisor or the number of
  elements is 0.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::VarianceOptions options{
      .axis = AxesOf(args, 1), .correction = args.number(2), .keepdims = args.boolean(3)};
  return args.Run([&] { return ops::var(x, options); });
}

EMBER_FUNCTION(std,
               "(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None, correction: float = "
               "0.0, keepdims: bool = False) -> Tensor",
               R"(The standard deviation: the square root of var.

Computed in two passes that do not cancel. Integers and bools are read as float64.

Args:
  x: A tensor of any shape and dtype.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  correction: Subtracted from the number of elements in the divisor; 1 for the unbiased estimate.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes, real; NaN where the divisor or the number of
  elements is 0.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::VarianceOptions options{
      .axis = AxesOf(args, 1), .correction = args.number(2), .keepdims = args.boolean(3)};
  return args.Run([&] { return ops::std_(x, options); });
}

EMBER_FUNCTION(min,
               "(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = "
               "False) -> Tensor",
               R"(The smallest element along axes; NaN if there is one.

Args:
  x: A tensor of any shape, of a real dtype or bool.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes.

Raises:
  ValueError: An axis that x does not have, or one that is named twice; no element along the axes.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::ReductionOptions options{.axis = AxesOf(args, 1), .keepdims = args.boolean(2)};
  return args.Run([&] { return ops::min(x, options); });
}

EMBER_FUNCTION(max,
               "(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = "
               "False) -> Tensor",
               R"(The largest element along axes; NaN if there is one.

Args:
  x: A tensor of any shape, of a real dtype or bool.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes.

Raises:
  ValueError: An axis that x does not have, or one that is named twice; no element along the axes.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::ReductionOptions options{.axis = AxesOf(args, 1), .keepdims = args.boolean(2)};
  return args.Run([&] { return ops::max(x, options); });
}

EMBER_FUNCTION(any,
               "(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = "
               "False) -> Tensor",
               R"(Whether any element along axes is not zero (NaN is not); False without any.

Args:
  x: A tensor of any shape, of any dtype.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes, of bools.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::ReductionOptions options{.axis = AxesOf(args, 1), .keepdims = args.boolean(2)};
  return args.Run([&] { return ops::any(x, options); });
}

EMBER_FUNCTION(all,
               "(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = "
               "False) -> Tensor",
               R"(Whether no element along axes is zero (NaN is not); True without any.

Args:
  x: A tensor of any shape, of any dtype.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes, of bools.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::ReductionOptions options{.axis = AxesOf(args, 1), .keepdims = args.boolean(2)};
  return args.Run([&] { return ops::all(x, options); });
}

EMBER_FUNCTION(count_nonzero,
               "(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = "
               "False) -> Tensor",
               R"(How many elements along axes are not zero (NaN is not).

Args:
  x: A tensor of any shape, of any dtype.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes, int64.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::ReductionOptions options{.axis = AxesOf(args, 1), .keepdims = args.boolean(2)};
  return args.Run([&] { return ops::count_nonzero(x, options); });
}

EMBER_FUNCTION(cumulative_sum,
               "(x: Tensor, /, *, axis: int | None = None, dtype: DTypeLike | None = None, "
               "include_initial: bool = False) -> Tensor",
               R"(The sums of the elements up to each one, along an axis.

Made one after the other, from the first to the last, for any number of threads; float32 in double
precision.

Args:
  x: A tensor of rank 1 or more, of any dtype.
  axis: The axis to work along; may be left out for rank 1.
  dtype: What x is converted to first, and the result's; by default int64 or uint64 for
    integers and bools, else that of x.
  include_initial: Whether the result begins with 0, and so is longer by one.

Returns:
  A tensor of the shape of x, or longer by one along the axis.

Raises:
  ValueError: An axis that x does not have, or none for a tensor that is not of rank 1.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::CumulativeOptions options{
      .axis = args.optional_axis(1), .dtype = args.dtype(2), .include_initial = args.boolean(3)};
  return args.Run([&] { return ops::cumulative_sum(x, options); });
}

EMBER_FUNCTION(cumulative_prod,
               "(x: Tensor, /, *, axis: int | None = None, dtype: DTypeLike | None = None, "
               "include_initial: bool = False) -> Tensor",
               R"(The products of the elements up to each one, along an axis.

Made one after the other, from the first to the last, for any number of threads; float32 in double
precision.

Args:
  x: A tensor of rank 1 or more, of any dtype.
  axis: The axis to work along; may be left out for rank 1.
  dtype: What x is converted to first, and the result's; by default int64 or uint64 for
    integers and bools, else that of x.
  include_initial: Whether the result begins with 1, and so is longer by one.

Returns:
  A tensor of the shape of x, or longer by one along the axis.

Raises:
  ValueError: An axis that x does not have, or none for a tensor that is not of rank 1.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::CumulativeOptions options{
      .axis = args.optional_axis(1), .dtype = args.dtype(2), .include_initial = args.boolean(3)};
  return args.Run([&] { return ops::cumulative_prod(x, options); });
}

/// NumPy's habit: cumulative_sum and cumulative_prod of all elements where no axis is named.
#define EMBER_CUMULATIVE(name, full, words)                                                        \
  EMBER_FUNCTION(                                                                                  \
      name, "(x: Tensor, /, axis: int | None = None, dtype: DTypeLike | None = None) -> Tensor",   \
      "The " words " of the elements up to each one, as " #full                                    \
      "; without an axis of all.\n\nArgs:\n  x: A tensor of any dtype.\n  axis: The axis to work " \
      "along; None for all elements, counted in C order.\n  dtype: What x is converted to first, " \
      "and the result's; by default int64 or uint64 for\n    integers and bools, else that of "    \
      "x.\n\nReturns:\n  A tensor of the shape of x; of rank 1 without an axis.\n\nRaises:\n  "    \
      "ValueError: An axis that x does not have.\n") {                                             \
    const ops::Tensor& x = args.tensor(0);                                                         \
    const std::optional<int> axis = args.optional_axis(1);                                         \
    const ops::CumulativeOptions options{.axis = axis.value_or(0), .dtype = args.dtype(2)};        \
    return args.Run([&] { return ops::full(axis ? x : ops::reshape(x, {-1}), options); });         \
  }
EMBER_CUMULATIVE(cumsum, cumulative_sum, "sums")
EMBER_CUMULATIVE(cumprod, cumulative_prod, "products")
#undef EMBER_CUMULATIVE

EMBER_FUNCTION(diff,
               "(x: Tensor, /, *, n: int = 1, axis: int = -1, prepend: Tensor | None = None, "
               "append: Tensor | None = None) -> Tensor",
               R"(The differences of neighbours along an axis, x[i + 1] - x[i], taken n times.

Args:
  x: A tensor of rank 1 or more, of any dtype; of bools: whether neighbours differ.
  n: How many times differences are taken; by position too, as in NumPy.
  axis: The axis to work along; after n by position too.
  prepend: Put before x along the axis first; of rank 0 it stands for the whole edge.
  append: Put behind x along the axis first.

Returns:
  A tensor of the shape of x, shorter by n along the axis (but not below 0).

Raises:
  ValueError: An axis that x does not have, a negative n, parts of shapes that do not fit.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::DiffOptions options{.axis = args.axis(2),
                                 .n = args.integer(1),
                                 .prepend = args.optional_tensor(3),
                                 .append = args.optional_tensor(4)};
  return args.Run([&] { return ops::diff(x, options); });
}

}  // namespace emberharmony::python
