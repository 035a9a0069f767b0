// The elementwise functions of ops.
#include "bindings/function.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {

/// A function of two tensors or numbers that broadcast.
#define EMBER_BINARY(name, doc)                                                          \
  EMBER_FUNCTION(name, "(x1: Tensor | Number, x2: Tensor | Number, /) -> Tensor", doc) { \
    const ops::Operand x1 = args.operand(0);                                             \
    const ops::Operand x2 = args.operand(1);                                             \
    return args.Run([&] { return ops::name(x1, x2); });                                  \
  }

EMBER_BINARY(add, R"(x1 + x2, element by element.

Args:
  x1: A tensor or a number, of any dtype.
  x2: The same; the shapes broadcast against each other.

Returns:
  A tensor of the broadcast shape and the promoted dtype. Integers wrap around.

Raises:
  ValueError: The shapes do not broadcast.
  TypeError: The dtypes have no common one, or it is bool.
)")

}  // namespace emberharmony::python
