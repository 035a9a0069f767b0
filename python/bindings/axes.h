#pragma once

#include <optional>

#include "bindings/arguments.h"
#include "emberharmony/ops/axes.h"

namespace emberharmony::python {

/// The axes that an argument names: None, an integer or a sequence of integers.
inline std::optional<ops::Axes> AxesOf(const Arguments& args, int i) {
  if (args.is_none(i)) return std::nullopt;
  // One axis is frequent, and needs no list on the heap.
  if (PyLong_Check(args.object(i))) return ops::Axes(args.axis(i));
  return ops::Axes(*args.axes(i));
}

}  // namespace emberharmony::python
