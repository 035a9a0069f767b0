#pragma once

#include "bindings/python_error.h"

namespace emberharmony::python {

/// Forgets what a call into the interpreter has raised, where another answer is found. Not what is
/// no Exception (KeyboardInterrupt, SystemExit): that goes on as a PythonError.
inline void ForgetError() {
  if (PyErr_Occurred() != nullptr && PyErr_ExceptionMatches(PyExc_Exception) == 0) {
    throw PythonError{};
  }
  PyErr_Clear();
}

}  // namespace emberharmony::python
