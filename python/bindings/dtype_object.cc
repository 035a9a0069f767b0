#include "bindings/dtype_object.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "bindings/forgotten_error.h"
#include "bindings/python_error.h"
#include "bindings/results.h"

namespace emberharmony::python {
namespace {

struct DTypeValue {
  PyObject_HEAD ops::DType dtype;
  PyObject* name;
};

PyTypeObject* dtype_type = nullptr;
PyObject* objects[tensor::kNumDTypes] = {};

DTypeValue* ValueOf(PyObject* self) { return reinterpret_cast<DTypeValue*>(self); }

PyObject* Repr(PyObject* self) { return PyUnicode_FromFormat("ops.%U", ValueOf(self)->name); }
PyObject* Str(PyObject* self) { return Py_NewRef(ValueOf(self)->name); }
/// The name's, since a dtype equals its name.
Py_hash_t Hash(PyObject* self) { return PyObject_Hash(ValueOf(self)->name); }

std::optional<ops::DType> ParseForeign(PyObject* object);
std::optional<ops::DType> ParseBuiltin(PyObject* object);

PyObject* Compare(PyObject* self, PyObject* other, int operation) {
  if (operation != Py_EQ && operation != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  bool equal;
  if (Py_TYPE(other) == dtype_type) {
    equal = self == other;
  } else if (PyUnicode_Check(other)) {
    equal = PyUnicode_Compare(ValueOf(self)->name, other) == 0;
  } else if (PyType_Check(other)) {
    // numpy.float32 and float are no dtypes but stand for them, as NumPy's dtypes have it.
    try {
      std::optional<ops::DType> dtype = ParseBuiltin(other);
      if (!dtype) dtype = ParseForeign(other);
      equal = dtype == ValueOf(self)->dtype;
    } catch (const PythonError&) {
      return nullptr;
    }
  } else {
    Py_RETURN_NOTIMPLEMENTED;
  }
  return PyBool_FromLong(equal == (operation == Py_EQ));
}

PyObject* Name(PyObject* self, void*) { return Py_NewRef(ValueOf(self)->name); }
PyObject* GetItemSize(PyObject* self, void*) {
  return PyLong_FromLongLong(tensor::ItemSize(ValueOf(self)->dtype));
}
PyObject* Kind(PyObject* self, void*) {
  const ops::DType dtype = ValueOf(self)->dtype;
  return PyUnicode_FromString(tensor::IsBool(dtype)              ? "b"
                              : tensor::IsSignedInteger(dtype)   ? "i"
                              : tensor::IsUnsignedInteger(dtype) ? "u"
                              : tensor::IsRealFloating(dtype)    ? "f"
                                                                 : "c");
}
/// NumPy's dtype: numpy.dtype(x) takes the attribute `dtype` of what it does not know.
PyObject* NumPyDType(PyObject* self, void*) {
  PyObject* numpy = PyImport_ImportModule("numpy");
  if (numpy == nullptr) return nullptr;
  PyObject* dtype = PyObject_CallMethod(numpy, "dtype", "O", ValueOf(self)->name);
  Py_DECREF(numpy);
  return dtype;
}

PyObject* Reduce(PyObject* self, PyObject*) {
  return Py_BuildValue("O(O)", reinterpret_cast<PyObject*>(dtype_type), ValueOf(self)->name);
}

PyObject* New(PyTypeObject*, PyObject* args, PyObject*) {
  PyObject* object = nullptr;
  if (!PyArg_ParseTuple(args, "O:DType", &object)) return nullptr;
  try {
    return ToPython(DTypeOf(object));
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

PyGetSetDef attributes[] = {
    {"name", &Name, nullptr, "The standard's name, \"float32\".", nullptr},
    {"itemsize", &GetItemSize, nullptr, "Bytes of one element.", nullptr},
    {"kind", &Kind, nullptr, "b, i, u, f or c: NumPy's letter for the kind.", nullptr},
    {"dtype", &NumPyDType, nullptr, "NumPy's dtype of the same elements.", nullptr},
    {"__numpy_dtype__", &NumPyDType, nullptr, "NumPy's dtype of the same elements.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMethodDef methods[] = {{"__reduce__", &Reduce, METH_NOARGS, nullptr},
                         {nullptr, nullptr, 0, nullptr}};

constexpr char kDoc[] =
    "DType(x, /)\n--\n\n"
    "The type of a tensor's elements. There is one object of each: ops.float32 and so on.\n"
    "Equal to its name; numpy.dtype() takes it.\n";

/// NumPy's codes, "f4" or "<i8": a letter for the kind and the number of bytes. Absent for others,
/// and for bytes in the other order.
std::optional<ops::DType> ParseCode(std::string_view code) {
  if (code.starts_with('<') || code.starts_with('=') || code.starts_with('|')) {
    code.remove_prefix(1);
  }
  if (code == "?" || code == "b1") return ops::DType::kBool;
  for (int i = 0; i < tensor::kNumDTypes; ++i) {
    const auto dtype = static_cast<ops::DType>(i);
    if (tensor::IsBool(dtype)) continue;
    const char kind = tensor::IsSignedInteger(dtype)     ? 'i'
                      : tensor::IsUnsignedInteger(dtype) ? 'u'
                      : tensor::IsRealFloating(dtype)    ? 'f'
                                                         : 'c';
    if (code == kind + std::to_string(tensor::ItemSize(dtype))) return dtype;
  }
  return std::nullopt;
}

/// "torch.float32" is named float32.
std::optional<ops::DType> ParseName(PyObject* object) {
  if (object == nullptr || !PyUnicode_Check(object)) return std::nullopt;
  const char* text = PyUnicode_AsUTF8(object);
  if (text == nullptr) return std::nullopt;
  std::string_view name = text;
  if (const size_t dot = name.rfind('.'); dot != std::string_view::npos)
    name.remove_prefix(dot + 1);
  if (name == "bool_") return ops::DType::kBool;
  if (name == "int") return ops::DType::kInt64;
  if (name == "float") return ops::DType::kFloat64;
  if (name == "complex") return ops::DType::kComplex128;
  if (const std::optional<ops::DType> dtype = tensor::ParseDType(name)) return dtype;
  return ParseCode(name);
}

/// What a dtype of another library is called: its attribute `name`, else (a class) its own name,
/// else what str() says.
std::optional<ops::DType> ParseForeign(PyObject* object) {
  for (const char* attribute : {"name", "__name__"}) {
    PyObject* name = PyObject_GetAttrString(object, attribute);
    if (name == nullptr) ForgetError();
    const std::optional<ops::DType> dtype = ParseName(name);
    PyErr_Clear();
    Py_XDECREF(name);
    if (dtype) return dtype;
  }
  if (PyType_Check(object)) return std::nullopt;
  PyObject* name = PyObject_Str(object);
  if (name == nullptr) ForgetError();
  const std::optional<ops::DType> dtype = ParseName(name);
  PyErr_Clear();
  Py_XDECREF(name);
  return dtype;
}

/// The dtype that one of Python's classes of numbers stands for.
std::optional<ops::DType> ParseBuiltin(PyObject* object) {
  if (object == reinterpret_cast<PyObject*>(&PyFloat_Type)) return ops::DType::kFloat64;
  if (object == reinterpret_cast<PyObject*>(&PyLong_Type)) return ops::DType::kInt64;
  if (object == reinterpret_cast<PyObject*>(&PyBool_Type)) return ops::DType::kBool;
  if (object == reinterpret_cast<PyObject*>(&PyComplex_Type)) return ops::DType::kComplex128;
  return std::nullopt;
}

}  // namespace

PyObject* DTypeObject(ops::DType dtype) { return objects[static_cast<int>(dtype)]; }

bool IsDTypeObject(PyObject* object) { return Py_TYPE(object) == dtype_type; }

ops::DType DTypeOf(PyObject* object) {
  if (Py_TYPE(object) == dtype_type) return ValueOf(object)->dtype;
  if (const std::optional<ops::DType> builtin = ParseBuiltin(object)) return *builtin;
  const std::optional<ops::DType> dtype =
      PyUnicode_Check(object) ? ParseName(object) : ParseForeign(object);
  if (dtype) return *dtype;
  PyErr_Format(
      PyExc_TypeError,
      "expected a dtype: bool, int8 to int64, uint8 to uint64, float32, float64, complex64 "
      "or complex128, found %.80R",
      object);
  throw PythonError{};
}

std::optional<ops::DType> OptionalDType(PyObject* object) {
  if (object == Py_None) return std::nullopt;
  return DTypeOf(object);
}

bool InitDTypes(PyObject* module) {
  PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(&New)},
                         {Py_tp_repr, reinterpret_cast<void*>(&Repr)},
                         {Py_tp_str, reinterpret_cast<void*>(&Str)},
                         {Py_tp_hash, reinterpret_cast<void*>(&Hash)},
                         {Py_tp_richcompare, reinterpret_cast<void*>(&Compare)},
                         {Py_tp_getset, attributes},
                         {Py_tp_methods, methods},
                         {Py_tp_doc, const_cast<char*>(kDoc)},
                         {0, nullptr}};
  PyType_Spec spec = {"emberharmony.DType", sizeof(DTypeValue), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};
  dtype_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (dtype_type == nullptr ||
      PyModule_AddObjectRef(module, "DType", reinterpret_cast<PyObject*>(dtype_type)) < 0) {
    return false;
  }
  for (int i = 0; i < tensor::kNumDTypes; ++i) {
    DTypeValue* value = PyObject_New(DTypeValue, dtype_type);
    if (value == nullptr) return false;
    value->dtype = static_cast<ops::DType>(i);
    value->name = PyUnicode_InternFromString(std::string(tensor::DTypeName(value->dtype)).c_str());
    objects[i] = reinterpret_cast<PyObject*>(value);
    if (value->name == nullptr ||
        PyModule_AddObjectRef(module, PyUnicode_AsUTF8(value->name), objects[i]) < 0) {
      return false;
    }
  }
  return true;
}

}  // namespace emberharmony::python
