// Elementwise functions on the bits of integers.
#include "bindings/elementwise_internal.h"

namespace emberharmony::python {

EMBER_ELEMENTWISE_2(bitwise_and, "The bits that are set in both.", EMBER_INTEGER_OR_BOOL,
                    EMBER_PROMOTED)
EMBER_ELEMENTWISE_2(bitwise_or, "The bits that are set in at least one.", EMBER_INTEGER_OR_BOOL,
                    EMBER_PROMOTED)
EMBER_ELEMENTWISE_2(bitwise_xor, "The bits that are set in just one.", EMBER_INTEGER_OR_BOOL,
                    EMBER_PROMOTED)
EMBER_ELEMENTWISE_1(bitwise_invert, "The bits that are not set.", EMBER_INTEGER_OR_BOOL,
                    "It has the dtype of x.")
EMBER_ALIAS(bitwise_not, "bitwise_invert")

#define EMBER_SHIFTED \
  EMBER_PROMOTED " A distance that is negative or not below the width shifts every bit out."
EMBER_ELEMENTWISE_2(bitwise_left_shift, "The bits of x1 moved x2 places up.", EMBER_INTEGER,
                    EMBER_SHIFTED)
EMBER_ELEMENTWISE_2(bitwise_right_shift,
                    "The bits of x1 moved x2 places down, with copies of the sign bit from above.",
                    EMBER_INTEGER, EMBER_SHIFTED)

}  // namespace emberharmony::python
