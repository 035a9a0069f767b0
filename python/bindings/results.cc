#include "bindings/results.h"

#include "bindings/device_object.h"
#include "bindings/dtype_object.h"

namespace emberharmony::python {

PyObject* ToPython(ops::DType dtype) { return Py_NewRef(DTypeObject(dtype)); }

PyObject* ToPython(ops::Device device) { return DeviceObject(device); }

PyObject* ToPython(const ops::Shape& shape) {
  Reference tuple(PyTuple_New(shape.rank()));
  for (int i = 0; i < shape.rank(); ++i) {
    PyTuple_SET_ITEM(tuple.get(), i, Checked(PyLong_FromLongLong(shape[i])));
  }
  return tuple.release();
}

PyObject* ToPython(std::vector<ops::Tensor> tensors) {
  Reference tuple(PyTuple_New(static_cast<Py_ssize_t>(tensors.size())));
  for (size_t i = 0; i < tensors.size(); ++i) {
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), ToPython(std::move(tensors[i])));
  }
  return tuple.release();
}

PyObject* ToPython(TensorList list) {
  Reference result(PyList_New(static_cast<Py_ssize_t>(list.tensors.size())));
  for (size_t i = 0; i < list.tensors.size(); ++i) {
    PyList_SET_ITEM(result.get(), static_cast<Py_ssize_t>(i), ToPython(std::move(list.tensors[i])));
  }
  return result.release();
}

PyObject* NamedTuple::Make(std::vector<Reference> elements) {
  if (type_ == nullptr) {
    Reference collections(PyImport_ImportModule("collections"));
    Reference fields(PyTuple_New(static_cast<Py_ssize_t>(fields_.size())));
    for (size_t i = 0; i < fields_.size(); ++i) {
      PyTuple_SET_ITEM(fields.get(), static_cast<Py_ssize_t>(i),
                       Checked(PyUnicode_FromString(fields_[i])));
    }
    Reference make(PyObject_GetAttrString(collections.get(), "namedtuple"));
    Reference type(PyObject_CallFunction(make.get(), "sO", name_, fields.get()));
    // Pickle finds the class by its module and name.
    Reference module(PyImport_ImportModule("emberharmony._core"));
    Reference module_name(PyUnicode_FromString("emberharmony._core"));
    if (PyObject_SetAttrString(type.get(), "__module__", module_name.get()) < 0 ||
        PyObject_SetAttrString(module.get(), name_, type.get()) < 0) {
      throw PythonError{};
    }
    type_ = type.release();
  }
  Reference tuple(PyTuple_New(static_cast<Py_ssize_t>(elements.size())));
  for (size_t i = 0; i < elements.size(); ++i) {
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), elements[i].release());
  }
  return Checked(PyObject_CallObject(type_, tuple.get()));
}

PyObject* ToPython(NamedTensors tensors) {
  std::vector<Reference> elements;
  for (ops::Tensor& each : tensors.tensors) elements.emplace_back(ToPython(std::move(each)));
  return tensors.type->Make(std::move(elements));
}

}  // namespace emberharmony::python
