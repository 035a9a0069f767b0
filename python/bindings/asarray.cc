// Tensors from other objects and copies of tensors.
#include "bindings/array_import.h"
#include "bindings/function.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {

EMBER_FUNCTION(asarray,
               "(obj: ArrayLike, /, *, dtype: DTypeLike | None = None, "
               "device: Device | str | None = None, copy: bool | None = None) -> Tensor",
               R"(A tensor of anything that holds numbers.

Args:
  obj: A tensor, a number, nested lists or tuples of numbers, or an object with the buffer
    protocol, `__dlpack__` or `__array__` (NumPy, PyTorch, pandas, Arrow, array.array).
  dtype: The elements' dtype; by default that of `obj`. Python numbers become bool, int64 (uint64
    from 2^63 on), float64 or complex128.
  device: None or "cpu".
  copy: True copies, False raises ValueError where a copy would be needed, None shares memory where
    that is possible. What is read-only in `obj` is read-only in the result.

Returns:
  A tensor of the shape of `obj`.

Raises:
  ValueError: Ragged lists (the message names the place), or copy=False where that cannot be.
  TypeError: `obj` holds no numbers, or numbers without a dtype here, as float16.
  OverflowError: An integer beyond the dtype's range.
)") {
  args.check_device(2);
  CopyRule rule = CopyRule::kIfNeeded;
  if (!args.is_none(3)) rule = args.boolean(3) ? CopyRule::kAlways : CopyRule::kNever;
  const std::optional<ops::DType> dtype = args.dtype(1);
  PyObject* source = args.object(0);
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
  device: None or "cpu".
)") {
  args.check_device(2);
  const std::optional<ops::DType> dtype = args.dtype(1);
  PyObject* source = args.object(0);
  if (IsTensor(source) && (!dtype || *dtype == TensorOf(source).dtype())) return Py_NewRef(source);
  return MakeTensor([&] { return ImportArray(source, dtype, CopyRule::kIfNeeded); });
}

EMBER_FUNCTION(from_dlpack,
               "(x: object, /, *, device: Device | str | None = None, copy: bool | None = None) -> "
               "Tensor",
               R"(A tensor over the memory of another library's array.

Args:
  x: An object with `__dlpack__` and `__dlpack_device__`.
  device: None or "cpu".
  copy: True copies, False raises BufferError where a copy would be needed, None shares memory where
    that is possible.

Raises:
  BufferError: The memory is not the CPU's, or its elements have no dtype here.
)") {
  args.check_device(1);
  CopyRule rule = CopyRule::kIfNeeded;
  if (!args.is_none(2)) rule = args.boolean(2) ? CopyRule::kAlways : CopyRule::kNever;
  return MakeTensor([&] { return ImportDLPack(args.object(0), rule); });
}

}  // namespace emberharmony::python
