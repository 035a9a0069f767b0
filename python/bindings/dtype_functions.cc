// Functions of ops about dtypes.
#include <string>
#include <vector>

#include "bindings/array_import.h"
#include "bindings/dtype_object.h"
#include "bindings/function.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

bool IsOfKind(ops::DType dtype, std::string_view kind) {
  if (kind == "bool") return tensor::IsBool(dtype);
  if (kind == "signed integer") return tensor::IsSignedInteger(dtype);
  if (kind == "unsigned integer") return tensor::IsUnsignedInteger(dtype);
  if (kind == "integral") return tensor::IsInteger(dtype);
  if (kind == "real floating") return tensor::IsRealFloating(dtype);
  if (kind == "complex floating") return tensor::IsComplex(dtype);
  if (kind == "numeric") return tensor::IsNumeric(dtype);
  Raise(
      PyExc_ValueError,
      "isdtype: expected \"bool\", \"signed integer\", \"unsigned integer\", \"integral\", \"real "
      "floating\", \"complex floating\" or \"numeric\", found \"" +
          std::string(kind) + "\"");
}

bool Matches(ops::DType dtype, PyObject* kind) {
  if (PyUnicode_Check(kind)) {
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(kind, &size);
    if (text == nullptr) throw PythonError{};
    const std::string_view name(text, static_cast<size_t>(size));
    if (name != "bool") {
      if (const std::optional<ops::DType> named = tensor::ParseDType(name)) return *named == dtype;
    }
    return IsOfKind(dtype, name);
  }
  if (PyTuple_Check(kind)) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(kind); ++i) {
      if (Matches(dtype, PyTuple_GET_ITEM(kind, i))) return true;
    }
    return false;
  }
  return DTypeOf(kind) == dtype;
}

/// An argument that is a tensor, or what stands for a dtype.
ops::DType DTypeOfEither(PyObject* object) {
  if (IsTensor(object)) return TensorOf(object).dtype();
  if (!IsForeignArray(object)) return DTypeOf(object);
  return ImportArray(object, std::nullopt, CopyRule::kIfNeeded).dtype();
}

}  // namespace

EMBER_FUNCTION(astype,
               "(x: Tensor, /, dtype: DTypeLike, *, copy: bool = True, "
               "device: Device | str | None = None) -> Tensor",
               R"(The elements converted to another dtype.

Args:
  x: A tensor of any dtype and shape.
  dtype: The result's dtype. Floating-point numbers become integers by truncation; those beyond
    the range give the nearest limit, and NaN gives 0. Integers wrap around. Everything but zero
    becomes True.
  copy: Whether to copy where x has the dtype already; else x itself is the result.
  device: Where the result lies; None: the CPU.

Raises:
  TypeError: Complex numbers do not become real ones: take real(x) first.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::DType dtype = DTypeOf(args.object(1));
  const bool copy = args.boolean(2);
  args.check_device(3);
  if (!copy && x.dtype() == dtype && IsTensor(args.object(0))) return Py_NewRef(args.object(0));
  return args.Run([&] { return ops::astype(x, dtype, copy); });
}

EMBER_FUNCTION(cast, "(x: Tensor, dtype: DTypeLike) -> Tensor",
               R"(The elements converted to another dtype: the predecessor's name for `astype`.

Args:
  x: A tensor of any dtype and shape.
  dtype: The result's dtype.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::DType dtype = DTypeOf(args.object(1));
  return args.Run([&] { return ops::astype(x, dtype, true); });
}

EMBER_FUNCTION(can_cast, "(from_: DTypeLike | Tensor, to: DTypeLike, /) -> bool",
               R"(Whether one dtype can be converted to another by type promotion.

Args:
  from_: A dtype, or a tensor whose dtype is meant.
  to: A dtype.

Returns:
  True if the two promote to `to`.
)") {
  const ops::DType from = DTypeOfEither(args.object(0));
  const ops::DType to = DTypeOf(args.object(1));
  return ToPython(tensor::PromoteTypes(from, to) == to);
}

EMBER_FUNCTION(isdtype,
               "(dtype: DTypeLike, kind: DTypeLike | str | tuple[DTypeLike | str, ...]) -> bool",
               R"(Whether a dtype is of a kind.

Args:
  dtype: A dtype.
  kind: "bool", "signed integer", "unsigned integer", "integral", "real floating",
    "complex floating", "numeric", a dtype, or a tuple of such, of which one has to fit.

Raises:
  ValueError: A kind that is none of these.
)") {
  return ToPython(Matches(DTypeOf(args.object(0)), args.object(1)));
}

EMBER_FUNCTION(result_type, "(*arrays_and_dtypes: Tensor | DTypeLike | Number) -> DType",
               R"(The dtype that an operation on these has.

Args:
  arrays_and_dtypes: Tensors, dtypes and numbers, at least one of them no number.

Raises:
  TypeError: They have no common dtype (uint64 and a signed integer).
  ValueError: There are no arguments.
)") {
  const size_t count = args.rest().size();
  if (count == 0) Raise(PyExc_ValueError, "result_type: expected at least one argument");
  std::vector<ops::Tensor> dtypes;
  std::vector<ops::Operand> operands(count);
  std::vector<const ops::Operand*> pointers;
  dtypes.reserve(count);  // operands refer to its elements
  for (size_t i = 0; i < count; ++i) {
    PyObject* each = args.rest()[i];
    if (!NumberToOperand(each, &operands[i])) {
      operands[i] = ops::Operand(dtypes.emplace_back(ops::Tensor::Empty({0}, DTypeOfEither(each))));
    }
    pointers.push_back(&operands[i]);
  }
  return ToPython(ops::PromotedDType("result_type", pointers));
}

}  // namespace emberharmony::python
