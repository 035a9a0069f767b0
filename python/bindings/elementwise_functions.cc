// Elementwise functions of floating-point numbers.
#include "bindings/elementwise_internal.h"

namespace emberharmony::python {

#define EMBER_SAME "It has the dtype of x, of integers float64; within 1.0 ulp of exact if real."

EMBER_ELEMENTWISE_1(sqrt, "The square root, correctly rounded if real; NaN below zero.",
                    EMBER_FLOATING, "It has the dtype of x, of integers float64.")
EMBER_ELEMENTWISE_1(exp, "e to the power of x.", EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(expm1, "exp(x) - 1, accurate near zero.", EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(log, "The natural logarithm.", EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(log1p, "log(1 + x), accurate near zero.", EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(log2, "The logarithm to base 2.", EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(log10, "The logarithm to base 10.", EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(sin, "The sine of x, in radians.", EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(cos, "The cosine of x, in radians.", EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(tan, "The tangent of x, in radians.", EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(tanh, "The hyperbolic tangent.", EMBER_FLOATING, EMBER_SAME)

}  // namespace emberharmony::python
