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

EMBER_ELEMENTWISE_1(sinh, "The hyperbolic sine.", EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(cosh, "The hyperbolic cosine.", EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(asin, "The inverse sine, in radians from -pi/2 to pi/2; NaN beyond [-1, 1].",
                    EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(acos, "The inverse cosine, in radians from 0 to pi; NaN beyond [-1, 1].",
                    EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(atan, "The inverse tangent, in radians from -pi/2 to pi/2.", EMBER_FLOATING,
                    EMBER_SAME)
EMBER_ELEMENTWISE_1(asinh, "The inverse hyperbolic sine.", EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(acosh, "The inverse hyperbolic cosine; NaN of real numbers below 1.",
                    EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(atanh, "The inverse hyperbolic tangent; NaN of real numbers beyond [-1, 1].",
                    EMBER_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_1(reciprocal, "1 / x.", EMBER_FLOATING,
                    "It has the dtype of x, of integers float64.")
EMBER_ELEMENTWISE_1(erf,
                    "The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.",
                    EMBER_REAL_FLOATING, EMBER_SAME)
EMBER_ELEMENTWISE_2(atan2, "The angle of the point (x2, x1), in radians from -pi to pi.",
                    EMBER_REAL_FLOATING, "It has the promoted dtype, of integers float64.")
EMBER_ELEMENTWISE_2(hypot, "sqrt(x1**2 + x2**2), without overflow on the way.", EMBER_REAL_FLOATING,
                    "It has the promoted dtype, of integers float64.")
EMBER_ELEMENTWISE_2(logaddexp, "log(exp(x1) + exp(x2)), without overflow on the way.",
                    EMBER_REAL_FLOATING, "It has the promoted dtype, of integers float64.")
EMBER_ELEMENTWISE_2(copysign, "The magnitude of x1 with the sign of x2.", EMBER_REAL_FLOATING,
                    "It has the promoted dtype, of integers float64.")
EMBER_ELEMENTWISE_2(nextafter, "The number next to x1 on the way to x2.", EMBER_REAL_FLOATING,
                    "It has the promoted dtype, of integers float64.")
EMBER_ELEMENTWISE_1(signbit, "Whether the sign bit is set: of -0 and negative NaN too.",
                    EMBER_REAL_FLOATING, EMBER_BOOL_RESULT)
EMBER_ELEMENTWISE_1(real, "The real part; real numbers themselves.", EMBER_NUMERIC,
                    "It has the real dtype of the same precision.")
EMBER_ELEMENTWISE_1(imag, "The imaginary part; 0 of real numbers.", EMBER_NUMERIC,
                    "It has the real dtype of the same precision.")
EMBER_ELEMENTWISE_1(conj, "The complex conjugate; real numbers themselves.", EMBER_NUMERIC,
                    "It has the dtype of x.")

}  // namespace emberharmony::python
