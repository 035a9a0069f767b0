// What a tensor tells of itself, and methods that are no functions of ops.
#include <algorithm>
#include <climits>
#include <string>
#include <vector>

#include "bindings/arguments.h"
#include "bindings/array_import.h"
#include "bindings/device_object.h"
#include "bindings/dtype_object.h"
#include "bindings/results.h"
#include "bindings/tensor_object.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

template <class Make>
PyObject* Guarded(Make&& make) {
  try {
    return make();
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

PyObject* GetDType(PyObject* self, void*) { return Py_NewRef(DTypeObject(TensorOf(self).dtype())); }
PyObject* GetDevice(PyObject* self, void*) {
  return Guarded([&] { return DeviceObject(TensorOf(self).device()); });
}
PyObject* GetRank(PyObject* self, void*) { return PyLong_FromLong(TensorOf(self).rank()); }
PyObject* GetSize(PyObject* self, void*) { return PyLong_FromLongLong(TensorOf(self).size()); }
PyObject* GetNumBytes(PyObject* self, void*) {
  return PyLong_FromLongLong(TensorOf(self).size_bytes());
}
PyObject* GetItemSize(PyObject* self, void*) {
  return PyLong_FromLongLong(tensor::ItemSize(TensorOf(self).dtype()));
}
PyObject* GetShape(PyObject* self, void*) {
  return Guarded([&] { return ToPython(TensorOf(self).shape()); });
}
PyObject* GetStrides(PyObject* self, void*) {
  return Guarded([&] {
    ops::Shape strides = TensorOf(self).strides();
    for (int i = 0; i < strides.rank(); ++i) {
      strides[i] *= tensor::ItemSize(TensorOf(self).dtype());
    }
    return ToPython(strides);
  });
}

/// The axes in reverse order from `first` on.
PyObject* Transposed(PyObject* self, int first) {
  return Guarded([&] {
    const ops::Tensor& x = TensorOf(self);
    std::vector<int> axes(static_cast<size_t>(x.rank()));
    for (int i = 0; i < x.rank(); ++i) axes[i] = i < first ? i : x.rank() - 1 - (i - first);
    return MakeTensor([&] { return x.PermuteDims(axes); });
  });
}
PyObject* GetTransposed(PyObject* self, void*) {
  const ops::Tensor& x = TensorOf(self);
  if (x.rank() != 2) {
    PyErr_Format(PyExc_ValueError,
                 "T: expected a tensor of rank 2, found a %s: use mT or ops.permute_dims",
                 x.Describe().c_str());
    return nullptr;
  }
  return Transposed(self, 0);
}
PyObject* GetMatrixTransposed(PyObject* self, void*) {
  const ops::Tensor& x = TensorOf(self);
  if (x.rank() < 2) {
    PyErr_Format(PyExc_ValueError, "mT: expected a tensor of rank 2 or more, found a %s",
                 x.Describe().c_str());
    return nullptr;
  }
  return Transposed(self, x.rank() - 2);
}

/// A view of the real or the imaginary parts: every second number from the first, or second, on.
ops::Tensor PartsOf(const ops::Tensor& x, int part) {
  const ops::DType dtype = tensor::RealPartOf(x.dtype());
  const ops::Tensor numbers =
      ops::Tensor::WrapMutable(x.storage_data(), ops::Shape{0}, dtype, x.owner(), x.device());
  ops::Shape strides = x.strides();
  for (int i = 0; i < x.rank(); ++i) strides[i] *= 2;
  const ops::Tensor parts = numbers.View(x.shape(), strides, 2 * x.offset() + part);
  return x.writable() ? parts : parts.ReadOnly();
}

PyObject* GetReal(PyObject* self, void*) {
  const ops::Tensor& x = TensorOf(self);
  if (!tensor::IsComplex(x.dtype())) return Py_NewRef(self);
  return Guarded([&] { return MakeTensor([&] { return PartsOf(x, 0); }); });
}
/// Of real numbers zeros that cannot be assigned to: nobody would see it.
PyObject* GetImaginary(PyObject* self, void*) {
  return Guarded([&] {
    const ops::Tensor& x = TensorOf(self);
    return MakeTensor([&] {
      if (tensor::IsComplex(x.dtype())) return PartsOf(x, 1);
      const bool is_bool = x.dtype() == ops::DType::kBool;
      return (is_bool ? ops::logical_and(x, false) : ops::imag(x)).ReadOnly();
    });
  });
}

int SetPart(PyObject* part, PyObject* value, const char* name) {
  if (part == nullptr) return -1;
  int status = -1;
  if (value == nullptr) {
    PyErr_Format(PyExc_AttributeError, "%s cannot be deleted", name);
  } else {
    status = PyObject_SetItem(part, Py_Ellipsis, value);
  }
  Py_DECREF(part);
  return status;
}
int SetReal(PyObject* self, PyObject* value, void*) {
  return SetPart(GetReal(self, nullptr), value, "real");
}
int SetImaginary(PyObject* self, PyObject* value, void*) {
  const ops::Tensor& x = TensorOf(self);
  if (!tensor::IsComplex(x.dtype())) {
    PyErr_Format(PyExc_TypeError, "a %s has no imaginary part to set", x.Describe().c_str());
    return -1;
  }
  return SetPart(GetImaginary(self, nullptr), value, "imag");
}

PyObject* ListOf(const char* data, ops::DType dtype, const ops::Shape& shape,
                 const ops::Shape& strides, int axis) {
  if (axis == shape.rank()) return Checked(ElementToPython(data, dtype));
  const int64_t step = strides[axis] * tensor::ItemSize(dtype);
  Reference list(PyList_New(shape[axis]));
  for (int64_t i = 0; i < shape[axis]; ++i) {
    PyList_SET_ITEM(list.get(), i, ListOf(data + i * step, dtype, shape, strides, axis + 1));
  }
  return list.release();
}

PyObject* ToList(PyObject* self, PyObject*) {
  return Guarded([&] {
    const ops::Tensor x = OnCpu(TensorOf(self));
    return ListOf(static_cast<const char*>(x.data()), x.dtype(), x.shape(), x.strides(), 0);
  });
}

PyObject* FlatItem(const ops::Tensor& x, int64_t place) {
  if (place < -x.size() || place >= x.size()) {
    Raise(PyExc_IndexError, "item: expected a place below " + std::to_string(x.size()) +
                                ", the number of elements, found " + std::to_string(place));
  }
  if (place < 0) place += x.size();
  int64_t offset = 0;
  for (int i = x.rank() - 1; i >= 0; --i) {
    offset += place % x.shape()[i] * x.strides()[i];
    place /= x.shape()[i];
  }
  const auto* data = static_cast<const char*>(x.data());
  return ElementToPython(data + offset * tensor::ItemSize(x.dtype()), x.dtype());
}

PyObject* ToBytes(PyObject* self, PyObject*) {
  return Guarded([&] {
    const ops::Tensor x = OnCpu(TensorOf(self)).Contiguous();
    return Checked(PyBytes_FromStringAndSize(static_cast<const char*>(x.data()), x.size_bytes()));
  });
}

PyObject* ToItem(PyObject* self, PyObject* const* args, Py_ssize_t num_args) {
  return Guarded([&]() -> PyObject* {
    const ops::Tensor x = OnCpu(TensorOf(self));
    if (num_args == 0) {
      if (x.size() != 1) {
        Raise(PyExc_ValueError,
              "item: expected a tensor with one element, found a " + x.Describe());
      }
      return Checked(ElementToPython(x.data(), x.dtype()));
    }
    if (num_args == 1 && x.rank() > 1 && PyIndex_Check(args[0]) && !IsTensor(args[0])) {
      // One integer counts the elements in C order, as NumPy's item does.
      return Checked(FlatItem(x, IntegerOf(args[0])));
    }
    Reference key(num_args == 1 ? Py_NewRef(args[0]) : PyTuple_New(num_args));
    for (Py_ssize_t i = 0; num_args > 1 && i < num_args; ++i) {
      PyTuple_SET_ITEM(key.get(), i, Py_NewRef(args[i]));
    }
    Reference element(PyObject_GetItem(self, key.get()));
    return ToItem(element.get(), nullptr, 0);
  });
}

/// ops, once it has been imported.
PyObject* Namespace() {
  static PyObject* ops = nullptr;
  if (ops == nullptr) ops = PyImport_ImportModule("emberharmony.ops");
  return Py_XNewRef(ops);
}

PyObject* GetArrayNamespace(PyObject*, PyObject* const* args, Py_ssize_t num_args,
                            PyObject* keywords) {
  const bool named = keywords != nullptr && PyTuple_GET_SIZE(keywords) == 1;
  if (num_args != 0 || (keywords != nullptr && !named) ||
      (named &&
       PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "api_version") != 0)) {
    PyErr_SetString(PyExc_TypeError,
                    "__array_namespace__() takes the keyword argument 'api_version' only");
    return nullptr;
  }
  if (named && args[0] != Py_None) {
    bool known = false;
    for (const char* version : {"2021.12", "2022.12", "2023.12", "2024.12", "2025.12"}) {
      known = known ||
              (PyUnicode_Check(args[0]) && PyUnicode_CompareWithASCIIString(args[0], version) == 0);
    }
    if (!known) {
      PyErr_Format(PyExc_ValueError,
                   "expected a version of the array API standard from \"2021.12\" to \"2025.12\", "
                   "found %.80R",
                   args[0]);
      return nullptr;
    }
  }
  return Namespace();
}

PyObject* ToDevice(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"", "stream", nullptr};
  PyObject* device = nullptr;
  PyObject* stream = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:to_device", const_cast<char**>(names),
                                   &device, &stream)) {
    return nullptr;
  }
  return Guarded([&]() -> PyObject* {
    const ops::Device to = DeviceOf(device);
    const ops::Tensor& x = TensorOf(self);
    if (stream != Py_None) {
      Raise(PyExc_ValueError,
            "to_device: copies are complete when they return, on no stream: leave "
            "`stream` out");
    }
    if (x.device() == to) return Py_NewRef(self);
    return MakeTensor([&] { return ops::to_device(x, to); });
  });
}

PyObject* Copy(PyObject* self, PyObject*) {
  return Guarded([&] {
    return MakeTensor([&] {
      const ops::Tensor& x = TensorOf(self);
      if (x.device() == tensor::kCpuDevice) return x.Copy();
      return ops::to_device(OnCpu(x), x.device());
    });
  });
}

PyObject* ToComplex(PyObject* self, PyObject*) {
  return Guarded([&]() -> PyObject* {
    Reference number(ToItem(self, nullptr, 0));
    return PyObject_CallOneArg(reinterpret_cast<PyObject*>(&PyComplex_Type), number.get());
  });
}

/// round(x) of rank 0 is the nearest integer, as of NumPy's numbers; all else is a tensor.
PyObject* Round(PyObject* self, PyObject* const* args, Py_ssize_t num_args) {
  return Guarded([&]() -> PyObject* {
    const ops::Tensor& x = TensorOf(self);
    if (num_args > 1) Raise(PyExc_TypeError, "__round__() takes the number of decimals only");
    if (num_args == 1 && args[0] != Py_None) {
      const int64_t decimals = IntegerOf(args[0]);
      const int bounded = static_cast<int>(std::clamp<int64_t>(decimals, INT_MIN, INT_MAX));
      return MakeTensor([&] { return ops::round(x, bounded); });
    }
    if (x.rank() > 0) return MakeTensor([&] { return ops::round(x); });
    Reference number(ElementToPython(x.data(), x.dtype()));
    Reference builtins(PyImport_ImportModule("builtins"));
    return Checked(PyObject_CallMethod(builtins.get(), "round", "O", number.get()));
  });
}

template <class Function>
PyCFunction AsMethod(Function function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(function));
}

}  // namespace

PyGetSetDef tensor_attributes[] = {
    {"dtype", &GetDType, nullptr, "The elements' dtype.", nullptr},
    {"device", &GetDevice, nullptr, "Where the memory lies.", nullptr},
    {"ndim", &GetRank, nullptr, "The number of axes.", nullptr},
    {"shape", &GetShape, nullptr, "The lengths of the axes, a tuple.", nullptr},
    {"size", &GetSize, nullptr, "The number of elements.", nullptr},
    {"T", &GetTransposed, nullptr, "A view with both axes of a matrix exchanged.", nullptr},
    {"mT", &GetMatrixTransposed, nullptr, "A view with the last two axes exchanged.", nullptr},
    {"real", &GetReal, &SetReal, "A view of the real parts; of a real tensor itself.", nullptr},
    {"imag", &GetImaginary, &SetImaginary, "A view of the imaginary parts; of a real tensor zeros.",
     nullptr},
    {"nbytes", &GetNumBytes, nullptr, "Bytes of all elements.", nullptr},
    {"itemsize", &GetItemSize, nullptr, "Bytes of one element.", nullptr},
    {"strides", &GetStrides, nullptr, "Bytes from one element to the next along each axis.",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMethodDef tensor_methods[] = {
    {"tolist", &ToList, METH_NOARGS,
     "tolist($self, /)\n--\n\nThe elements as nested lists of Python numbers; of rank 0 one "
     "number."},
    {"item", AsMethod(&ToItem), METH_FASTCALL,
     "item($self, /, *index)\n--\n\nThe only element, or the one at `index` (one integer for "
     "each axis, or one that counts in C order), as a Python number."},
    {"tobytes", &ToBytes, METH_NOARGS,
     "tobytes($self, /)\n--\n\nThe memory of the elements in C order, as bytes."},
    {"to_device", AsMethod(&ToDevice), METH_VARARGS | METH_KEYWORDS,
     "to_device($self, device, /, *, stream=None)\n--\n\nThis tensor where it lies on the device "
     "already, else a copy there."},
    {"__array_namespace__", AsMethod(&GetArrayNamespace), METH_FASTCALL | METH_KEYWORDS,
     "__array_namespace__($self, /, *, api_version=None)\n--\n\nThe module emberharmony.ops."},
    {"__copy__", &Copy, METH_NOARGS, nullptr},
    {"__deepcopy__", &Copy, METH_O, nullptr},
    {"__complex__", &ToComplex, METH_NOARGS,
     "__complex__($self, /)\n--\n\nThe only element as a complex number."},
    {"__round__", AsMethod(&Round), METH_FASTCALL,
     "__round__($self, decimals=None, /)\n--\n\nThe nearest integer of a tensor of rank 0; else "
     "all elements rounded."},
    {"__format__", &FormatOfTensor, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace emberharmony::python
