#pragma once

#include <string>

namespace emberharmony::python {

/// A message of the engine, which names options and commands as the command has them, with the
/// names of Python's parameters and functions: `--where "x > 1"` becomes `where="x > 1"`.
/// `memory_name` is the parameter for --memory.
std::string WithPythonNames(std::string message, const char* memory_name);

}  // namespace emberharmony::python
