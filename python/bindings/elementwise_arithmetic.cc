// Elementwise arithmetic.
#include <algorithm>

#include "bindings/elementwise_internal.h"

namespace emberharmony::python {

EMBER_ELEMENTWISE_2(add, "x1 + x2.", EMBER_NUMERIC ", or both bool",
                    EMBER_PROMOTED " Integers wrap around. Of bools it is the logical or.")
EMBER_ELEMENTWISE_2(subtract, "x1 - x2.", EMBER_NUMERIC, EMBER_PROMOTED " Integers wrap around.")
EMBER_ELEMENTWISE_2(multiply, "x1 * x2.", EMBER_NUMERIC ", or both bool",
                    EMBER_PROMOTED " Integers wrap around. Of bools it is the logical and.")
EMBER_ELEMENTWISE_2(divide, "x1 / x2.", EMBER_FLOATING,
                    "It has the promoted dtype, of integers float64.")
EMBER_ELEMENTWISE_2(floor_divide, "The floor of x1 / x2.", EMBER_REAL,
                    EMBER_PROMOTED " Integers divided by zero give 0.")
EMBER_ELEMENTWISE_2(remainder, "The remainder of x1 / x2, with the sign of x2, as Python's %.",
                    EMBER_REAL, EMBER_PROMOTED " Of integers by zero it is 0.")
EMBER_ALIAS(mod, "remainder")
EMBER_ELEMENTWISE_2(pow, "x1 to the power of x2.", EMBER_NUMERIC,
                    EMBER_PROMOTED " Integers to a negative power raise ValueError.")
EMBER_ALIAS(power, "pow")
EMBER_ELEMENTWISE_2(minimum, "The smaller of x1 and x2.", EMBER_REAL,
                    EMBER_PROMOTED " NaN if either is NaN.")
EMBER_ELEMENTWISE_2(maximum, "The larger of x1 and x2.", EMBER_REAL,
                    EMBER_PROMOTED " NaN if either is NaN.")

EMBER_ELEMENTWISE_1(positive, "x itself, copied.", EMBER_NUMERIC, "It has the dtype of x.")
EMBER_ELEMENTWISE_1(negative, "-x.", EMBER_NUMERIC, "It has the dtype of x; integers wrap around.")
EMBER_ELEMENTWISE_1(abs, "The absolute value, of complex numbers the magnitude.",
                    EMBER_NUMERIC " or bool",
                    "It has the dtype of x, of complex numbers that of their parts.")
EMBER_ELEMENTWISE_1(sign, "-1, 0 or 1; of a complex number x / abs(x).", EMBER_NUMERIC,
                    "It has the dtype of x. NaN of NaN.")
EMBER_ELEMENTWISE_1(square, "x * x.", EMBER_NUMERIC, "It has the dtype of x; integers wrap around.")
EMBER_ELEMENTWISE_1(floor, "The largest integer that is not above x.", EMBER_REAL,
                    "It has the dtype of x; integers stay as they are.")
EMBER_ELEMENTWISE_1(ceil, "The smallest integer that is not below x.", EMBER_REAL,
                    "It has the dtype of x; integers stay as they are.")
EMBER_ELEMENTWISE_1(trunc, "The integer nearest to x that is not farther from zero.", EMBER_REAL,
                    "It has the dtype of x; integers stay as they are.")
EMBER_FUNCTION(
    round, "(x: Tensor | Number, /, decimals: int = 0) -> Tensor",
    R"(The nearest number of so many decimals, halves to even; complex numbers by their parts.

Args:
  x: A tensor of any shape, or a number; of a numeric dtype.
  decimals: Digits behind the point; below zero, zeros before it. Floating point is multiplied by
    10**decimals, rounded and divided again, as NumPy does.

Returns:
  A tensor of the shape of x and its dtype. Integers stay as they are unless decimals is negative.

Raises:
  TypeError: bool elements.
)") {
  const ops::Operand x = args.operand(0);
  const int64_t decimals = std::clamp<int64_t>(args.integer(1), -400, 400);
  return args.Run([&] { return ops::round(x, static_cast<int>(decimals)); });
}

EMBER_FUNCTION(clip,
               "(x: Tensor | Number, /, min: Tensor | Number | None = None, "
               "max: Tensor | Number | None = None) -> Tensor",
               R"(x limited to the range from min to max.

Args:
  x: A tensor of a real-valued dtype, or a number.
  min: The lower bound, a number or a tensor that broadcasts with x; None for none.
  max: The upper bound, likewise.

Returns:
  A tensor of the broadcast shape and the dtype of x (of integers with bounds of floating point
  float64). NaN in x or a bound gives NaN; where min is above max the result is max.

Raises:
  ValueError: The shapes do not broadcast.
  TypeError: A bound of a dtype that does not promote to that of x.
)") {
  const ops::Operand x = args.operand(0);
  const ops::Operand min = args.operand(1);
  const ops::Operand max = args.operand(2);
  return args.Run([&] { return ops::clip(x, min, max); });
}

}  // namespace emberharmony::python
