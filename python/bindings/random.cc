// ops.random, and its functions by their flat names.
#include "emberharmony/ops/random.h"

#include "bindings/function.h"
#include "emberharmony/ops/elementwise.h"

namespace emberharmony::python {
namespace {

uint64_t SeedOf(const Arguments& args, int i) {
  Reference index(PyNumber_Index(args.object(i)));
  const unsigned long long seed = PyLong_AsUnsignedLongLong(index.get());
  if (seed == static_cast<unsigned long long>(-1) && PyErr_Occurred()) {
    PyErr_Clear();
    Raise(PyExc_ValueError, std::string(args.function()) +
                                ": expected a seed from 0 to 2**64 - 1, found another integer");
  }
  return seed;
}

/// The options dtype, device, seed and stream, of which the first stands at `first`.
ops::random::Options OptionsOf(Arguments& args, int first) {
  args.check_device(first + 1);
  ops::random::Options options{.dtype = args.dtype(first)};
  if (!args.is_none(first + 2)) options.seed = SeedOf(args, first + 2);
  const int64_t stream = args.integer(first + 3);
  if (stream < 0) {
    Raise(PyExc_ValueError, std::string(args.function()) +
                                ": expected a stream from 0 to 2**48 - 1, found " +
                                std::to_string(stream));
  }
  options.stream = static_cast<uint64_t>(stream);
  return options;
}

/// A whole number, or nothing where it is something else, such as a tensor.
std::optional<int64_t> WholeNumber(Arguments& args, int i) {
  if (!PyLong_CheckExact(args.object(i))) return std::nullopt;
  return args.integer(i);
}

}  // namespace

#define EMBER_OPTIONS                                                    \
  "dtype: DTypeLike | None = None, device: Device | str | None = None, " \
  "seed: int | None = None, stream: int = 0) -> Tensor"
#define EMBER_FLAT_OPTIONS                                                  \
  "dtype: DTypeLike | None = None, device: Device | str | None = None, *, " \
  "seed: int | None = None, stream: int = 0) -> Tensor"
#define EMBER_OPTIONS_DOC                                                                  \
  "  device: Where the result lies; None: the CPU.\n"                                      \
  "  seed: Draws from this seed, 0 to 2**64 - 1, instead of the process's next numbers.\n" \
  "  stream: Which of the seed's 2**48 sequences.\n"

/// One distribution under its name in ops.random and under its flat name: NUM parameters beside the
/// shape.
#define EMBER_DISTRIBUTION(name, flat, parameters, flat_parameters, call, num, doc)          \
  EMBER_FUNCTION_IN(random, name, "(shape: Shape, " parameters ", *, " EMBER_OPTIONS, doc) { \
    const ops::Shape shape = args.shape(0);                                                  \
    const ops::Operand first = args.operand(1);                                              \
    [[maybe_unused]] const ops::Operand second = num > 1 ? args.operand(2) : first;          \
    const ops::random::Options options = OptionsOf(args, num + 1);                           \
    return args.Run([&] { return ops::random::call; });                                      \
  }                                                                                          \
  EMBER_FUNCTION(flat, "(shape: Shape, " flat_parameters ", " EMBER_FLAT_OPTIONS, doc) {     \
    const ops::Shape shape = args.shape(0);                                                  \
    const ops::Operand first = args.operand(1);                                              \
    [[maybe_unused]] const ops::Operand second = num > 1 ? args.operand(2) : first;          \
    const ops::random::Options options = OptionsOf(args, num + 1);                           \
    return args.Run([&] { return ops::random::call; });                                      \
  }

EMBER_DISTRIBUTION(uniform, random_uniform,
                   "low: Tensor | Number = 0.0, high: Tensor | Number = 1.0",
                   "minval: Tensor | Number = 0.0, maxval: Tensor | Number = 1.0",
                   uniform(shape, first, second, options), 2,
                   R"(Uniform random numbers from a lower bound up to, but not, an upper one.

Args:
  shape: The result's shape; the bounds broadcast to it.
  low: The lower bound (of random_uniform: minval), finite.
  high: The upper bound (of random_uniform: maxval), finite, not below the lower one.
  dtype: float64 (default) or float32.
)" EMBER_OPTIONS_DOC R"(
Returns:
  A tensor of multiples of 2**-53 (float32: 2**-24) of the range, rounded.

Raises:
  ValueError: Bounds out of order, not finite or too far apart, or not of a shape that broadcasts.
  TypeError: Another dtype.
)")

EMBER_DISTRIBUTION(normal, random_normal, "mean: Tensor | Number = 0.0, std: Tensor | Number = 1.0",
                   "mean: Tensor | Number = 0.0, stddev: Tensor | Number = 1.0",
                   normal(shape, first, second, options), 2, R"(Normally distributed random numbers.

Args:
  shape: The result's shape; the parameters broadcast to it.
  mean: Their mean, finite.
  std: Their standard deviation (of random_normal: stddev), finite, at least 0.
  dtype: float64 (default) or float32.
)" EMBER_OPTIONS_DOC R"(
Returns:
  A tensor of numbers made by the method of Box and Muller, within 8.6 (float32: 6.6) standard
  deviations of the mean.

Raises:
  ValueError: A parameter out of range, or of a shape that does not broadcast.
  TypeError: Another dtype.
)")

EMBER_DISTRIBUTION(exponential, random_exponential, "scale: Tensor | Number = 1.0",
                   "scale: Tensor | Number = 1.0", exponential(shape, first, options), 1,
                   R"(Exponentially distributed random numbers.

Args:
  shape: The result's shape; the scale broadcasts to it.
  scale: Their mean, finite, at least 0.
  dtype: float64 (default) or float32.
)" EMBER_OPTIONS_DOC R"(
Returns:
  A tensor.

Raises:
  ValueError: A scale out of range, or of a shape that does not broadcast.
  TypeError: Another dtype.
)")

EMBER_DISTRIBUTION(gamma, random_gamma, "alpha: Tensor | Number = 1.0, beta: Tensor | Number = 1.0",
                   "alpha: Tensor | Number = 1.0, beta: Tensor | Number = 1.0",
                   gamma(shape, first, second, options), 2, R"(Gamma distributed random numbers.

Args:
  shape: The result's shape; the parameters broadcast to it.
  alpha: The distribution's shape parameter, finite, above 0.
  beta: Its scale (not its rate): the mean is alpha * beta. Finite, at least 0.
  dtype: float64 (default) or float32.
)" EMBER_OPTIONS_DOC R"(
Returns:
  A tensor of numbers made by the method of Marsaglia and Tsang.

Raises:
  ValueError: A parameter out of range, or of a shape that does not broadcast.
  TypeError: Another dtype.
)")

EMBER_DISTRIBUTION(bernoulli, random_bernoulli, "p: Tensor | Number = 0.5",
                   "p: Tensor | Number = 0.5", bernoulli(shape, first, options), 1,
                   R"(True with a probability, else False.

Args:
  shape: The result's shape; p broadcasts to it.
  p: The probability, from 0 to 1.
  dtype: bool (default), or an integer or real floating-point dtype: then 1 and 0.
)" EMBER_OPTIONS_DOC R"(
Returns:
  A tensor.

Raises:
  ValueError: A probability out of range, or of a shape that does not broadcast.
  TypeError: A complex dtype.
)")

EMBER_DISTRIBUTION(poisson, random_poisson, "lam: Tensor | Number = 1.0",
                   "lam: Tensor | Number = 1.0", poisson(shape, first, options), 1,
                   R"(Poisson distributed random numbers.

Args:
  shape: The result's shape; lam broadcasts to it.
  lam: Their mean, from 0 to 2**62.
  dtype: int64 (default), or another integer or real floating-point dtype.
)" EMBER_OPTIONS_DOC R"(
Returns:
  A tensor of whole numbers.

Raises:
  ValueError: A mean out of range, or of a shape that does not broadcast.
  OverflowError: A number was drawn that an integer dtype does not hold.
  TypeError: A bool or complex dtype.
)")

EMBER_FUNCTION_IN(random, binomial,
                  "(shape: Shape, n: Tensor | Number = 1, p: Tensor | Number = 0.5, "
                  "*, " EMBER_OPTIONS,
                  R"(Successes in n independent trials.

Args:
  shape: The result's shape; the parameters broadcast to it.
  n: The number of trials, whole, from 0 to 2**53.
  p: The probability of success in each, from 0 to 1.
  dtype: int64 (default), or another integer or real floating-point dtype.
)" EMBER_OPTIONS_DOC R"(
Returns:
  A tensor of whole numbers from 0 to n.

Raises:
  ValueError: A parameter out of range, of a shape that does not broadcast, or an n that an integer
    dtype does not hold.
  TypeError: A bool or complex dtype.
)") {
  const ops::Shape shape = args.shape(0);
  const ops::Operand n = args.operand(1), p = args.operand(2);
  const ops::random::Options options = OptionsOf(args, 3);
  return args.Run([&] { return ops::random::binomial(shape, n, p, options); });
}

EMBER_FUNCTION_IN(random, beta,
                  "(shape: Shape, a: Tensor | Number, b: Tensor | Number, *, " EMBER_OPTIONS,
                  R"(Beta distributed random numbers.

Args:
  shape: The result's shape; the parameters broadcast to it.
  a: The first parameter, finite, above 0.
  b: The second parameter, finite, above 0.
  dtype: float64 (default) or float32.
)" EMBER_OPTIONS_DOC R"(
Returns:
  A tensor of numbers from 0 to 1, of mean a / (a + b).

Raises:
  ValueError: A parameter out of range, or of a shape that does not broadcast.
  TypeError: Another dtype.
)") {
  const ops::Shape shape = args.shape(0);
  const ops::Operand a = args.operand(1), b = args.operand(2);
  const ops::random::Options options = OptionsOf(args, 3);
  return args.Run([&] { return ops::random::beta(shape, a, b, options); });
}

EMBER_FUNCTION_IN(random, laplace,
                  "(shape: Shape, loc: Tensor | Number = 0.0, scale: Tensor | Number = 1.0, "
                  "*, " EMBER_OPTIONS,
                  R"(Laplace (double exponential) distributed random numbers.

Args:
  shape: The result's shape; the parameters broadcast to it.
  loc: Their mean, finite.
  scale: Their mean distance from it, finite, at least 0.
  dtype: float64 (default) or float32.
)" EMBER_OPTIONS_DOC R"(
Returns:
  A tensor.

Raises:
  ValueError: A parameter out of range, or of a shape that does not broadcast.
  TypeError: Another dtype.
)") {
  const ops::Shape shape = args.shape(0);
  const ops::Operand loc = args.operand(1), scale = args.operand(2);
  const ops::random::Options options = OptionsOf(args, 3);
  return args.Run([&] { return ops::random::laplace(shape, loc, scale, options); });
}

EMBER_FUNCTION_IN(random, integers,
                  "(shape: Shape, low: Tensor | int, high: Tensor | int | None = None, "
                  "*, "
                  "dtype: DTypeLike | None = None, device: Device | str | None = None, "
                  "seed: int | None = None, stream: int = 0, endpoint: bool = False) -> Tensor",
                  R"(Random integers from low up to, but not, high; each equally likely.

Args:
  shape: The result's shape; the bounds broadcast to it.
  low: The smallest one; without high the upper bound, and the smallest is 0.
  high: The upper bound.
  dtype: int64 (default) or another integer dtype, which must hold all of them.
)" EMBER_OPTIONS_DOC R"(  endpoint: Whether high is among them.

Returns:
  A tensor.

Raises:
  ValueError: Bounds out of order, that the dtype cannot hold, or of a shape that does not
    broadcast.
  TypeError: A bound or a dtype that is not an integer's.
)") {
  const ops::Shape shape = args.shape(0);
  const ops::Operand from = args.operand(1), to = args.operand(2);
  const ops::random::Options options = OptionsOf(args, 3);
  const bool endpoint = args.boolean(7);
  return args.Run([&] {
    if (to.is_none()) return ops::random::integers(shape, 0, from, options, endpoint);
    return ops::random::integers(shape, from, to, options, endpoint);
  });
}

EMBER_FUNCTION_IN(random, bits, "(shape: Shape, *, " EMBER_OPTIONS,
                  R"(Random bits: integers of which every bit is as likely 0 as 1.

Args:
  shape: The result's shape.
  dtype: uint64 (default) or uint32.
)" EMBER_OPTIONS_DOC R"(
Returns:
  A tensor.

Raises:
  TypeError: Another dtype.
)") {
  const ops::Shape shape = args.shape(0);
  const ops::random::Options options = OptionsOf(args, 1);
  return args.Run([&] { return ops::random::bits(shape, options); });
}

#define EMBER_CATEGORICAL_DOC                                                                      \
  "Random classes, whose probabilities are the softmax of logits along the last axis.\n"           \
  "\n"                                                                                             \
  "Args:\n"                                                                                        \
  "  logits: A real tensor of rank 1 or more (of random_categorical: data); -inf is probability "  \
  "0.\n"                                                                                           \
  "  num_samples: How many classes to draw for each row of logits.\n"                              \
  "  dtype: int64 (default), or another integer or real floating-point dtype.\n" EMBER_OPTIONS_DOC \
  "\n"                                                                                             \
  "Returns:\n"                                                                                     \
  "  A tensor of the shape of logits, whose last axis has num_samples elements: numbers of "       \
  "classes.\n"                                                                                     \
  "\n"                                                                                             \
  "Raises:\n"                                                                                      \
  "  ValueError: NaN or inf among the logits, a row without a possible class, or rank 0.\n"        \
  "  TypeError: Complex logits or a bool or complex dtype.\n"

EMBER_FUNCTION_IN(random, categorical, "(logits: Tensor, num_samples: int, *, " EMBER_OPTIONS,
                  EMBER_CATEGORICAL_DOC) {
  const ops::Tensor& logits = args.tensor(0);
  const int64_t num_samples = args.integer(1);
  const ops::random::Options options = OptionsOf(args, 2);
  return args.Run([&] { return ops::random::categorical(logits, num_samples, options); });
}

EMBER_FUNCTION(random_categorical, "(data: Tensor, num_samples: int, " EMBER_FLAT_OPTIONS,
               EMBER_CATEGORICAL_DOC) {
  const ops::Tensor& logits = args.tensor(0);
  const int64_t num_samples = args.integer(1);
  const ops::random::Options options = OptionsOf(args, 2);
  return args.Run([&] { return ops::random::categorical(logits, num_samples, options); });
}

#define EMBER_PERMUTATION_DOC                                                                     \
  "A tensor with its elements along an axis in random order.\n"                                   \
  "\n"                                                                                            \
  "Args:\n"                                                                                       \
  "  x: A tensor of rank 1 or more, or n for the integers from 0 to n - 1.\n"                     \
  "  axis: The axis along which elements change places (not of random_permutation: the first).\n" \
  "  dtype: Of integers, the result's (default: int64); of a tensor, what the result is "         \
  "converted to.\n" EMBER_OPTIONS_DOC                                                             \
  "\n"                                                                                            \
  "Returns:\n"                                                                                    \
  "  A new tensor; every order is equally likely.\n"                                              \
  "\n"                                                                                            \
  "Raises:\n"                                                                                     \
  "  ValueError: Rank 0, an axis that x does not have, or a negative n.\n"

static PyObject* Permute(Arguments& args, int axis, int options_at) {
  ops::random::Options options = OptionsOf(args, options_at);
  if (const std::optional<int64_t> n = WholeNumber(args, 0)) {
    args.AddWork(*n);
    return args.Run([&] { return ops::random::permutation(*n, options); });
  }
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] {
    const ops::Tensor result = ops::random::permutation(x, axis, options);
    return options.dtype ? ops::astype(result, *options.dtype, /*copy=*/false) : result;
  });
}

EMBER_FUNCTION_IN(random, permutation, "(x: Tensor | int, /, *, axis: int = 0, " EMBER_OPTIONS,
                  EMBER_PERMUTATION_DOC) {
  return Permute(args, args.axis(1), 2);
}

EMBER_FUNCTION(random_permutation, "(data: Tensor | int, " EMBER_FLAT_OPTIONS,
               EMBER_PERMUTATION_DOC) {
  return Permute(args, 0, 1);
}

EMBER_FUNCTION_IN(random, shuffle,
                  "(x: Tensor, /, *, axis: int = 0, seed: int | None = None, stream: int = 0) "
                  "-> Tensor",
                  R"(A copy of a tensor with its elements along an axis in random order.

Args:
  x: A tensor of rank 1 or more; it stays as it is.
  axis: The axis along which elements change places.
  seed: Draws from this seed, 0 to 2**64 - 1, instead of the process's next numbers.
  stream: Which of the seed's 2**48 sequences.

Returns:
  A new tensor; every order is equally likely.

Raises:
  ValueError: Rank 0, or an axis that x does not have.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int axis = args.axis(1);
  ops::random::Options options;
  if (!args.is_none(2)) options.seed = SeedOf(args, 2);
  options.stream = static_cast<uint64_t>(args.integer(3));
  return args.Run([&] { return ops::random::shuffle(x, axis, options); });
}
EMBER_ALIAS(shuffle, "random.shuffle")

EMBER_FUNCTION_IN(random, choice,
                  "(x: Tensor | int, shape: Shape = (), replace: bool = True, "
                  "p: Tensor | None = None, *, " EMBER_OPTIONS,
                  R"(Elements drawn at random.

Args:
  x: A tensor of rank 1 or more, of which elements along the first axis are drawn, or n for the
    integers from 0 to n - 1.
  shape: How many are drawn, as the leading axes of the result.
  replace: Whether an element may come twice.
  p: The probability of each element, real numbers adding up to 1; without replacement, of what is
    left. By default all are equally likely.
  dtype: Of integers, the result's (default: int64); of a tensor, what the result is converted to.
)" EMBER_OPTIONS_DOC R"(
Returns:
  A new tensor of `shape`, then x's other axes.

Raises:
  ValueError: No elements, too few to draw without replacement, or p of another length or that
    does not add up to 1.
)") {
  const ops::Shape shape = args.shape(1);
  const bool replace = args.boolean(2);
  const ops::Tensor* p = args.optional_tensor(3);
  const ops::Tensor chances = p != nullptr ? *p : ops::Tensor();
  const ops::random::Options options = OptionsOf(args, 4);
  if (const std::optional<int64_t> n = WholeNumber(args, 0)) {
    return args.Run([&] { return ops::random::choice(*n, shape, replace, chances, options); });
  }
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] {
    const ops::Tensor result = ops::random::choice(x, shape, replace, chances, options);
    return options.dtype ? ops::astype(result, *options.dtype, /*copy=*/false) : result;
  });
}

EMBER_FUNCTION_IN(random, set_seed, "(seed: int) -> None",
                  R"(Makes the numbers drawn from now on those of a seed.

After set_seed(s), the k-th call that draws gives the same numbers in every run, for any number of
threads, on every backend.

Args:
  seed: An integer from 0 to 2**64 - 1.

Raises:
  ValueError: Another integer.
)") {
  const uint64_t seed = SeedOf(args, 0);
  return args.Run([&] { ops::random::set_seed(seed); });
}
EMBER_ALIAS(set_seed, "random.set_seed")

EMBER_FUNCTION_IN(random, get_seed, "() -> int",
                  R"(The seed that numbers are drawn from.

Returns:
  What set_seed was given, else what the operating system chose when it was first needed.
)") {
  return args.Run([&] { return ops::random::get_seed(); });
}
EMBER_ALIAS(get_seed, "random.get_seed")

}  // namespace emberharmony::python
