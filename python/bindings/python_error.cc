#include "bindings/python_error.h"

#include <cxxabi.h>
#include <unistd.h>

#include <new>
#include <stdexcept>

#include "emberharmony/ops/axis_error.h"
#include "emberharmony/ops/range_error.h"
#include "emberharmony/tensor/errors.h"

namespace emberharmony::python {

PyObject* linalg_error = nullptr;
PyObject* axis_error = nullptr;

void TakeGil(PyThreadState* state) {
  try {
    PyEval_RestoreThread(state);
  } catch (const abi::__forced_unwind&) {
    for (;;) pause();
  }
}

PyGILState_STATE EnsureGil() {
  try {
    return PyGILState_Ensure();
  } catch (const abi::__forced_unwind&) {
    for (;;) pause();
  }
}

bool InitLinAlgError(PyObject* module) {
  linalg_error = PyErr_NewExceptionWithDoc(
      "emberharmony.ops.linalg.LinAlgError",
      "The matrix has no answer: it is singular, not positive definite, or an iteration on it did\n"
      "not converge.",
      PyExc_ValueError, nullptr);
  return linalg_error != nullptr && PyModule_AddObjectRef(module, "LinAlgError", linalg_error) == 0;
}

bool InitAxisError(PyObject* module) {
  PyObject* bases = PyTuple_Pack(2, PyExc_ValueError, PyExc_IndexError);
  if (bases == nullptr) return false;
  axis_error = PyErr_NewExceptionWithDoc("emberharmony.ops.AxisError",
                                         "An axis that the tensor does not have.", bases, nullptr);
  Py_DECREF(bases);
  return axis_error != nullptr && PyModule_AddObjectRef(module, "AxisError", axis_error) == 0;
}

void Raise(PyObject* type, const std::string& message) {
  PyErr_SetString(type, message.c_str());
  throw PythonError{};
}

void SetErrorFromException() noexcept {
  try {
    throw;
  } catch (const PythonError&) {
  } catch (const ops::RangeError& error) {
    PyErr_SetString(PyExc_OverflowError, error.what());
  } catch (const ops::AxisError& error) {
    PyErr_SetString(axis_error, error.what());
  } catch (const tensor::DTypeError& error) {
    PyErr_SetString(PyExc_TypeError, error.what());
  } catch (const tensor::IndexError& error) {
    PyErr_SetString(PyExc_IndexError, error.what());
  } catch (const tensor::LinAlgError& error) {
    PyErr_SetString(linalg_error, error.what());
  } catch (const tensor::UnsupportedError& error) {
    PyErr_SetString(PyExc_NotImplementedError, error.what());
  } catch (const std::out_of_range& error) {
    PyErr_SetString(PyExc_IndexError, error.what());
  } catch (const std::invalid_argument& error) {
    PyErr_SetString(PyExc_ValueError, error.what());
  } catch (const std::domain_error& error) {
    PyErr_SetString(PyExc_ValueError, error.what());
  } catch (const std::length_error& error) {
    PyErr_SetString(PyExc_ValueError, error.what());
  } catch (const std::overflow_error& error) {
    PyErr_SetString(PyExc_OverflowError, error.what());
  } catch (const std::bad_alloc& error) {
    PyErr_SetString(PyExc_MemoryError, error.what());
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  } catch (...) {
    PyErr_SetString(PyExc_RuntimeError, "an unknown C++ exception reached Python");
  }
}

}  // namespace emberharmony::python
