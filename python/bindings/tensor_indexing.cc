// x[key], x[key] = value, len(x), iteration.
#include "bindings/arguments.h"
#include "bindings/array_import.h"
#include "bindings/tensor_object.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

void RaiseIndexError(const ops::Tensor& x, int64_t index, int axis) {
  PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for axis %d of a %s",
               static_cast<long long>(index), axis, x.Describe().c_str());
  throw PythonError{};
}

ops::Tensor SelectFirst(const ops::Tensor& x, int64_t index) {
  if (x.rank() == 0) {
    Raise(PyExc_IndexError, "a tensor of rank 0 has no axis to be indexed: use x[()] or x[...]");
  }
  const int64_t length = x.shape()[0];
  if (index < -length || index >= length) RaiseIndexError(x, index, 0);
  return x.Select(0, index);
}

ops::Tensor SliceAxis(const ops::Tensor& x, int axis, PyObject* slice) {
  Py_ssize_t start, stop, step;
  if (PySlice_Unpack(slice, &start, &stop, &step) < 0) throw PythonError{};
  return x.Slice(axis, start, stop, step);
}

/// Basic keys: integers, slices, None and one Ellipsis.
ops::Tensor GetBasic(const ops::Tensor& x, PyObject* const* keys, Py_ssize_t num_keys) {
  Py_ssize_t num_axes = 0;
  bool ellipsis = false;
  for (Py_ssize_t i = 0; i < num_keys; ++i) {
    if (keys[i] == Py_Ellipsis) {
      if (ellipsis) Raise(PyExc_IndexError, "an index can have one ellipsis only");
      ellipsis = true;
    } else if (keys[i] != Py_None) {
      ++num_axes;
    }
  }
  if (num_axes > x.rank()) {
    PyErr_Format(PyExc_IndexError, "%zd indices are too many for a %s", num_axes,
                 x.Describe().c_str());
    throw PythonError{};
  }
  ops::Tensor result = x;
  int axis = 0;
  for (Py_ssize_t i = 0; i < num_keys; ++i) {
    PyObject* key = keys[i];
    if (key == Py_Ellipsis) {
      axis += x.rank() - static_cast<int>(num_axes);
    } else if (key == Py_None) {
      result = result.ExpandDims(axis++);
    } else if (PySlice_Check(key)) {
      result = SliceAxis(result, axis++, key);
    } else if (PyIndex_Check(key) && !PyBool_Check(key)) {
      const int64_t index = IntegerOf(key);
      const int64_t length = result.shape()[axis];
      if (index < -length || index >= length) RaiseIndexError(result, index, axis);
      result = result.Select(axis, index);
    } else {
      PyErr_Format(PyExc_IndexError,
                   "expected integers, slices, None or Ellipsis as an index, found %s",
                   Py_TYPE(key)->tp_name);
      throw PythonError{};
    }
  }
  return result;
}

ops::Tensor Get(const ops::Tensor& x, PyObject* key) {
  if (PyTuple_Check(key)) {
    return GetBasic(x, &PyTuple_GET_ITEM(key, 0), PyTuple_GET_SIZE(key));
  }
  return GetBasic(x, &key, 1);
}

PyObject* Subscript(PyObject* self, PyObject* key) {
  try {
    const ops::Tensor& x = TensorOf(self);
    if (PyLong_CheckExact(key)) return MakeTensor([&] { return SelectFirst(x, IntegerOf(key)); });
    if (PySlice_Check(key) && x.rank() > 0) {
      return MakeTensor([&] { return SliceAxis(x, 0, key); });
    }
    return MakeTensor([&] { return Get(x, key); });
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

int AssignSubscript(PyObject* self, PyObject* key, PyObject* value) {
  try {
    if (value == nullptr) Raise(PyExc_TypeError, "elements of a tensor cannot be deleted");
    ops::Tensor target = Get(TensorOf(self), key);
    const ops::Tensor source = ImportArray(value, std::nullopt, CopyRule::kIfNeeded);
    ops::astype(source.BroadcastTo(target.shape()), target.dtype(), true, {.out = &target});
    return 0;
  } catch (...) {
    SetErrorFromException();
    return -1;
  }
}

Py_ssize_t Length(PyObject* self) {
  const ops::Tensor& x = TensorOf(self);
  if (x.rank() > 0) return x.shape()[0];
  PyErr_SetString(PyExc_TypeError, "a tensor of rank 0 has no length");
  return -1;
}

PyObject* Item(PyObject* self, Py_ssize_t index) {
  try {
    return MakeTensor([&] { return SelectFirst(TensorOf(self), index); });
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

PyObject* Iterate(PyObject* self) {
  if (TensorOf(self).rank() == 0) {
    PyErr_SetString(PyExc_TypeError, "a tensor of rank 0 cannot be iterated over");
    return nullptr;
  }
  return PySeqIter_New(self);
}

/// value in x: whether any element equals it.
int Contains(PyObject* self, PyObject* value) {
  PyObject* equal = PyObject_RichCompare(self, value, Py_EQ);
  if (equal == nullptr) return -1;
  if (!IsTensor(equal)) {
    Py_DECREF(equal);
    PyErr_Format(PyExc_TypeError, "expected a number or an array on the left of `in`, found %s",
                 Py_TYPE(value)->tp_name);
    return -1;
  }
  const ops::Tensor flags = TensorOf(equal).Contiguous();
  Py_DECREF(equal);
  for (const bool each : flags.values<bool>()) {
    if (each) return 1;
  }
  return 0;
}

}  // namespace

#define EMBER_SLOT(slot, function) {slot, reinterpret_cast<void*>(function)}
PyType_Slot tensor_indexing_slots[] = {
    EMBER_SLOT(Py_mp_subscript, &Subscript), EMBER_SLOT(Py_mp_ass_subscript, &AssignSubscript),
    EMBER_SLOT(Py_mp_length, &Length),       EMBER_SLOT(Py_sq_length, &Length),
    EMBER_SLOT(Py_sq_item, &Item),           EMBER_SLOT(Py_sq_contains, &Contains),
    EMBER_SLOT(Py_tp_iter, &Iterate),        {0, nullptr}};

}  // namespace emberharmony::python
