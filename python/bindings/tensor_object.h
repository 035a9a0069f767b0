#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <new>
#include <utility>

#include "bindings/python_error.h"
#include "emberharmony/ops/operand.h"

namespace emberharmony::python {

/// The Python class `Tensor`: a handle (ops::Tensor) inside a Python object. It is a plain CPython
/// type rather than one of a binding generator because a call on a small tensor takes no longer
/// than such a generator's dispatch alone.
///
/// The handle never changes once the object is made; only elements do. All functions here need the
/// GIL.
struct TensorObject {
  PyObject_HEAD PyObject* weak_references;
  ops::Tensor tensor;
};

/// The class, from InitTensorType on.
extern PyTypeObject* tensor_type;

/// Makes the class and adds it to the module as `Tensor`; false with the error indicator set.
bool InitTensorType(PyObject* module);

inline bool IsTensor(PyObject* object) { return Py_TYPE(object) == tensor_type; }
/// The handle in an object that IsTensor.
inline ops::Tensor& TensorOf(PyObject* object) {
  return reinterpret_cast<TensorObject*>(object)->tensor;
}

/// Memory for one object, with its reference count of 1 and its handle not yet constructed; throws
/// PythonError.
TensorObject* AllocateTensorObject();
/// Gives back what AllocateTensorObject gave and whose handle was never constructed.
void DiscardTensorObject(TensorObject* object);

/// A new Python tensor, whose handle is constructed in place from what make() returns.
template <class Make>
PyObject* MakeTensor(Make&& make) {
  TensorObject* object = AllocateTensorObject();
  try {
    new (&object->tensor) ops::Tensor(make());
  } catch (...) {
    DiscardTensorObject(object);
    throw;
  }
  return reinterpret_cast<PyObject*>(object);
}

// The parts of the class, each in its own file.
extern PyType_Slot tensor_operator_slots[];
extern PyType_Slot tensor_indexing_slots[];
extern PyType_Slot tensor_buffer_slots[];
extern PyGetSetDef tensor_attributes[];
extern PyMethodDef tensor_methods[];
extern PyMethodDef tensor_interchange_methods[];

/// The tensor, or a copy of it on the CPU where it lies elsewhere: what is read from here.
ops::Tensor OnCpu(const ops::Tensor& tensor);
/// The number in a tensor of one element as a Python bool, int, float or complex.
PyObject* ElementToPython(const void* element, ops::DType dtype);
/// _rebuild_tensor(dtype, shape, elements): what unpickling calls.
PyObject* RebuildTensor(PyObject* module, PyObject* args);
/// repr(tensor): with its dtype.
PyObject* ReprOfTensor(PyObject* self);
/// str(tensor): the elements alone; of rank 0 as NumPy's scalar of the dtype.
PyObject* StrOfTensor(PyObject* self);
/// format(tensor, spec): of rank 0 as Python's number.
PyObject* FormatOfTensor(PyObject* self, PyObject* spec);

}  // namespace emberharmony::python
