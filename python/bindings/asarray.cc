// Tensors from other objects and copies of tensors.
#include "bindings/array_import.h"
#include "bindings/function.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {

namespace {

void CheckSharedOn(std::optional<ops::Device> device, CopyRule rule) {
  if (rule != CopyRule::kNever || !device || *device == tensor::kCpuDevice) return;
  Raise(PyExc_ValueError, "asarray: the memory of " + tensor::DeviceName(*device) +
                              " is another than that of `obj`, and copy=False forbids a copy");
}

/// asarray of a tensor on another device than the CPU.
PyObject* OfDeviceTensor(PyObject* source, std::optional<ops::DType> dtype, CopyRule rule,
                         ops::Device device) {
  const ops::Tensor& x = TensorOf(source);
  const bool stays = x.device() == device && (!dtype || *dtype == x.dtype());
  if (stays && rule != CopyRule::kAlways) return Py_NewRef(source);
  if (rule == CopyRule::kNever) {
    Raise(PyExc_ValueError,
          "asarray: copy=False, and the dtype or the device asked for is another "
          "than that of `obj`, a " +
              x.Describe() + " on " + tensor::DeviceName(x.device()));
  }
  return MakeTensor([&] {
    const ops::Tensor here = ops::to_device(x, tensor::kCpuDevice);
    return ops::to_device(dtype ? ops::astype(here, *dtype, /*copy=*/false) : here, device);
  });
}

}  // namespace

EMBER_FUNCTION(asarray,
               "(obj: ArrayLike, /, *, dtype: DTypeLike | None = None, "
               "device: Device | str | None = None, copy: bool | None = None) -> Tensor",
               R"(A tensor of anything that holds numbers.

Args:
  obj: A tensor, a number, nested lists or tuples of numbers, or an object with the buffer
    protocol, `__dlpack__` or `__array__` (NumPy, PyTorch, pandas, Arrow, array.array).
  dtype: The elements' dtype; by default that of `obj`. Python numbers become bool, int64 (uint64
    from 2^63 on), float64 or complex128.
  device: Where the result lies; None: where `obj` does, the CPU for numbers and lists.
  copy: True copies, False raises ValueError where a copy would be needed, None shares memory where
    that is possible. What is read-only in `obj` is read-only in the result.

Returns:
  A tensor of the shape of `obj`.

Raises:
  ValueError: Ragged lists (the message names the place), copy=False where that cannot be, or a
    Python NaN where an integer is asked for.
  TypeError: `obj` holds no numbers, or numbers without a dtype here, as float16.
  OverflowError: A Python number beyond the range of the integers asked for.
)") {
  PyObject* source = args.object(0);
  IsTensor(source) ? args.check_device(2, TensorOf(source)) : args.check_device(2);
  CopyRule rule = CopyRule::kIfNeeded;
  if (!args.is_none(3)) rule = args.boolean(3) ? CopyRule::kAlways : CopyRule::kNever;
  const std::optional<ops::DType> dtype = args.dtype(1);
  if (IsTensor(source) && TensorOf(source).device() != tensor::kCpuDevice) {
    return OfDeviceTensor(source, dtype, rule, *args.result_device());
  }
  CheckSharedOn(args.result_device(), rule);
  if (IsTensor(source) && rule != CopyRule::kAlways &&
      (!dtype || *dtype == TensorOf(source).dtype())) {
    return Py_NewRef(source);
  }
  return MakeTensor([&] { return ImportArray(source, dtype, rule); });
}

EMBER_FUNCTION(array,
               "(obj: ArrayLike, dtype: DTypeLike | None = None, *, copy: bool | None = True) -> "
               "Tensor",
               R"(A tensor of anything that holds numbers; as `asarray`, but a copy by default.

Args:
  obj: What `asarray` takes.
  dtype: The elements' dtype; by default that of `obj`.
  copy: True copies, False raises ValueError where a copy would be needed, None shares memory where
    that is possible.
)") {
  CopyRule rule = CopyRule::kIfNeeded;
  if (!args.is_none(2)) rule = args.boolean(2) ? CopyRule::kAlways : CopyRule::kNever;
  const std::optional<ops::DType> dtype = args.dtype(1);
  return MakeTensor([&] { return ImportArray(args.object(0), dtype, rule); });
}

EMBER_FUNCTION(convert_to_tensor,
               "(data: ArrayLike, dtype: DTypeLike | None = None, "
               "device: Device | str | None = None) -> Tensor",
               R"(A tensor of anything that holds numbers: the predecessor's name for `asarray`.

Args:
  data: What `asarray` takes.
  dtype: The elements' dtype; by default that of `data`.
  device: Where the result lies; None: the CPU.
)") {
  PyObject* source = args.object(0);
  IsTensor(source) ? args.check_device(2, TensorOf(source)) : args.check_device(2);
  const std::optional<ops::DType> dtype = args.dtype(1);
  if (IsTensor(source) && (!dtype || *dtype == TensorOf(source).dtype())) return Py_NewRef(source);
  if (IsTensor(source) && TensorOf(source).device() != tensor::kCpuDevice) {
    return OfDeviceTensor(source, dtype, CopyRule::kIfNeeded, *args.result_device());
  }
  return MakeTensor([&] { return ImportArray(source, dtype, CopyRule::kIfNeeded); });
}

EMBER_FUNCTION(from_dlpack,
               "(x: object, /, *, device: Device | str | None = None, copy: bool | None = None) -> "
               "Tensor",
               R"(A tensor over the memory of another library's array.

Args:
  x: An object with `__dlpack__` and `__dlpack_device__`.
  device: Where the result lies; None: where x does.
  copy: True copies, False raises BufferError where a copy would be needed, None shares memory where
    that is possible.

Raises:
  BufferError: The memory is that of a device whose backend is not loaded, or its elements have no
    dtype here.
)") {
  args.check_device(1);
  CopyRule rule = CopyRule::kIfNeeded;
  if (!args.is_none(2)) rule = args.boolean(2) ? CopyRule::kAlways : CopyRule::kNever;
  const bool to_cpu = args.result_device() == tensor::kCpuDevice;
  return MakeTensor([&] { return ImportDLPack(args.object(0), rule, to_cpu); });
}

}  // namespace emberharmony::python
