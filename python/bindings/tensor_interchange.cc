// How a tensor gives its memory to other libraries: DLPack, the buffer protocol, NumPy, pickle.
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/array_import.h"
#include "bindings/device_object.h"
#include "bindings/dlpack.h"
#include "bindings/dtype_object.h"
#include "bindings/forgotten_error.h"
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

/// A tensor on its way to another library: what DLPack's structure points at.
template <class Managed>
struct Export {
  Managed managed{};
  ops::Tensor tensor;
  ops::Shape shape;
  ops::Shape strides;
};

dlpack::DataType TypeOf(ops::DType dtype) {
  const auto bits = static_cast<uint8_t>(8 * tensor::ItemSize(dtype));
  dlpack::TypeCode code = dlpack::TypeCode::kComplex;
  if (tensor::IsBool(dtype)) code = dlpack::TypeCode::kBool;
  if (tensor::IsSignedInteger(dtype)) code = dlpack::TypeCode::kInt;
  if (tensor::IsUnsignedInteger(dtype)) code = dlpack::TypeCode::kUInt;
  if (tensor::IsRealFloating(dtype)) code = dlpack::TypeCode::kFloat;
  return {static_cast<uint8_t>(code), bits, 1};
}

template <class Managed>
Managed* MakeExport(const ops::Tensor& x) {
  auto out = std::make_unique<Export<Managed>>();
  out->tensor = x;
  out->shape = x.shape();
  out->strides = x.strides();
  dlpack::View& view = out->managed.view;
  view.data = const_cast<void*>(x.data());
  view.device = {static_cast<int32_t>(x.device().kind), x.device().index};
  view.rank = x.rank();
  view.dtype = TypeOf(x.dtype());
  view.shape = out->shape.data();
  view.strides = out->strides.data();
  out->managed.context = out.get();
  out->managed.deleter = [](Managed* self) { delete static_cast<Export<Managed>*>(self->context); };
  return &out.release()->managed;
}

/// Frees what nobody has taken out of the capsule.
template <class Managed>
void DestroyCapsule(PyObject* capsule) {
  constexpr bool kVersioned = std::is_same_v<Managed, dlpack::Versioned>;
  const char* name = kVersioned ? dlpack::kVersionedName : dlpack::kUnversionedName;
  if (!PyCapsule_IsValid(capsule, name)) return;
  auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, name));
  managed->deleter(managed);
}

template <class Managed>
PyObject* MakeCapsule(Managed* managed, const char* name) {
  PyObject* capsule = PyCapsule_New(managed, name, &DestroyCapsule<Managed>);
  if (capsule == nullptr) {
    managed->deleter(managed);
    throw PythonError{};
  }
  return capsule;
}

/// The keyword arguments of __dlpack__, checked.
struct DLPackRequest {
  bool versioned = false;
  std::optional<bool> copy;
  ops::Device device;
};

/// Where the consumer wants the tensor.
ops::Device RequestedDevice(const ops::Tensor& x, PyObject* dl_device) {
  if (dl_device == Py_None) return x.device();
  int type = 0;
  int index = 0;
  if (!PyTuple_Check(dl_device) || !PyArg_ParseTuple(dl_device, "ii", &type, &index)) {
    ForgetError();
    Raise(PyExc_TypeError, "__dlpack__: expected dl_device=(type, index)");
  }
  if (type == static_cast<int>(tensor::DeviceKind::kCpu)) return tensor::kCpuDevice;
  const ops::Device device{static_cast<tensor::DeviceKind>(type), index};
  std::string names;
  for (const ops::Device each : ops::available_devices()) {
    if (each == device) return device;
    names += " (" + std::to_string(static_cast<int>(each.kind)) + ", " +
             std::to_string(each.index) + ")";
  }
  Raise(PyExc_BufferError, "__dlpack__: expected a device that a loaded backend has, among" +
                               names + ", found (" + std::to_string(type) + ", " +
                               std::to_string(index) + ")");
}

DLPackRequest ParseRequest(const ops::Tensor& x, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"stream", "max_version", "dl_device", "copy", nullptr};
  PyObject* stream = Py_None;
  PyObject* max_version = Py_None;
  PyObject* dl_device = Py_None;
  PyObject* copy = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OOOO:__dlpack__", const_cast<char**>(names),
                                   &stream, &max_version, &dl_device, &copy)) {
    throw PythonError{};
  }
  DLPackRequest request;
  request.device = RequestedDevice(x, dl_device);
  // On other devices tensors are complete when a function returns: there is no stream to wait for.
  if (stream != Py_None && request.device == tensor::kCpuDevice) {
    Raise(PyExc_BufferError, "__dlpack__: the CPU has no streams: expected stream=None");
  }
  if (max_version != Py_None) {
    int major = 0;
    int minor = 0;
    if (!PyTuple_Check(max_version) || !PyArg_ParseTuple(max_version, "ii", &major, &minor)) {
      ForgetError();
      Raise(PyExc_TypeError, "__dlpack__: expected max_version=(major, minor)");
    }
    request.versioned = major >= 1;
  }
  if (copy != Py_None) {
    const int truth = PyObject_IsTrue(copy);
    if (truth < 0) throw PythonError{};
    request.copy = truth != 0;
  }
  if (request.copy == false && request.device != x.device()) {
    Raise(PyExc_BufferError,
          "__dlpack__: a copy to another device is needed, and copy=False forbids it");
  }
  return request;
}

ops::Tensor CopyOn(const ops::Tensor& x, ops::Device device) {
  const bool is_here = x.device() == tensor::kCpuDevice;
  if (is_here && device == tensor::kCpuDevice) return x.Copy();
  return ops::to_device(OnCpu(x), device);
}

PyObject* ToDLPack(PyObject* self, PyObject* args, PyObject* kwargs) {
  return Guarded([&]() -> PyObject* {
    const ops::Tensor& own = TensorOf(self);
    const DLPackRequest request = ParseRequest(own, args, kwargs);
    const bool is_copied = request.copy == true || request.device != own.device();
    const ops::Tensor x = is_copied ? CopyOn(own, request.device) : own;
    ops::synchronize(x.device());
    if (request.versioned) {
      auto* managed = MakeExport<dlpack::Versioned>(x);
      managed->major = dlpack::kMajor;
      managed->minor = dlpack::kMinor;
      managed->flags = (x.writable() ? 0 : dlpack::kReadOnly) | (is_copied ? dlpack::kIsCopied : 0);
      return MakeCapsule(managed, dlpack::kVersionedName);
    }
    if (!x.writable()) {
      Raise(PyExc_BufferError,
            "__dlpack__: before version 1.0 of the protocol a read-only tensor cannot be told from "
            "one that may be written to: copy it first");
    }
    return MakeCapsule(MakeExport<dlpack::Unversioned>(x), dlpack::kUnversionedName);
  });
}

PyObject* DLPackDevice(PyObject* self, PyObject*) {
  const ops::Device device = TensorOf(self).device();
  return Py_BuildValue("(ii)", static_cast<int>(device.kind), static_cast<int>(device.index));
}

// The buffer protocol.

const char* FormatOf(ops::DType dtype) {
  // NumPy's int64 is C's long where that has 64 bits.
  constexpr const char* kFormats[tensor::kNumDTypes] = {"?",
                                                        "b",
                                                        "h",
                                                        "i",
                                                        sizeof(long) == 8 ? "l" : "q",
                                                        "B",
                                                        "H",
                                                        "I",
                                                        sizeof(long) == 8 ? "L" : "Q",
                                                        "f",
                                                        "d",
                                                        "Zf",
                                                        "Zd"};
  return kFormats[static_cast<int>(dtype)];
}

bool IsFortranContiguous(const ops::Tensor& x) {
  int64_t step = 1;
  for (int i = 0; i < x.rank() && x.size() > 0; ++i) {
    if (x.shape()[i] != 1 && x.strides()[i] != step) return false;
    step *= x.shape()[i];
  }
  return true;
}

/// Why the consumer's flags cannot be met, or null.
const char* WhyNot(const ops::Tensor& x, int flags) {
  const auto asked = [flags](int flag) { return (flags & flag) == flag; };
  if (asked(PyBUF_WRITABLE) && !x.writable()) return "the tensor is read-only";
  if (asked(PyBUF_C_CONTIGUOUS) && !x.is_contiguous()) return "the tensor is not C-contiguous";
  if (asked(PyBUF_F_CONTIGUOUS) && !IsFortranContiguous(x)) {
    return "the tensor is not Fortran-contiguous";
  }
  if (asked(PyBUF_ANY_CONTIGUOUS) && !x.is_contiguous() && !IsFortranContiguous(x)) {
    return "the tensor is not contiguous";
  }
  if (!asked(PyBUF_STRIDES) && !x.is_contiguous()) {
    return "the tensor is not C-contiguous, and strides were not asked for";
  }
  return nullptr;
}

int GetBuffer(PyObject* self, Py_buffer* view, int flags) {
  const ops::Tensor& x = TensorOf(self);
  view->obj = nullptr;
  if (x.device() != tensor::kCpuDevice) {
    PyErr_Format(PyExc_BufferError,
                 "the tensor lies on %s: copy it to the CPU with x.to_device(\"cpu\")",
                 tensor::DeviceName(x.device()).c_str());
    return -1;
  }
  if (const char* why = WhyNot(x, flags)) {
    PyErr_SetString(PyExc_BufferError, why);
    return -1;
  }
  // The shape lies in the object, which the buffer keeps; strides in bytes have to be made.
  auto* strides = static_cast<Py_ssize_t*>(PyMem_Malloc(sizeof(Py_ssize_t) * (x.rank() + 1)));
  if (strides == nullptr) {
    PyErr_NoMemory();
    return -1;
  }
  for (int i = 0; i < x.rank(); ++i) strides[i] = x.strides()[i] * tensor::ItemSize(x.dtype());
  static_assert(sizeof(Py_ssize_t) == sizeof(int64_t));
  const bool with_shape = (flags & PyBUF_ND) == PyBUF_ND;
  view->buf = const_cast<void*>(x.data());
  view->obj = Py_NewRef(self);
  view->len = x.size_bytes();
  view->readonly = x.writable() ? 0 : 1;
  view->itemsize = tensor::ItemSize(x.dtype());
  view->format =
      (flags & PyBUF_FORMAT) == PyBUF_FORMAT ? const_cast<char*>(FormatOf(x.dtype())) : nullptr;
  view->ndim = with_shape ? x.rank() : 1;
  view->shape = nullptr;
  view->strides = nullptr;
  if (with_shape) {
    view->shape = reinterpret_cast<Py_ssize_t*>(const_cast<int64_t*>(x.shape().data()));
  }
  if ((flags & PyBUF_STRIDES) == PyBUF_STRIDES) view->strides = strides;
  view->suboffsets = nullptr;
  view->internal = strides;
  return 0;
}

void ReleaseBuffer(PyObject*, Py_buffer* view) { PyMem_Free(view->internal); }

/// __array__(dtype=None, copy=None), as numpy.asarray calls it.
PyObject* ToNumPy(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"dtype", "copy", nullptr};
  PyObject* dtype = Py_None;
  PyObject* copy = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:__array__", const_cast<char**>(names), &dtype,
                                   &copy)) {
    return nullptr;
  }
  return Guarded([&]() -> PyObject* {
    Reference numpy(PyImport_ImportModule("numpy"));
    Reference view(PyMemoryView_FromObject(self));
    Reference array(PyObject_CallMethod(numpy.get(), "asarray", "O", view.get()));
    Reference make(PyObject_GetAttrString(numpy.get(), "array"));
    Reference positional(PyTuple_Pack(1, array.get()));
    Reference keywords(Py_BuildValue("{sOsO}", "dtype", dtype, "copy", copy));
    return Checked(PyObject_Call(make.get(), positional.get(), keywords.get()));
  });
}

PyObject* AsNumPy(PyObject* self, PyObject*) {
  return Guarded([&]() -> PyObject* {
    Reference none(PyTuple_New(0));
    return ToNumPy(self, none.get(), nullptr);
  });
}

/// NumPy's functions with a tensor among their arguments, `array + tensor` among them; only with it
/// NumPy's operators do not take a tensor for a number.
PyObject* ArrayUfunc(PyObject* self, PyObject* args, PyObject* kwargs) {
  return Guarded([&]() -> PyObject* {
    static PyObject* function = nullptr;
    if (function == nullptr) {
      Reference module(PyImport_ImportModule("emberharmony.ops._numpy_ufuncs"));
      function = Checked(PyObject_GetAttrString(module.get(), "array_ufunc"));
    }
    Reference self_only(PyTuple_Pack(1, self));
    Reference all(PySequence_Concat(self_only.get(), args));
    return Checked(PyObject_Call(function, all.get(), kwargs));
  });
}

/// (rebuild, (dtype, shape, elements)). From protocol 5 on the elements may travel beside the
/// pickle, without a copy.
PyObject* ReduceEx(PyObject* self, PyObject* protocol) {
  return Guarded([&]() -> PyObject* {
    // Where the device is not there any more, a pickle can be read all the same.
    const ops::Tensor x = OnCpu(TensorOf(self));
    const long version = PyLong_AsLong(protocol);
    if (version == -1 && PyErr_Occurred()) throw PythonError{};
    const bool is_own = x.is_contiguous() && x.device() == TensorOf(self).device();
    Reference contiguous(is_own ? Py_NewRef(self) : ToPython(x.Contiguous()));
    Reference elements(
        version >= 5
            ? PyPickleBuffer_FromObject(contiguous.get())
            : PyBytes_FromStringAndSize(static_cast<const char*>(TensorOf(contiguous.get()).data()),
                                        x.size_bytes()));
    Reference core(PyImport_ImportModule("emberharmony._core"));
    Reference rebuild(PyObject_GetAttrString(core.get(), "_rebuild_tensor"));
    Reference shape(ToPython(x.shape()));
    return Checked(Py_BuildValue("O(OOO)", rebuild.get(), DTypeObject(x.dtype()), shape.get(),
                                 elements.get()));
  });
}

template <class Function>
PyCFunction AsMethod(Function function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(function));
}

}  // namespace

PyObject* RebuildTensor(PyObject*, PyObject* args) {
  PyObject* dtype = nullptr;
  PyObject* shape = nullptr;
  PyObject* elements = nullptr;
  if (!PyArg_ParseTuple(args, "OOO:_rebuild_tensor", &dtype, &shape, &elements)) return nullptr;
  return Guarded([&]() -> PyObject* {
    ops::Tensor result = ops::Tensor::Empty(ops::Shape(IntegersOf(shape)), DTypeOf(dtype));
    Py_buffer view;
    if (PyObject_GetBuffer(elements, &view, PyBUF_CONTIG_RO) < 0) throw PythonError{};
    const bool fits = view.len == result.size_bytes();
    if (fits && view.len > 0) {
      std::memcpy(result.mutable_data(), view.buf, static_cast<size_t>(view.len));
    }
    PyBuffer_Release(&view);
    if (!fits) Raise(PyExc_ValueError, "the pickled elements are not as many as the shape's");
    return ToPython(std::move(result));
  });
}

PyType_Slot tensor_buffer_slots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(&GetBuffer)},
                                     {Py_bf_releasebuffer, reinterpret_cast<void*>(&ReleaseBuffer)},
                                     {0, nullptr}};

PyMethodDef tensor_interchange_methods[] = {
    {"__dlpack__", AsMethod(&ToDLPack), METH_VARARGS | METH_KEYWORDS,
     "__dlpack__($self, /, *, stream=None, max_version=None, dl_device=None, copy=None)\n--\n\n"
     "A capsule with this tensor for another library's from_dlpack."},
    {"__dlpack_device__", &DLPackDevice, METH_NOARGS,
     "__dlpack_device__($self, /)\n--\n\nWhere it lies: (1, 0), the CPU, or a device's type and "
     "number."},
    {"__array__", AsMethod(&ToNumPy), METH_VARARGS | METH_KEYWORDS,
     "__array__($self, /, dtype=None, copy=None)\n--\n\nA NumPy array that shares the memory."},
    {"numpy", &AsNumPy, METH_NOARGS,
     "numpy($self, /)\n--\n\nA NumPy array that shares the memory; read-only if this tensor is."},
    {"__array_ufunc__", AsMethod(&ArrayUfunc), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"__reduce_ex__", &ReduceEx, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace emberharmony::python
