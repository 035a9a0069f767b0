#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <optional>

#include "emberharmony/ops/operand.h"

namespace emberharmony::python {

/// Makes the class DType and its thirteen objects, and adds them to the module by their names
/// ("float32"; `bool` is the name of bool's); false with the error indicator set.
bool InitDTypes(PyObject* module);

/// The Python object of a dtype: borrowed, there is one of each.
PyObject* DTypeObject(ops::DType dtype);

/// The dtype that an object stands for: a DType, its name, Python's bool, int, float or complex, or
/// a dtype of NumPy or another library that has the standard's name for it. Throws PythonError
/// (TypeError) for anything else.
ops::DType DTypeOf(PyObject* object);
/// The same; None is no dtype.
std::optional<ops::DType> OptionalDType(PyObject* object);
/// Whether it is a DType object.
bool IsDTypeObject(PyObject* object);

}  // namespace emberharmony::python
