// Functions of ops that tell something of a tensor: the predecessor's names for attributes.
#include "bindings/array_import.h"
#include "bindings/device_object.h"
#include "bindings/dtype_object.h"
#include "bindings/function.h"
#include "emberharmony/ops/devices.h"

namespace emberharmony::python {
namespace {

/// A method or attribute of the argument, made a Tensor first where it is none.
Reference AsTensorObject(Arguments& args) {
  if (IsTensor(args.object(0))) return Reference::Borrow(args.object(0));
  return Reference(ToPython(args.tensor(0)));
}

}  // namespace

EMBER_FUNCTION(shape, "(x: Tensor) -> tuple[int, ...]",
               R"(The lengths of the axes: x.shape.

Args:
  x: A tensor.
)") {
  return ToPython(args.tensor(0).shape());
}

EMBER_FUNCTION(dtype, "(x: Tensor) -> DType",
               R"(The dtype of the elements: x.dtype.

Args:
  x: A tensor.
)") {
  return ToPython(args.tensor(0).dtype());
}

EMBER_FUNCTION(item, "(x: Tensor) -> Number",
               R"(The only element as a Python number: x.item().

Args:
  x: A tensor with one element.

Raises:
  ValueError: x has no elements or several.
)") {
  Reference tensor = AsTensorObject(args);
  return Checked(PyObject_CallMethod(tensor.get(), "item", nullptr));
}

EMBER_FUNCTION(tolist, "(x: Tensor) -> object",
               R"(The elements as nested lists of Python numbers: x.tolist().

Args:
  x: A tensor; of rank 0 it gives one number.
)") {
  Reference tensor = AsTensorObject(args);
  return Checked(PyObject_CallMethod(tensor.get(), "tolist", nullptr));
}

EMBER_FUNCTION(to_numpy, "(x: Tensor) -> numpy.ndarray",
               R"(A NumPy array that shares the memory of x: x.numpy().

Args:
  x: A tensor. If it is read-only, so is the array.
)") {
  Reference tensor = AsTensorObject(args);
  return Checked(PyObject_CallMethod(tensor.get(), "numpy", nullptr));
}

EMBER_FUNCTION(copy, "(x: Tensor) -> Tensor",
               R"(A new, writable tensor with the same elements, one after the other in C order.

Args:
  x: A tensor.
)") {
  const ops::Tensor& x = args.tensor(0);
  if (x.device() == tensor::kCpuDevice) return args.Run([&] { return x.Copy(); });
  return args.Run([&] { return ops::to_device(OnCpu(x), x.device()); });
}

EMBER_FUNCTION(to_device, "(x: Tensor, device: Device | str) -> Tensor",
               R"(x on a device: x itself where it lies there already, else a copy.

Args:
  x: A tensor.
  device: "cpu", or the device of a backend that is loaded, such as "cuda:0".

Raises:
  ValueError: A device that is not there.
)") {
  args.check_device(1);
  return AsTensorObject(args).release();
}

EMBER_FUNCTION(get_device, "(x: Tensor | None = None) -> str",
               R"(The name of the device that a tensor lies on, or of the default device.

Args:
  x: A tensor, or None.
)") {
  const ops::Tensor* x = args.optional_tensor(0);
  Reference device(DeviceObject(x != nullptr ? x->device() : tensor::kCpuDevice));
  return Checked(PyObject_Str(device.get()));
}

EMBER_FUNCTION(get_device_of_tensor, "(x: Tensor) -> str",
               R"(The name of the device that a tensor lies on.

Args:
  x: A tensor.
)") {
  Reference device(DeviceObject(args.tensor(0).device()));
  return Checked(PyObject_Str(device.get()));
}

}  // namespace emberharmony::python
