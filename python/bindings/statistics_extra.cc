#include "bindings/arguments.h"
#include "bindings/axes.h"
#include "bindings/function.h"
#include "bindings/results.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

ops::QuantileOptions QuantileOptionsOf(Arguments& args) {
  return {.axis = AxesOf(args, 2),
          .method = ops::ParseQuantileMethod(args.text(3)),
          .keepdims = args.boolean(4)};
}

}  // namespace

EMBER_FUNCTION(median,
               "(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = "
               "False) -> Tensor",
               R"(The middle element along axes, or the mean of the two in the middle.

Args:
  x: A tensor of a real dtype or bool; integers are read as float64.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes; NaN without any element or with a NaN.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::optional<ops::Axes> axis = AxesOf(args, 1);
  const bool keepdims = args.boolean(2);
  return args.Run([&] { return ops::median(x, axis, keepdims); });
}

EMBER_FUNCTION(quantile,
               "(x: Tensor, q: Tensor | Number, /, axis: int | tuple[int, ...] | None = None, *, "
               "method: str = 'linear', keepdims: bool = False) -> Tensor",
               R"(The quantiles q of the elements along axes.

Args:
  x: A tensor of a real dtype or bool; integers are read as float64.
  q: Numbers in [0, 1], a tensor of any shape.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  method: What a quantile between two elements is, by NumPy's names: inverted_cdf,
    averaged_inverted_cdf, closest_observation, interpolated_inverted_cdf, hazen, weibull, linear,
    median_unbiased, normal_unbiased, lower, higher, midpoint or nearest.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of q, then what remains of that of x; NaN without any element
  or with a NaN.

Raises:
  ValueError: Another q or method; an axis that x does not have, or one that is named twice.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Tensor& q = args.tensor(1);
  const ops::QuantileOptions options = QuantileOptionsOf(args);
  return args.Run([&] { return ops::quantile(x, q, options); });
}

EMBER_FUNCTION(percentile,
               "(x: Tensor, q: Tensor | Number, /, axis: int | tuple[int, ...] | None = None, *, "
               "method: str = 'linear', keepdims: bool = False) -> Tensor",
               R"(The percentiles q of the elements along axes.

Args:
  x: A tensor of a real dtype or bool; integers are read as float64.
  q: Numbers in [0, 100], a tensor of any shape.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  method: What a percentile between two elements is, by NumPy's names: inverted_cdf,
    averaged_inverted_cdf, closest_observation, interpolated_inverted_cdf, hazen, weibull, linear,
    median_unbiased, normal_unbiased, lower, higher, midpoint or nearest.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of q, then what remains of that of x; NaN without any element
  or with a NaN.

Raises:
  ValueError: Another q or method; an axis that x does not have, or one that is named twice.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Tensor& q = args.tensor(1);
  const ops::QuantileOptions options = QuantileOptionsOf(args);
  return args.Run([&] { return ops::percentile(x, q, options); });
}

EMBER_FUNCTION(
    nanmedian,
    "(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> "
    "Tensor",
    R"(The middle element along axes, or the mean of the two in the middle.

Elements that are NaN do not count.

Args:
  x: A tensor of a real dtype or bool; integers are read as float64.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes; NaN without any element.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::optional<ops::Axes> axis = AxesOf(args, 1);
  const bool keepdims = args.boolean(2);
  return args.Run([&] { return ops::nanmedian(x, axis, keepdims); });
}

EMBER_FUNCTION(nanquantile,
               "(x: Tensor, q: Tensor | Number, /, axis: int | tuple[int, ...] | None = None, *, "
               "method: str = 'linear', keepdims: bool = False) -> Tensor",
               R"(The quantiles q of the elements along axes.

Elements that are NaN do not count.

Args:
  x: A tensor of a real dtype or bool; integers are read as float64.
  q: Numbers in [0, 1], a tensor of any shape.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  method: What a quantile between two elements is, by NumPy's names: inverted_cdf,
    averaged_inverted_cdf, closest_observation, interpolated_inverted_cdf, hazen, weibull, linear,
    median_unbiased, normal_unbiased, lower, higher, midpoint or nearest.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of q, then what remains of that of x; NaN without any element.

Raises:
  ValueError: Another q or method; an axis that x does not have, or one that is named twice.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Tensor& q = args.tensor(1);
  const ops::QuantileOptions options = QuantileOptionsOf(args);
  return args.Run([&] { return ops::nanquantile(x, q, options); });
}

EMBER_FUNCTION(nanpercentile,
               "(x: Tensor, q: Tensor | Number, /, axis: int | tuple[int, ...] | None = None, *, "
               "method: str = 'linear', keepdims: bool = False) -> Tensor",
               R"(The percentiles q of the elements along axes.

Elements that are NaN do not count.

Args:
  x: A tensor of a real dtype or bool; integers are read as float64.
  q: Numbers in [0, 100], a tensor of any shape.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  method: What a percentile between two elements is, by NumPy's names: inverted_cdf,
    averaged_inverted_cdf, closest_observation, interpolated_inverted_cdf, hazen, weibull, linear,
    median_unbiased, normal_unbiased, lower, higher, midpoint or nearest.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of q, then what remains of that of x; NaN without any element.

Raises:
  ValueError: Another q or method; an axis that x does not have, or one that is named twice.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Tensor& q = args.tensor(1);
  const ops::QuantileOptions options = QuantileOptionsOf(args);
  return args.Run([&] { return ops::nanpercentile(x, q, options); });
}

EMBER_FUNCTION(nansum,
               "(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, dtype: DTypeLike | "
               "None = None, keepdims: bool = False) -> Tensor",
               R"(The sum along axes; 0 without any number.

Elements that are NaN do not count.

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
  return args.Run([&] { return ops::nansum(x, options); });
}

EMBER_FUNCTION(nanprod,
               "(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, dtype: DTypeLike | "
               "None = None, keepdims: bool = False) -> Tensor",
               R"(The product along axes; 1 without any number.

Elements that are NaN do not count.

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
  return args.Run([&] { return ops::nanprod(x, options); });
}

EMBER_FUNCTION(nanmean,
               "(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = "
               "False) -> Tensor",
               R"(The mean along axes; NaN without any number.

Elements that are NaN do not count.

Args:
  x: A tensor of any shape, of any dtype.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::ReductionOptions options{.axis = AxesOf(args, 1), .keepdims = args.boolean(2)};
  return args.Run([&] { return ops::nanmean(x, options); });
}

EMBER_FUNCTION(
    nanmin,
    "(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> "
    "Tensor",
    R"(The smallest element along axes; NaN without any number.

Elements that are NaN do not count.

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
  return args.Run([&] { return ops::nanmin(x, options); });
}

EMBER_FUNCTION(
    nanmax,
    "(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> "
    "Tensor",
    R"(The largest element along axes; NaN without any number.

Elements that are NaN do not count.

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
  return args.Run([&] { return ops::nanmax(x, options); });
}

EMBER_FUNCTION(
    nanvar,
    "(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, correction: float = 0.0, "
    "keepdims: bool = False) -> Tensor",
    R"(The mean of the squared deviations from the mean, along axes.

Elements that are NaN do not count.

Args:
  x: A tensor of any shape and dtype.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  correction: Subtracted from the number of elements in the divisor.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes, real; NaN where the divisor is not positive.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::VarianceOptions options{
      .axis = AxesOf(args, 1), .correction = args.number(2), .keepdims = args.boolean(3)};
  return args.Run([&] { return ops::nanvar(x, options); });
}

EMBER_FUNCTION(
    nanstd,
    "(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, correction: float = 0.0, "
    "keepdims: bool = False) -> Tensor",
    R"(The standard deviation along axes: the square root of nanvar.

Elements that are NaN do not count.

Args:
  x: A tensor of any shape and dtype.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  correction: Subtracted from the number of elements in the divisor.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes, real; NaN where the divisor is not positive.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::VarianceOptions options{
      .axis = AxesOf(args, 1), .correction = args.number(2), .keepdims = args.boolean(3)};
  return args.Run([&] { return ops::nanstd(x, options); });
}

static NamedTuple kHistogram("HistogramResult", {"counts", "edges"});

EMBER_FUNCTION(histogram,
               "(x: Tensor, /, bins: int | Tensor = 10, range: tuple[float, float] | None = None, "
               "density: bool = False, weights: Tensor | None = None) -> HistogramResult",
               R"(Counts the elements in bins.

A bin holds its lower edge but not its upper one; the last bin holds both.

Args:
  x: A tensor of any shape, of a real dtype or bool.
  bins: How many bins of equal width, or their edges: a tensor of rank 1 that ascends.
  range: The bins' lower and upper end, if bins is a number; by default the least and the largest
    element. Elements beyond it, and NaN, are not counted.
  density: Whether counts are divided by their sum and the widths of their bins.
  weights: What each element counts, a tensor of the shape of x.

Returns:
  A named tuple: counts (int64; float64 with weights or density) and edges, one more than bins.

Raises:
  ValueError: Less than one bin, a range that is not finite or descends, edges that descend, weights
    of another shape.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  ops::HistogramOptions options{.density = args.boolean(3), .weights = args.optional_tensor(4)};
  if (!args.is_none(2)) {
    PyObject* range = args.object(2);
    if (!PyTuple_Check(range) && !PyList_Check(range)) args.RaiseType(2, "two numbers");
    const Reference pair(PySequence_Tuple(range));
    if (PyTuple_GET_SIZE(pair.get()) != 2) args.RaiseType(2, "two numbers");
    const double low = PyFloat_AsDouble(PyTuple_GET_ITEM(pair.get(), 0));
    const double high = PyFloat_AsDouble(PyTuple_GET_ITEM(pair.get(), 1));
    if (PyErr_Occurred()) throw PythonError{};
    options.range = {low, high};
  }
  const bool is_count = PyIndex_Check(args.object(1)) && !IsTensor(args.object(1));
  const int64_t bins = is_count ? args.integer(1) : 0;
  const ops::Tensor* edges = is_count ? nullptr : &args.tensor(1);
  return args.Run([&] {
    ops::Histogram found =
        is_count ? ops::histogram(x, bins, options) : ops::histogram(x, *edges, options);
    return NamedTensors{&kHistogram, {found.counts, found.edges}};
  });
}

EMBER_FUNCTION(bincount,
               "(x: Tensor, /, weights: Tensor | None = None, minlength: int = 0) -> Tensor",
               R"(How often 0, 1, 2, ... stand in x.

Args:
  x: A tensor of rank 1, of integers that are not negative.
  weights: What each element counts, a real tensor of the shape of x.
  minlength: The least length of the result.

Returns:
  An int64 tensor of rank 1; float64 with weights.

Raises:
  ValueError: Negative elements, another rank, weights of another shape.
  TypeError: A dtype that is not of integers.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Tensor* weights = args.optional_tensor(1);
  const int64_t minlength = args.integer(2);
  return args.Run([&] { return ops::bincount(x, weights, minlength); });
}

EMBER_FUNCTION(average,
               "(x: Tensor, /, axis: int | tuple[int, ...] | None = None, weights: Tensor | None = "
               "None, *, keepdims: bool = False) -> Tensor",
               R"(The weighted mean, sum(x * weights) / sum(weights), along axes.

Args:
  x: A tensor of any shape and dtype; integers are read as float64.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  weights: A tensor of the shape of x or, with one axis, of rank 1 and its length; None for the
    mean.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes.

Raises:
  ValueError: An axis that x does not have, weights of another shape or that add up to 0.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::optional<ops::Axes> axis = AxesOf(args, 1);
  const ops::Tensor* weights = args.optional_tensor(2);
  const bool keepdims = args.boolean(3);
  return args.Run([&] { return ops::average(x, axis, weights, keepdims); });
}

EMBER_FUNCTION(ptp,
               "(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = "
               "False) -> Tensor",
               R"(The largest element less the smallest one, along axes.

Args:
  x: A tensor of any shape, of a real dtype.
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes.

Raises:
  ValueError: An axis that x does not have, or one that is named twice; no element along the axes.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::optional<ops::Axes> axis = AxesOf(args, 1);
  const bool keepdims = args.boolean(2);
  return args.Run([&] { return ops::ptp(x, axis, keepdims); });
}

EMBER_FUNCTION(logsumexp,
               "(x: Tensor, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = "
               "False) -> Tensor",
               R"(log(sum(exp(x))) along axes, without overflow; -inf without any element.

Args:
  x: A tensor of any shape, of a real dtype (integers are read as float64).
  axis: The axis or axes to reduce, negative ones counted from the back; None for all.
  keepdims: Whether the reduced axes stay, with length 1.

Returns:
  A tensor of the shape of x without the axes.

Raises:
  ValueError: An axis that x does not have, or one that is named twice.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::optional<ops::Axes> axis = AxesOf(args, 1);
  const bool keepdims = args.boolean(2);
  return args.Run([&] { return ops::logsumexp(x, axis, keepdims); });
}

EMBER_FUNCTION(cov,
               "(x: Tensor, y: Tensor | None = None, /, rowvar: bool = True, bias: bool = False, "
               "ddof: float | None = None) -> Tensor",
               R"(The covariance matrix of variables.

Args:
  x: A real tensor of rank 2, variables along its first axis, or of rank 1, one variable.
  y: More variables of the same observations, likewise.
  rowvar: False for variables along the second axis.
  bias: Whether the divisor is the number of observations; else one less.
  ddof: What is subtracted from the number of observations instead; None for what bias says.

Returns:
  A tensor (variables, variables); of one variable of rank 0. float64, or float32 of a float32 x.

Raises:
  ValueError: A tensor of another rank.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Tensor* y = args.optional_tensor(1);
  const ops::CovarianceOptions options{
      .rowvar = args.boolean(2),
      .correction = args.optional_number(4).value_or(args.boolean(3) ? 0.0 : 1.0)};
  return args.Run([&] { return y != nullptr ? ops::cov(x, *y, options) : ops::cov(x, options); });
}

EMBER_FUNCTION(corrcoef, "(x: Tensor, /, *, rowvar: bool = True) -> Tensor",
               R"(The correlation coefficients of variables, in [-1, 1].

Args:
  x: A real tensor of rank 2, variables along its first axis, or of rank 1, one variable.
  rowvar: False for variables along the second axis.

Returns:
  A tensor (variables, variables); of one variable of rank 0.

Raises:
  ValueError: A tensor of another rank.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const bool rowvar = args.boolean(1);
  return args.Run([&] { return ops::corrcoef(x, rowvar); });
}

EMBER_FUNCTION(gaussian, "(x: Tensor, /, mu: float = 0.0, sigma: float = 1.0) -> Tensor",
               R"(The density of the normal distribution.

exp(-((x - mu) / sigma)**2 / 2) / (sigma * sqrt(2 * pi)), element by element.

Args:
  x: A real tensor of any shape; integers are read as float64.
  mu: The mean.
  sigma: The standard deviation.

Returns:
  A tensor of the shape of x.

Raises:
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const double mu = args.number(1);
  const double sigma = args.number(2);
  return args.Run([&] { return ops::gaussian(x, mu, sigma); });
}

}  // namespace emberharmony::python
