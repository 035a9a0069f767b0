#pragma once

#include <cstdint>
#include <limits>

#include "bindings/arguments.h"

namespace emberharmony::python {

/// Argument i, the number of a diagonal. One that int64 does not hold becomes the nearest that it
/// does: both are outside of every matrix, so nobody sees a difference.
inline int64_t DiagonalNumber(const Arguments& args, int i) {
  if (PyLong_CheckExact(args.object(i))) {
    int overflow = 0;
    PyLong_AsLongLongAndOverflow(args.object(i), &overflow);
    if (overflow > 0) return std::numeric_limits<int64_t>::max();
    if (overflow < 0) return std::numeric_limits<int64_t>::min();
  }
  return args.integer(i);
}

}  // namespace emberharmony::python
