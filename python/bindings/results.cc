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

namespace {

/// Filled before main, as the functions are.
std::vector<NamedTuple*>& AllNamedTuples() {
  static std::vector<NamedTuple*> all;
  return all;
}

Reference FieldsOf(const NamedTuple& tuple) {
  Reference fields(PyTuple_New(static_cast<Py_ssize_t>(tuple.fields().size())));
  for (size_t i = 0; i < tuple.fields().size(); ++i) {
    PyTuple_SET_ITEM(fields.get(), static_cast<Py_ssize_t>(i),
                     Checked(PyUnicode_FromString(tuple.fields()[i])));
  }
  return fields;
}

}  // namespace

NamedTuple::NamedTuple(const char* name, std::initializer_list<const char*> fields)
    : name_(name), fields_(fields) {
  AllNamedTuples().push_back(this);
}

PyObject* NamedTuple::Type() {
  if (type_ == nullptr) {
    Reference collections(PyImport_ImportModule("collections"));
    Reference fields = FieldsOf(*this);
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
  return type_;
}

PyObject* NamedTuple::Make(std::vector<Reference> elements) {
  Reference tuple(PyTuple_New(static_cast<Py_ssize_t>(elements.size())));
  for (size_t i = 0; i < elements.size(); ++i) {
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), elements[i].release());
  }
  return Checked(PyObject_CallObject(Type(), tuple.get()));
}

PyObject* ToPython(NamedTensors tensors) {
  std::vector<Reference> elements;
  for (ops::Tensor& each : tensors.tensors) elements.emplace_back(ToPython(std::move(each)));
  return tensors.type->Make(std::move(elements));
}

PyObject* NamedTupleType(std::string_view name) {
  for (NamedTuple* each : AllNamedTuples()) {
    if (each->name() == name) return Py_NewRef(each->Type());
  }
  return nullptr;
}

PyObject* DescribeNamedTuples() {
  Reference list(PyList_New(0));
  for (const NamedTuple* each : AllNamedTuples()) {
    Reference fields = FieldsOf(*each);
    Reference row(Py_BuildValue("(sO)", each->name(), fields.get()));
    if (PyList_Append(list.get(), row.get()) < 0) throw PythonError{};
  }
  return list.release();
}

}  // namespace emberharmony::python
