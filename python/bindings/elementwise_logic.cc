// Elementwise comparison and logic.
#include <stdexcept>

#include "bindings/elementwise_internal.h"

namespace emberharmony::python {

EMBER_ELEMENTWISE_1(isnan, "Whether x is not a number.", EMBER_NUMERIC, EMBER_BOOL_RESULT)
EMBER_ELEMENTWISE_1(isfinite, "Whether x is neither infinite nor NaN.", EMBER_NUMERIC,
                    EMBER_BOOL_RESULT)
EMBER_ELEMENTWISE_1(isinf, "Whether x is infinite.", EMBER_NUMERIC, EMBER_BOOL_RESULT)
EMBER_ELEMENTWISE_2(equal, "Whether x1 == x2.", EMBER_ANY, EMBER_BOOL_RESULT)
EMBER_ELEMENTWISE_2(not_equal, "Whether x1 != x2.", EMBER_ANY, EMBER_BOOL_RESULT)
EMBER_ELEMENTWISE_2(less, "Whether x1 < x2.", EMBER_REAL, EMBER_BOOL_RESULT)
EMBER_ELEMENTWISE_2(less_equal, "Whether x1 <= x2.", EMBER_REAL, EMBER_BOOL_RESULT)
EMBER_ELEMENTWISE_2(greater, "Whether x1 > x2.", EMBER_REAL, EMBER_BOOL_RESULT)
EMBER_ELEMENTWISE_2(greater_equal, "Whether x1 >= x2.", EMBER_REAL, EMBER_BOOL_RESULT)

#define EMBER_TRUTH EMBER_BOOL_RESULT " Every number but zero is true."
EMBER_ELEMENTWISE_2(logical_and, "Whether both are true.", EMBER_ANY, EMBER_TRUTH)
EMBER_ELEMENTWISE_2(logical_or, "Whether at least one is true.", EMBER_ANY, EMBER_TRUTH)
EMBER_ELEMENTWISE_2(logical_xor, "Whether just one is true.", EMBER_ANY, EMBER_TRUTH)
EMBER_ELEMENTWISE_1(logical_not, "Whether x is not true.", EMBER_ANY, EMBER_TRUTH)

EMBER_FUNCTION(
    where,
    "(condition: Tensor | Number, x1: Tensor | Number | None = None, "
    "x2: Tensor | Number | None = None, /) -> Tensor | tuple[Tensor, ...]",
    R"(x1 where a condition holds, else x2; of a condition alone the positions where it holds.

Args:
  condition: A tensor of any dtype, or a number: what is not zero is true.
  x1: A tensor or a number, of any dtype.
  x2: The same; all three shapes broadcast against each other.

Returns:
  A tensor of the broadcast shape and the dtype that x1 and x2 promote to; without them
  nonzero(condition), as NumPy has it.

Raises:
  ValueError: The shapes do not broadcast, or only one of x1 and x2 is given.
  TypeError: x1 and x2 have no common dtype.
)") {
  const ops::Operand condition = args.operand(0);
  const ops::Operand x1 = args.operand(1);
  const ops::Operand x2 = args.operand(2);
  if (x1.is_none() && x2.is_none()) {
    const ops::Tensor& positions_of = args.tensor(0);
    return args.Run([&] { return ops::nonzero(positions_of); });
  }
  if (x1.is_none() || x2.is_none()) {
    throw std::invalid_argument("where: expected both x1 and x2, or neither, found one");
  }
  return args.Run([&] { return ops::where(condition, x1, x2); });
}

}  // namespace emberharmony::python
