#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "emberharmony/ops/operand.h"

namespace emberharmony::python {

/// Makes the class Device and adds it to the module; false with the error indicator set.
bool InitDevices(PyObject* module);

/// A device as a Python object: a new reference. Throws PythonError.
PyObject* DeviceObject(ops::Device device);

/// The device that a Device or its name ("cpu", "cuda:0") stands for. Throws PythonError
/// (TypeError) for another type, std::invalid_argument for a device that is not there.
ops::Device DeviceOf(PyObject* object);

}  // namespace emberharmony::python
