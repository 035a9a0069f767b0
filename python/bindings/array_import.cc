#include "bindings/array_import.h"

#include <cstring>
#include <string_view>
#include <utility>

#include "bindings/arguments.h"
#include "bindings/dtype_object.h"
#include "bindings/forgotten_error.h"
#include "bindings/tensor_object.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

bool HasAttribute(PyObject* object, const char* name) {
  PyObject* value = PyObject_GetAttrString(object, name);
  if (value == nullptr) {
    ForgetError();
    return false;
  }
  Py_DECREF(value);
  return true;
}

/// The DLPack way, or absent where the object offers it but not for these elements, and offers
/// another way.
std::optional<ops::Tensor> TryDLPack(PyObject* source, bool has_array, bool* copied) {
  try {
    return ImportDLPack(source, CopyRule::kIfNeeded);
  } catch (const PythonError&) {
    const bool refused =
        PyErr_ExceptionMatches(PyExc_BufferError) || PyErr_ExceptionMatches(PyExc_TypeError);
    if (!has_array || !refused) throw;
    PyErr_Clear();
    *copied = false;
    return std::nullopt;
  }
}

/// numpy.asarray(source).
Reference NumPyArray(PyObject* source) {
  Reference numpy(PyImport_ImportModule("numpy"));
  return Reference(PyObject_CallMethod(numpy.get(), "asarray", "O", source));
}

/// Whether elements of NumPy's dtype are numbers in the other byte order.
bool IsSwapped(PyObject* dtype) {
  Reference native(PyObject_GetAttrString(dtype, "isnative"));
  Reference kind(PyObject_GetAttrString(dtype, "kind"));
  if (native.get() != Py_False || !PyUnicode_Check(kind.get())) return false;
  const char* letter = PyUnicode_AsUTF8(kind.get());
  if (letter == nullptr) throw PythonError{};
  return std::strchr("iufc", *letter) != nullptr;
}

/// NumPy's moments and lengths of time, whose buffers are the bytes of an integer in some unit.
bool IsTime(PyObject* object) {
  const std::string_view name = Py_TYPE(object)->tp_name;
  return name == "numpy.datetime64" || name == "numpy.timedelta64";
}

/// Whether it is one of NumPy's numbers. They have a buffer, as arrays have, and are immutable.
bool IsNumPyNumber(PyObject* object) {
  PyObject* const bases = Py_TYPE(object)->tp_mro;
  for (Py_ssize_t i = 0; i < PyTuple_Size(bases); ++i) {
    auto* const base = reinterpret_cast<PyTypeObject*>(PyTuple_GetItem(bases, i));
    if (std::string_view(base->tp_name) == "numpy.generic") return true;
  }
  return false;
}

ops::Tensor ImportForeign(PyObject* source, bool* copied) {
  if (PyObject_CheckBuffer(source) && !IsTime(source)) {
    if (std::optional<ops::Tensor> tensor = ImportBuffer(source, copied)) {
      if (tensor->rank() > 0 || !IsNumPyNumber(source)) return *tensor;
      // As of a Python number a tensor of its own, which can be written to.
      *copied = true;
      return tensor->Copy();
    }
  }
  const bool has_array =
      HasAttribute(source, "__array__") || HasAttribute(source, "__array_interface__");
  if (HasAttribute(source, "__dlpack__")) {
    if (std::optional<ops::Tensor> tensor = TryDLPack(source, has_array, copied)) return *tensor;
  }
  if (has_array) {
    Reference array = NumPyArray(source);
    if (std::optional<ops::Tensor> tensor = ImportBuffer(array.get(), copied)) return *tensor;
    Reference dtype(PyObject_GetAttrString(array.get(), "dtype"));
    if (IsSwapped(dtype.get())) {
      Reference native(PyObject_CallMethod(dtype.get(), "newbyteorder", "s", "="));
      Reference turned(PyObject_CallMethod(array.get(), "astype", "O", native.get()));
      *copied = true;
      bool ignored = false;
      if (std::optional<ops::Tensor> tensor = ImportBuffer(turned.get(), &ignored)) return *tensor;
    }
    PyErr_Format(
        PyExc_TypeError,
        "cannot make a tensor of elements of dtype %.80S: convert them to one of the array "
        "API standard's",
        dtype.get());
    throw PythonError{};
  }
  PyErr_Format(
      PyExc_TypeError,
      "cannot make a tensor of %s: expected a number, nested lists of numbers, or an object "
      "with the buffer protocol, __dlpack__ or __array__",
      Py_TYPE(source)->tp_name);
  throw PythonError{};
}

/// The items of a sequence, as many as it says that it has: one whose items never end is not read
/// on until the memory is full.
Reference ListOf(PyObject* sequence) {
  const Py_ssize_t length = PySequence_Size(sequence);
  if (length < 0) throw PythonError{};
  Reference list(PyList_New(0));
  for (Py_ssize_t i = 0; i < length; ++i) {
    PyObject* const item = PySequence_GetItem(sequence, i);
    if (item == nullptr && PyErr_ExceptionMatches(PyExc_IndexError)) {
      PyErr_Clear();
      break;
    }
    const Reference held(item);
    if (PyList_Append(list.get(), held.get()) < 0) throw PythonError{};
  }
  return list;
}

/// What no array is: not even where it is a sequence or has a buffer.
bool IsText(PyObject* object) {
  return PyUnicode_Check(object) || PyBytes_Check(object) || PyByteArray_Check(object);
}

/// As an array if it is one, else (range, deque) as a list.
ops::Tensor ImportAny(PyObject* source, std::optional<ops::DType> dtype, bool* copied) {
  if (PyList_Check(source) || PyTuple_Check(source) || IsPythonNumber(source)) {
    *copied = true;
    return ImportNested(source, dtype);
  }
  if (PySequence_Check(source) && !PyUnicode_Check(source) && !PyObject_CheckBuffer(source) &&
      !HasAttribute(source, "__array__") && !HasAttribute(source, "__dlpack__")) {
    const Reference list = ListOf(source);
    *copied = true;
    return ImportNested(list.get(), dtype);
  }
  return ImportForeign(source, copied);
}

}  // namespace

bool IsForeignArray(PyObject* object) {
  if (PyObject_CheckBuffer(object)) return !IsText(object);
  if (object == Py_None || PyLong_Check(object) || PyFloat_Check(object) || PyList_Check(object) ||
      PyTuple_Check(object) || PyType_Check(object)) {
    return false;
  }
  return HasAttribute(object, "__dlpack__") || HasAttribute(object, "__array__");
}

ops::Tensor ImportArray(PyObject* source, std::optional<ops::DType> dtype, CopyRule rule) {
  bool copied = false;
  ops::Tensor tensor = IsTensor(source) ? TensorOf(source) : ImportAny(source, dtype, &copied);
  const bool converts = dtype && *dtype != tensor.dtype();
  if (rule == CopyRule::kNever && (copied || converts)) {
    Raise(PyExc_ValueError,
          "a copy of the elements is needed, and copy=False forbids it: leave copy=None");
  }
  if (converts) return ops::astype(tensor, *dtype);
  if (rule == CopyRule::kAlways && !copied) return tensor.Copy();
  return tensor;
}

ops::Tensor FromMemory(void* data, const ops::Shape& shape, const ops::Shape& byte_strides,
                       ops::DType dtype, std::shared_ptr<const void> owner, bool writable,
                       bool* copied) {
  const int64_t item_bytes = tensor::ItemSize(dtype);
  // Complex numbers need only be aligned as their parts are.
  const auto alignment = static_cast<uintptr_t>(tensor::ItemSize(tensor::RealPartOf(dtype)));
  bool contiguous = true;
  bool fits = reinterpret_cast<uintptr_t>(data) % alignment == 0;
  int64_t expected = item_bytes;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] != 1 && byte_strides[i] != expected) contiguous = false;
    expected *= shape[i];
  }
  const bool empty = shape.num_elements() == 0;
  if (empty || (contiguous && fits)) {
    return writable ? ops::Tensor::WrapMutable(data, shape, dtype, std::move(owner))
                    : ops::Tensor::Wrap(data, shape, dtype, std::move(owner));
  }
  ops::Shape strides = byte_strides;
  for (int i = 0; i < shape.rank(); ++i) {
    // Along axes of length 1 nothing is stepped over, and libraries put anything there.
    if (shape[i] == 1) strides[i] = item_bytes;
    fits = fits && strides[i] % item_bytes == 0;
    strides[i] /= item_bytes;
  }
  if (fits) {
    const ops::Tensor start = writable ? ops::Tensor::WrapMutable(data, {}, dtype, std::move(owner))
                                       : ops::Tensor::Wrap(data, {}, dtype, std::move(owner));
    return start.View(shape, std::move(strides), 0);
  }
  *copied = true;
  ops::Tensor result = ops::Tensor::Empty(shape, dtype);
  auto* to = static_cast<char*>(result.mutable_data());
  int64_t at[tensor::kRankMax] = {};
  for (int64_t k = 0; k < result.size(); ++k) {
    const char* from = static_cast<const char*>(data);
    for (int i = 0; i < shape.rank(); ++i) from += at[i] * byte_strides[i];
    std::memcpy(to + k * item_bytes, from, static_cast<size_t>(item_bytes));
    for (int i = shape.rank() - 1; i >= 0 && ++at[i] == shape[i]; --i) at[i] = 0;
  }
  return result;
}

}  // namespace emberharmony::python
