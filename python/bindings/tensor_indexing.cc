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

  /// A list with an integer that no dtype holds names a place out of any bounds.
  static ops::Tensor Positions(PyObject* key) {
    try {
      return ImportArray(key, std::nullopt, CopyRule::kIfNeeded);
    } catch (const PythonError&) {
      if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
        PyErr_Clear();
        Raise(PyExc_IndexError, "an index is beyond the range of int64");
      }
      throw;
    }
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
    const bool is_array = IsTensor(key) || PyList_Check(key) || PyTuple_Check(key) ||
                          PyRange_Check(key) || IsForeignArray(key);
    if (!is_array) {
      Raise(PyExc_IndexError,
            "expected integers, slices, None, Ellipsis, or bool or integer arrays as an index, "
            "found " +
                std::string(Py_TYPE(key)->tp_name));
    }
    ops::Tensor tensor = OnCpu(Positions(key));
    if (tensor.rank() == 0 && tensor::IsInteger(tensor.dtype())) {
      Reference number(ElementToPython(tensor.data(), tensor.dtype()));
      parts_.emplace_back(int64_t{PositionOf(number.get())});
      return;
    }
    // An empty list has no integers that could tell its dtype.
    if (!IsTensor(key) && !IsForeignArray(key) && tensor.size() == 0) {
      tensor = ops::astype(tensor, ops::DType::kInt64);
    }
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

/// The layout of a view by integers, slices, None and one Ellipsis: the keys that are met most
/// often, without the lists that get_index needs.
class BasicLayout {
 public:
  explicit BasicLayout(const ops::Tensor& x) : x_(x), offset_(x.offset()) {}

  /// False for other keys, and for those that are wrong, which get_index has the messages for.
  bool Set(PyObject* const* keys, Py_ssize_t num_keys) {
    int num_axes = 0;
    int num_ellipses = 0;
    for (Py_ssize_t i = 0; i < num_keys; ++i) {
      if (PyLong_CheckExact(keys[i]) || PySlice_Check(keys[i])) {
        ++num_axes;
      } else if (keys[i] == Py_Ellipsis) {
        ++num_ellipses;
      } else if (keys[i] != Py_None) {
        return false;
      }
    }
    if (num_axes > x_.rank() || num_ellipses > 1 || num_keys + x_.rank() > tensor::kRankMax) {
      return false;
    }
    for (Py_ssize_t i = 0; i < num_keys; ++i) {
      if (keys[i] == Py_Ellipsis) {
        for (int k = x_.rank() - num_axes; k > 0; --k) Keep();
      } else if (keys[i] == Py_None) {
        Append(1, 0);
      } else if (!(PySlice_Check(keys[i]) ? Slice(keys[i]) : Select(keys[i]))) {
        return false;
      }
    }
    while (axis_ < x_.rank()) Keep();
    return true;
  }

  ops::Tensor View() const {
    const auto rank = static_cast<size_t>(rank_);
    return x_.View(std::span<const int64_t>(shape_, rank), std::span<const int64_t>(strides_, rank),
                   offset_);
  }

 private:
  void Append(int64_t length, int64_t stride) {
    shape_[rank_] = length;
    strides_[rank_++] = stride;
  }
  void Keep() {
    Append(x_.shape()[axis_], x_.strides()[axis_]);
    ++axis_;
  }
  bool Select(PyObject* key) {
    const int64_t length = x_.shape()[axis_];
    int64_t index = PositionOf(key);
    if (index < -length || index >= length) return false;
    if (index < 0) index += length;
    offset_ += index * x_.strides()[axis_++];
    return true;
  }
  bool Slice(PyObject* key) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0) throw PythonError{};
    const Py_ssize_t count = PySlice_AdjustIndices(x_.shape()[axis_], &start, &stop, step);
    const int64_t stride = x_.strides()[axis_++];
    if (count > 0) offset_ += start * stride;
    Append(count, count > 1 ? stride * step : stride);
    return true;
  }

  const ops::Tensor& x_;
  int axis_ = 0;
  int rank_ = 0;
  int64_t offset_;
  int64_t shape_[tensor::kRankMax];
  int64_t strides_[tensor::kRankMax];
};

/// The keys of x[key].
std::span<PyObject* const> KeysOf(PyObject* const* key) {
  if (!PyTuple_Check(*key)) return {key, 1};
  return {&PyTuple_GET_ITEM(*key, 0), static_cast<size_t>(PyTuple_GET_SIZE(*key))};
}

PyObject* Subscript(PyObject* self, PyObject* key) {
  try {
    const ops::Tensor& x = TensorOf(self);
    if (PyLong_CheckExact(key)) return MakeTensor([&] { return SelectFirst(x, PositionOf(key)); });
    if (PySlice_Check(key) && x.rank() > 0) {
      return MakeTensor([&] { return SliceFirst(x, key); });
    }
    const std::span<PyObject* const> keys = KeysOf(&key);
    BasicLayout layout(x);
    if (layout.Set(keys.data(), static_cast<Py_ssize_t>(keys.size()))) {
      return MakeTensor([&] { return layout.View(); });
    }
    const Key index(key);
    return MakeTensor([&] { return ops::get_index(x, index.parts()); });
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

/// Writes a value into a view if that takes no conversion: a number of the dtype's kind into one
/// element, or a tensor of the view's shape and dtype. False, with nothing done, for others.
bool AssignPlain(ops::Tensor& view, PyObject* value) {
  if (IsTensor(value)) {
    const ops::Tensor& source = TensorOf(value);
    if (source.dtype() != view.dtype() || !(source.shape() == view.shape())) return false;
    ops::astype(source, view.dtype(), true, {.out = &view});
    return true;
  }
  if (view.size() != 1) return false;
  if (PyFloat_CheckExact(value) && tensor::IsRealFloating(view.dtype())) {
    ops::Scalar(PyFloat_AS_DOUBLE(value))
        .Write(view.dtype(), view.mutable_data(), "x[key] = value");
    return true;
  }
  if (PyLong_CheckExact(value) && tensor::IsInteger(view.dtype())) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0) return false;
    ops::Scalar(number).Write(view.dtype(), view.mutable_data(), "x[key] = value");
    return true;
  }
  return false;
}

int AssignSubscript(PyObject* self, PyObject* key, PyObject* value) {
  try {
    if (value == nullptr) Raise(PyExc_TypeError, "elements of a tensor cannot be deleted");
    const std::span<PyObject* const> keys = KeysOf(&key);
    BasicLayout layout(TensorOf(self));
    if (layout.Set(keys.data(), static_cast<Py_ssize_t>(keys.size()))) {
      ops::Tensor view = layout.View();
      if (AssignPlain(view, value)) return 0;
    }
    const Key index(key);
    ops::Operand operand;
    std::optional<ops::Tensor> imported;
    if (IsTensor(value)) {
      operand = ops::Operand(TensorOf(value));
    } else if (!NumberToOperand(value, &operand)) {
      imported = ImportArray(value, std::nullopt, CopyRule::kIfNeeded);
      operand = ops::Operand(*imported);
    }
    ops::internal::WriteIndex(TensorOf(self), index.parts(), operand);
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
