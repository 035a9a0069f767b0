#include "bindings/device_object.h"

#include <string>

#include "bindings/python_error.h"
#include "emberharmony/ops/devices.h"

namespace emberharmony::python {
namespace {

struct DeviceValue {
  PyObject_HEAD ops::Device device;
};

PyTypeObject* device_type = nullptr;
/// Almost every device is this one.
PyObject* cpu = nullptr;

ops::Device ValueOf(PyObject* self) { return reinterpret_cast<DeviceValue*>(self)->device; }

/// "cpu", since there is one; "cuda:1".
std::string NameOf(ops::Device device) {
  return device == tensor::kCpuDevice ? "cpu" : tensor::DeviceName(device);
}

PyObject* Str(PyObject* self) { return PyUnicode_FromString(NameOf(ValueOf(self)).c_str()); }
PyObject* Repr(PyObject* self) {
  return PyUnicode_FromFormat("Device('%s')", NameOf(ValueOf(self)).c_str());
}
/// The name's, since a device equals its name.
Py_hash_t Hash(PyObject* self) {
  PyObject* name = Str(self);
  if (name == nullptr) return -1;
  const Py_hash_t hash = PyObject_Hash(name);
  Py_DECREF(name);
  return hash;
}

PyObject* Compare(PyObject* self, PyObject* other, int operation) {
  if (operation != Py_EQ && operation != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  bool equal;
  if (Py_TYPE(other) == device_type) {
    equal = ValueOf(self) == ValueOf(other);
  } else if (PyUnicode_Check(other)) {
    equal = PyUnicode_CompareWithASCIIString(other, NameOf(ValueOf(self)).c_str()) == 0;
  } else {
    Py_RETURN_NOTIMPLEMENTED;
  }
  return PyBool_FromLong(equal == (operation == Py_EQ));
}

PyObject* Type(PyObject* self, void*) {
  const std::string name = tensor::DeviceName(ValueOf(self));
  return PyUnicode_FromString(name.substr(0, name.find(':')).c_str());
}
PyObject* Index(PyObject* self, void*) { return PyLong_FromLong(ValueOf(self).index); }

PyObject* Reduce(PyObject* self, PyObject*) {
  return Py_BuildValue("O(N)", reinterpret_cast<PyObject*>(device_type), Str(self));
}

PyObject* New(PyTypeObject*, PyObject* args, PyObject*) {
  PyObject* object = nullptr;
  if (!PyArg_ParseTuple(args, "O:Device", &object)) return nullptr;
  try {
    return DeviceObject(DeviceOf(object));
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

PyGetSetDef attributes[] = {
    {"type", &Type, nullptr, "\"cpu\".", nullptr},
    {"index", &Index, nullptr, "Its number among those of its type.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMethodDef methods[] = {{"__reduce__", &Reduce, METH_NOARGS, nullptr},
                         {nullptr, nullptr, 0, nullptr}};

constexpr char kDoc[] =
    "Device(x, /)\n--\n\n"
    "Where a tensor's memory lies. Equal to its name: x.device == \"cpu\".\n";

}  // namespace

PyObject* DeviceObject(ops::Device device) {
  if (device == tensor::kCpuDevice && cpu != nullptr) return Py_NewRef(cpu);
  DeviceValue* value = PyObject_New(DeviceValue, device_type);
  if (value == nullptr) throw PythonError{};
  value->device = device;
  return reinterpret_cast<PyObject*>(value);
}

ops::Device DeviceOf(PyObject* object) {
  if (Py_TYPE(object) == device_type) return ValueOf(object);
  if (PyUnicode_Check(object)) {
    if (PyUnicode_CompareWithASCIIString(object, "cpu") == 0 ||
        PyUnicode_CompareWithASCIIString(object, "cpu:0") == 0) {
      return tensor::kCpuDevice;
    }
    Py_ssize_t size = 0;
    const char* const name = PyUnicode_AsUTF8AndSize(object, &size);
    if (name == nullptr) throw PythonError{};
    return ops::parse_device({name, static_cast<size_t>(size)});
  }
  PyErr_Format(PyExc_TypeError, "expected a Device or its name, found %.80R", object);
  throw PythonError{};
}

bool InitDevices(PyObject* module) {
  PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(&New)},
                         {Py_tp_repr, reinterpret_cast<void*>(&Repr)},
                         {Py_tp_str, reinterpret_cast<void*>(&Str)},
                         {Py_tp_hash, reinterpret_cast<void*>(&Hash)},
                         {Py_tp_richcompare, reinterpret_cast<void*>(&Compare)},
                         {Py_tp_getset, attributes},
                         {Py_tp_methods, methods},
                         {Py_tp_doc, const_cast<char*>(kDoc)},
                         {0, nullptr}};
  PyType_Spec spec = {"emberharmony.Device", sizeof(DeviceValue), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};
  device_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (device_type == nullptr ||
      PyModule_AddObjectRef(module, "Device", reinterpret_cast<PyObject*>(device_type)) < 0) {
    return false;
  }
  try {
    cpu = DeviceObject(tensor::kCpuDevice);
  } catch (...) {
    SetErrorFromException();
    return false;
  }
  return true;
}

}  // namespace emberharmony::python
