#pragma once

#include "bindings/function.h"
#include "emberharmony/ops.h"

/// How elementwise functions are written down: their arguments are described alike, so each only
/// says what it computes, for which dtypes, and (with a line break after it) what else there is to
/// know.

/// A function of one tensor or number.
#define EMBER_ELEMENTWISE_1(name, what, dtypes, notes)                                         \
  EMBER_FUNCTION(name, "(x: Tensor | Number, /) -> Tensor",                                    \
                 what                                                                          \
                 "\n\nArgs:\n  x: A tensor of any shape, or a number; " dtypes                 \
                 ".\n\nReturns:\n  A tensor of the shape of x. " notes                         \
                 "\n\nRaises:\n  TypeError: x has a dtype for which this is not defined.\n") { \
    const ops::Operand x = args.operand(0);                                                    \
    return args.Run([&] { return ops::name(x); });                                             \
  }

/// A function of two tensors or numbers that broadcast.
#define EMBER_ELEMENTWISE_2(name, what, dtypes, notes)                                         \
  EMBER_FUNCTION(name, "(x1: Tensor | Number, x2: Tensor | Number, /) -> Tensor",              \
                 what                                                                          \
                 "\n\nArgs:\n  x1: A tensor of any shape, or a number; " dtypes                \
                 ".\n  x2: The same; the shapes broadcast against each other, the dtypes are " \
                 "promoted.\n\nReturns:\n  A tensor of the broadcast shape. " notes            \
                 "\n\nRaises:\n  ValueError: The shapes do not broadcast.\n  TypeError: The "  \
                 "dtypes have no common one, or one for which this is not defined.\n") {       \
    const ops::Operand x1 = args.operand(0);                                                   \
    const ops::Operand x2 = args.operand(1);                                                   \
    return args.Run([&] { return ops::name(x1, x2); });                                        \
  }

#define EMBER_ANY "of any dtype"
#define EMBER_NUMERIC "of a numeric dtype"
#define EMBER_REAL "of a real-valued dtype"
#define EMBER_FLOATING "of a floating-point dtype (bool and integers are computed in float64)"
#define EMBER_REAL_FLOATING \
  "of a real floating-point dtype (bool and integers are computed in float64)"
#define EMBER_INTEGER "of an integer dtype"
#define EMBER_INTEGER_OR_BOOL "of an integer dtype or bool"
#define EMBER_PROMOTED "It has the promoted dtype."
#define EMBER_BOOL_RESULT "Its dtype is bool."
