// x[key], x[key] = value, len(x), iteration.
#include <optional>
#include <string>
#include <vector>

#include "bindings/arguments.h"
#include "bindings/array_import.h"
#include "bindings/tensor_object.h"
#include "emberharmony/ops.h"
#include "emberharmony/ops/indexing.h"

namespace emberharmony::python {
namespace {

/// An integer as an index; one that is out of any bounds raises IndexError.
int64_t PositionOf(PyObject* key) {
  const Py_ssize_t position = PyNumber_AsSsize_t(key, PyExc_IndexError);
  if (position == -1 && PyErr_Occurred()) throw PythonError{};
  return position;
}

/// A key made into parts of an index, with the tensors that they refer to.
class Key {
 public:
  explicit Key(PyObject* key) {
    if (!PyTuple_Check(key)) {
      tensors_.reserve(1);
      Add(key);
      return;
    }
    const Py_ssize_t n = PyTuple_GET_SIZE(key);
    // Parts hold pointers into the list, so it must not move.
    tensors_.reserve(static_cast<size_t>(n));
    parts_.reserve(static_cast<size_t>(n));
    for (Py_ssize_t i = 0; i < n; ++i) Add(PyTuple_GET_ITEM(key, i));
  }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;

  std::span<const ops::Index> parts() const { return parts_; }

 private:
  void Add(PyObject* key) {
    if (PyBool_Check(key)) {
      parts_.emplace_back(key == Py_True);
    } else if (PyLong_CheckExact(key)) {
      parts_.emplace_back(int64_t{PositionOf(key)});
    } else if (PySlice_Check(key)) {
      parts_.emplace_back(SliceOf(key));
    } else if (key == Py_Ellipsis) {
      parts_.emplace_back(ops::ellipsis);
    } else if (key == Py_None) {
      parts_.emplace_back(ops::newaxis);
    } else {
      AddArray(key);
    }
  }

  static ops::Slice SliceOf(PyObject* key) {
    const auto* slice = reinterpret_cast<PySliceObject*>(key);
    return {Bound(slice->start), Bound(slice->stop), Bound(slice->step)};
  }
  /// Bounds beyond what an integer holds are as good as the largest.
  static std::optional<int64_t> Bound(PyObject* bound) {
    if (bound == Py_None) return std::nullopt;
    if (!PyIndex_Check(bound)) {
      Raise(PyExc_TypeError, "bounds of slices must be integers or None, found " +
                                 std::string(Py_TYPE(bound)->tp_name));
    }
    const Py_ssize_t value = PyNumber_AsSsize_t(bound, nullptr);
    if (value == -1 && PyErr_Occurred()) throw PythonError{};
    return value;
  }

  /// Tensors, arrays of other libraries, lists; of rank 0 with an integer they are integers.
  void AddArray(PyObject* key) {
    if (!IsTensor(key) && PyIndex_Check(key)) {
      PyObject* integer = PyNumber_Index(key);
      if (integer != nullptr) {
        Reference held(integer);
        parts_.emplace_back(int64_t{PositionOf(integer)});
        return;
      }
      PyErr_Clear();
    }
    const bool is_array = IsTensor(key) || PyList_Check(key) || IsForeignArray(key);
    if (!is_array) {
      Raise(PyExc_IndexError,
            "expected integers, slices, None, Ellipsis, or bool or integer arrays as an index, "
            "found " +
                std::string(Py_TYPE(key)->tp_name));
    }
    ops::Tensor tensor = ImportArray(key, std::nullopt, CopyRule::kIfNeeded);
    if (tensor.rank() == 0 && tensor::IsInteger(tensor.dtype())) {
      Reference number(ElementToPython(tensor.data(), tensor.dtype()));
      parts_.emplace_back(int64_t{PositionOf(number.get())});
      return;
    }
    // An empty list has no integers that could tell its dtype.
    if (PyList_Check(key) && tensor.size() == 0) tensor = ops::astype(tensor, ops::DType::kInt64);
    parts_.emplace_back(tensors_.emplace_back(std::move(tensor)));
  }

  std::vector<ops::Tensor> tensors_;
  std::vector<ops::Index> parts_;
};

ops::Tensor SelectFirst(const ops::Tensor& x, int64_t index) {
  if (x.rank() == 0 || index < -x.shape()[0] || index >= x.shape()[0]) {
    return ops::get_index(x, {ops::Index(index)});  // which throws
  }
  return x.Select(0, index);
}

ops::Tensor SliceFirst(const ops::Tensor& x, PyObject* slice) {
  Py_ssize_t start, stop, step;
  if (PySlice_Unpack(slice, &start, &stop, &step) < 0) throw PythonError{};
  return x.Slice(0, start, stop, step);
}

PyObject* Subscript(PyObject* self, PyObject* key) {
  try {
    const ops::Tensor& x = TensorOf(self);
    if (PyLong_CheckExact(key)) return MakeTensor([&] { return SelectFirst(x, PositionOf(key)); });
    if (PySlice_Check(key) && x.rank() > 0) {
      return MakeTensor([&] { return SliceFirst(x, key); });
    }
    const Key index(key);
    return MakeTensor([&] { return ops::get_index(x, index.parts()); });
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

int AssignSubscript(PyObject* self, PyObject* key, PyObject* value) {
  try {
    if (value == nullptr) Raise(PyExc_TypeError, "elements of a tensor cannot be deleted");
    const Key index(key);
    ops::Operand operand;
    std::optional<ops::Tensor> imported;
    if (IsTensor(value)) {
      operand = ops::Operand(TensorOf(value));
    } else if (!NumberToOperand(value, &operand)) {
      imported = ImportArray(value, std::nullopt, CopyRule::kIfNeeded);
      operand = ops::Operand(*imported);
    }
    ops::set_index(TensorOf(self), index.parts(), operand);
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
