// Tensors over the memory of objects with __dlpack__.
#include <cstdint>
#include <string>
#include <utility>

#include "bindings/array_import.h"
#include "bindings/dlpack.h"
#include "bindings/forgotten_error.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

/// Keeps a producer's tensor until the last tensor over it is gone.
template <class Managed>
class HeldTensor {
 public:
  explicit HeldTensor(Managed* managed) : managed_(managed) {}
  HeldTensor(const HeldTensor&) = delete;
  HeldTensor& operator=(const HeldTensor&) = delete;
  ~HeldTensor() {
    if (managed_->deleter == nullptr || !Py_IsInitialized()) return;
    const PyGILState_STATE state = EnsureGil();
    managed_->deleter(managed_);
    PyGILState_Release(state);
  }

 private:
  Managed* managed_;
};

[[noreturn]] void Refuse(const std::string& why) { Raise(PyExc_BufferError, "__dlpack__: " + why); }

ops::DType DTypeOfDLPack(const dlpack::DataType& type) {
  if (type.lanes == 1) {
    const auto integer = [&](ops::DType smallest) {
      const int log = type.bits == 8 ? 0 : type.bits == 16 ? 1 : type.bits == 32 ? 2 : 3;
      return static_cast<ops::DType>(static_cast<int>(smallest) + log);
    };
    const bool whole = type.bits == 8 || type.bits == 16 || type.bits == 32 || type.bits == 64;
    switch (static_cast<dlpack::TypeCode>(type.code)) {
      case dlpack::TypeCode::kInt:
        if (whole) return integer(ops::DType::kInt8);
        break;
      case dlpack::TypeCode::kUInt:
        if (whole) return integer(ops::DType::kUInt8);
        break;
      case dlpack::TypeCode::kFloat:
        if (type.bits == 32) return ops::DType::kFloat32;
        if (type.bits == 64) return ops::DType::kFloat64;
        break;
      case dlpack::TypeCode::kComplex:
        if (type.bits == 64) return ops::DType::kComplex64;
        if (type.bits == 128) return ops::DType::kComplex128;
        break;
      case dlpack::TypeCode::kBool:
        if (type.bits == 8) return ops::DType::kBool;
        break;
    }
  }
  Refuse("elements of type code " + std::to_string(type.code) + ", " + std::to_string(type.bits) +
         " bits and " + std::to_string(type.lanes) + " lanes have no dtype here");
}

/// The device of a tensor; BufferError for one that no loaded backend has.
ops::Device DeviceOfDLPack(int32_t type, int32_t id) {
  // The CPU has one memory, whatever number a producer gives it.
  if (type == static_cast<int32_t>(tensor::DeviceKind::kCpu)) return tensor::kCpuDevice;
  const ops::Device device{static_cast<tensor::DeviceKind>(type), id};
  for (const ops::Device each : ops::available_devices()) {
    if (each == device) return device;
  }
  Refuse("the memory is that of a device (type " + std::to_string(type) + ", number " +
         std::to_string(id) +
         ") that no loaded backend has: load one with set_backend, or ask for device=\"cpu\"");
}

ops::Tensor FromView(const dlpack::View& view, std::shared_ptr<const void> owner, bool writable,
                     bool* copied) {
  const ops::Device device = DeviceOfDLPack(view.device.type, view.device.index);
  if (view.rank < 0 || view.rank > tensor::kRankMax) {
    Refuse("a tensor has at most 64 axes, found " + std::to_string(view.rank));
  }
  const ops::DType dtype = DTypeOfDLPack(view.dtype);
  const auto rank = static_cast<size_t>(view.rank);
  const ops::Shape shape(std::span<const int64_t>(view.shape, rank));
  ops::Shape strides = shape;
  int64_t step = 1;
  for (int i = view.rank - 1; i >= 0; --i) {
    strides[i] = (view.strides != nullptr ? view.strides[i] : step) * tensor::ItemSize(dtype);
    step *= shape[i];
  }
  if (device == tensor::kCpuDevice) {
    return FromMemory(static_cast<char*>(view.data) + view.byte_offset, shape, strides, dtype,
                      std::move(owner), writable, copied);
  }
  for (int i = 0; i < view.rank; ++i) strides[i] /= tensor::ItemSize(dtype);
  char* const data = static_cast<char*>(view.data) + view.byte_offset;
  const ops::Tensor there = ops::Tensor::WrapMutable(data, shape, dtype, std::move(owner), device);
  const ops::Tensor strided = there.View(shape, strides, 0);
  return writable ? strided : strided.ReadOnly();
}

/// Takes what is in the capsule over from it.
ops::Tensor FromCapsule(PyObject* capsule, bool* copied) {
  if (PyCapsule_IsValid(capsule, dlpack::kVersionedName)) {
    auto* managed =
        static_cast<dlpack::Versioned*>(PyCapsule_GetPointer(capsule, dlpack::kVersionedName));
    if (managed->major != dlpack::kMajor) {
      Refuse("expected version 1 of the protocol, found " + std::to_string(managed->major));
    }
    if (PyCapsule_SetName(capsule, dlpack::kUsedVersionedName) < 0) throw PythonError{};
    auto owner = std::make_shared<HeldTensor<dlpack::Versioned>>(managed);
    return FromView(managed->view, owner, (managed->flags & dlpack::kReadOnly) == 0, copied);
  }
  if (PyCapsule_IsValid(capsule, dlpack::kUnversionedName)) {
    auto* managed =
        static_cast<dlpack::Unversioned*>(PyCapsule_GetPointer(capsule, dlpack::kUnversionedName));
    if (PyCapsule_SetName(capsule, dlpack::kUsedUnversionedName) < 0) throw PythonError{};
    auto owner = std::make_shared<HeldTensor<dlpack::Unversioned>>(managed);
    // Before version 1.0 nothing tells whether the memory may be written to, so it is not.
    return FromView(managed->view, owner, false, copied);
  }
  Refuse("expected a capsule named \"dltensor_versioned\" or \"dltensor\"");
}

/// One of the two numbers of a device, which must be an integer of 32 bits (an enumeration's too).
int32_t DeviceNumber(PyObject* object, const char* what) {
  PyObject* const index = PyNumber_Index(object);
  if (index == nullptr) {
    ForgetError();
    Raise(PyExc_TypeError, std::string("__dlpack_device__: expected an integer as the ") + what +
                               ", found " + Py_TYPE(object)->tp_name);
  }
  const Reference number(index);
  int overflow = 0;
  const long value = PyLong_AsLongAndOverflow(number.get(), &overflow);
  if (value == -1 && PyErr_Occurred()) throw PythonError{};
  if (overflow != 0 || value < INT32_MIN || value > INT32_MAX) {
    Raise(PyExc_BufferError,
          std::string("__dlpack_device__: expected a number of 32 bits as the ") + what +
              ", found a larger one");
  }
  return static_cast<int32_t>(value);
}

/// source.__dlpack_device__(): the type of the device and its number.
std::pair<int32_t, int32_t> AskForDevice(PyObject* source) {
  const Reference device(PyObject_CallMethod(source, "__dlpack_device__", nullptr));
  if (!PyTuple_Check(device.get()) || PyTuple_GET_SIZE(device.get()) != 2) {
    Raise(
        PyExc_TypeError,
        std::string("__dlpack_device__: expected a tuple of the device's type and number, found ") +
            Py_TYPE(device.get())->tp_name);
  }
  const int32_t type = DeviceNumber(PyTuple_GET_ITEM(device.get(), 0), "device's type");
  return {type, DeviceNumber(PyTuple_GET_ITEM(device.get(), 1), "device's number")};
}

/// source.__dlpack__(max_version=(1, 1)), or without arguments where the producer is older. With
/// `to_cpu` it is asked for a copy on the CPU, which older producers know nothing of.
Reference AskForCapsule(PyObject* source, bool to_cpu) {
  Reference method(PyObject_GetAttrString(source, "__dlpack__"));
  Reference none(PyTuple_New(0));
  Reference keywords(Py_BuildValue("{s(II)}", "max_version", dlpack::kMajor, dlpack::kMinor));
  if (to_cpu) {
    Reference cpu(Py_BuildValue("(ii)", static_cast<int>(tensor::DeviceKind::kCpu), 0));
    if (PyDict_SetItemString(keywords.get(), "dl_device", cpu.get()) < 0) throw PythonError{};
  }
  PyObject* capsule = PyObject_Call(method.get(), none.get(), keywords.get());
  if (capsule == nullptr && PyErr_ExceptionMatches(PyExc_TypeError)) {
    PyErr_Clear();
    capsule = PyObject_CallNoArgs(method.get());
  }
  return Reference(capsule);
}

}  // namespace

ops::Tensor ImportDLPack(PyObject* source, CopyRule rule, bool to_cpu) {
  const auto [type, id] = AskForDevice(source);
  to_cpu = to_cpu && type != static_cast<int32_t>(tensor::DeviceKind::kCpu);
  if (to_cpu && rule == CopyRule::kNever) {
    Refuse("a copy to the CPU is needed, and copy=False forbids it");
  }
  // Before the producer is asked, which might move memory for nothing.
  if (!to_cpu) DeviceOfDLPack(type, id);
  Reference capsule = AskForCapsule(source, to_cpu);
  bool copied = false;
  ops::Tensor tensor = FromCapsule(capsule.get(), &copied);
  if (copied && rule == CopyRule::kNever) Refuse("a copy is needed, and copy=False forbids it");
  if (rule != CopyRule::kAlways || copied || to_cpu) return tensor;
  if (tensor.device() == tensor::kCpuDevice) return tensor.Copy();
  return ops::to_device(ops::to_device(tensor, tensor::kCpuDevice), tensor.device());
}

}  // namespace emberharmony::python
