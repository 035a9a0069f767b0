// Closeness, lengths and angles of vectors, measures of waves.
#include "emberharmony/ops/vectors.h"

#include "bindings/function.h"

namespace emberharmony::python {

#define EMBER_CLOSE_ARGS                                                                     \
  "(x1: Tensor | Number, x2: Tensor | Number, /, rtol: float = 1e-05, atol: float = 1e-08, " \
  "equal_nan: bool = False)"
#define EMBER_CLOSE_ARGS_DOC                                          \
  "\n"                                                                \
  "Args:\n"                                                           \
  "  x1: A tensor or a number.\n"                                     \
  "  x2: The same, what x1 is compared with; the shapes broadcast.\n" \
  "  rtol: How far off they may be, relative to |x2|.\n"              \
  "  atol: How far off they may be besides.\n"                        \
  "  equal_nan: Whether NaN is close to NaN.\n"                       \
  "\n"                                                                \
  "Returns:\n"

EMBER_FUNCTION(isclose, EMBER_CLOSE_ARGS " -> Tensor",
               "Whether |x1 - x2| <= atol + rtol |x2|, element by element.\n" EMBER_CLOSE_ARGS_DOC
               "  A tensor of dtype bool. An infinity is close to itself only.\n"
               "\n"
               "Raises:\n"
               "  ValueError: The shapes do not broadcast.\n") {
  const ops::Operand x1 = args.operand(0), x2 = args.operand(1);
  const double rtol = args.number(2), atol = args.number(3);
  const bool equal_nan = args.boolean(4);
  return args.Run([&] { return ops::isclose(x1, x2, rtol, atol, equal_nan); });
}

EMBER_FUNCTION(allclose, EMBER_CLOSE_ARGS " -> bool",
               "Whether |x1 - x2| <= atol + rtol |x2| for all elements.\n" EMBER_CLOSE_ARGS_DOC
               "  A bool.\n"
               "\n"
               "Raises:\n"
               "  ValueError: The shapes do not broadcast.\n") {
  const ops::Operand x1 = args.operand(0), x2 = args.operand(1);
  const double rtol = args.number(2), atol = args.number(3);
  const bool equal_nan = args.boolean(4);
  return args.Run([&] { return ops::allclose(x1, x2, rtol, atol, equal_nan); });
}

EMBER_FUNCTION(normalize_vector, "(vector: Tensor, axis: int | None = None) -> Tensor",
               R"(A vector divided by its Euclidean length; one of zeros stays as it is.

Args:
  vector: A real tensor; bool and integers are computed in float64.
  axis: The axis along which vectors lie; None for one vector of all elements.

Returns:
  A tensor of the same shape.

Raises:
  ValueError: An axis that the tensor does not have.
  TypeError: A complex dtype.
)") {
  const ops::Tensor& vector = args.tensor(0);
  const std::optional<int> axis = args.optional_axis(1);
  return args.Run([&] { return ops::normalize_vector(vector, axis); });
}

EMBER_FUNCTION(euclidean_distance, "(x: Tensor, y: Tensor, axis: int | None = None) -> Tensor",
               R"(The Euclidean length of x - y.

Args:
  x: A real tensor; bool and integers are computed in float64.
  y: The same; the shapes broadcast.
  axis: The axis along which vectors lie; None for one vector of all elements.

Returns:
  A tensor without that axis; of rank 0 for None.

Raises:
  ValueError: Shapes that do not broadcast, or an axis that is not there.
  TypeError: A complex dtype.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Tensor& y = args.tensor(1);
  const std::optional<int> axis = args.optional_axis(2);
  return args.Run([&] { return ops::euclidean_distance(x, y, axis); });
}

EMBER_FUNCTION(cosine_similarity, "(x: Tensor, y: Tensor, axis: int | None = None) -> Tensor",
               R"(The cosine of the angle between x and y; 0 where one of them is zero.

Args:
  x: A real tensor; bool and integers are computed in float64.
  y: The same; the shapes broadcast.
  axis: The axis along which vectors lie; None for one vector of all elements.

Returns:
  A tensor without that axis; of rank 0 for None.

Raises:
  ValueError: Shapes that do not broadcast, or an axis that is not there.
  TypeError: A complex dtype.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::Tensor& y = args.tensor(1);
  const std::optional<int> axis = args.optional_axis(2);
  return args.Run([&] { return ops::cosine_similarity(x, y, axis); });
}

EMBER_FUNCTION(exponential_decay,
               "(initial_value: Tensor | Number, decay_rate: Tensor | Number, "
               "time_step: Tensor | Number) -> Tensor",
               R"(initial_value exp(-decay_rate time_step), element by element.

Args:
  initial_value: A tensor or a number.
  decay_rate: The same.
  time_step: The same; all shapes broadcast.

Returns:
  A tensor of a floating-point dtype.

Raises:
  ValueError: The shapes do not broadcast.
)") {
  const ops::Operand initial = args.operand(0), rate = args.operand(1), time = args.operand(2);
  return args.Run([&] { return ops::exponential_decay(initial, rate, time); });
}

EMBER_FUNCTION(compute_energy_stability, "(wave: Tensor, window_size: int = 100) -> float",
               R"(How constant the energy of a wave is.

1 / (1 + v / m) with the mean m and the variance v of the energies (sums of squares) of consecutive
windows; the incomplete one at the end is left out.

Args:
  wave: A real tensor of rank 1.
  window_size: Samples in a window, at least 1.

Returns:
  A float above 0 and up to 1; 1 for fewer than two windows or no energy.

Raises:
  ValueError: Another rank, or a window_size below 1.
)") {
  const ops::Tensor& wave = args.tensor(0);
  const int64_t window_size = args.integer(1);
  return args.Run([&] { return ops::compute_energy_stability(wave, window_size); });
}

EMBER_FUNCTION(compute_interference_strength, "(wave1: Tensor, wave2: Tensor) -> float",
               R"(How much two waves strengthen each other.

r (1 - d / pi): r is their correlation coefficient, d the mean of the absolute phase differences, in
[0, pi], over the frequencies of their Fourier transforms at which both have more than 2**-30 of
their largest amplitude.

Args:
  wave1: A real tensor of rank 1.
  wave2: The same; the longer one is cut.

Returns:
  A float from -1 to 1; 0 if a wave is constant, NaN without samples.

Raises:
  ValueError: Another rank.
)") {
  const ops::Tensor& wave1 = args.tensor(0);
  const ops::Tensor& wave2 = args.tensor(1);
  return args.Run([&] { return ops::compute_interference_strength(wave1, wave2); });
}

EMBER_FUNCTION(compute_phase_coherence,
               "(wave1: Tensor, wave2: Tensor, freq_range: tuple[float, float] | None = None) "
               "-> float",
               R"(How alike the phases of two waves are shifted.

|mean(exp(i d))| over the phase differences d at the frequencies, from 0 to half a cycle per sample,
at which both have more than 2**-30 of their largest amplitude.

Args:
  wave1: A real tensor of rank 1.
  wave2: The same; the longer one is cut.
  freq_range: The lowest and the highest frequency that count, in cycles per sample.

Returns:
  A float from 0 to 1: 1 if all are shifted alike; 0 if there is no such frequency.

Raises:
  ValueError: Another rank.
)") {
  const ops::Tensor& wave1 = args.tensor(0);
  const ops::Tensor& wave2 = args.tensor(1);
  std::optional<std::pair<double, double>> range;
  if (!args.is_none(2)) {
    const Reference pair = ItemsOf(args.object(2), "freq_range is no pair of numbers");
    if (PyTuple_GET_SIZE(pair.get()) != 2) args.RaiseType(2, "a pair of numbers");
    const double low = PyFloat_AsDouble(PyTuple_GET_ITEM(pair.get(), 0));
    if (low == -1 && PyErr_Occurred()) throw PythonError{};
    const double high = PyFloat_AsDouble(PyTuple_GET_ITEM(pair.get(), 1));
    if (high == -1 && PyErr_Occurred()) throw PythonError{};
    range = {low, high};
  }
  return args.Run([&] { return ops::compute_phase_coherence(wave1, wave2, range); });
}

EMBER_FUNCTION(partial_interference,
               "(wave1: Tensor, wave2: Tensor, window_size: int = 100) -> Tensor",
               R"(The interference strength of each window of consecutive samples.

Args:
  wave1: A real tensor of rank 1.
  wave2: The same; the longer one is cut.
  window_size: Samples in a window, from 1 to the waves' length.

Returns:
  A float64 tensor with one element for each place a window fits.

Raises:
  ValueError: Another rank, or a window that does not fit.
)") {
  const ops::Tensor& wave1 = args.tensor(0);
  const ops::Tensor& wave2 = args.tensor(1);
  const int64_t window_size = args.integer(2);
  return args.Run([&] { return ops::partial_interference(wave1, wave2, window_size); });
}

}  // namespace emberharmony::python
