// What Python's operators do with tensors: the functions of ops, one each.
#include <cmath>
#include <complex>
#include <cstring>
#include <optional>

#include "bindings/arguments.h"
#include "bindings/array_import.h"
#include "bindings/tensor_object.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

/// Elements of both matrices from which on a product releases the GIL.
constexpr int64_t kReleaseMatrixSize = 1 << 11;

using Unary = ops::Tensor (*)(const ops::Operand&, const ops::Options&);
using Binary = ops::Tensor (*)(const ops::Operand&, const ops::Operand&, const ops::Options&);

/// An operand of an operator: a tensor, a number, or an array of another library, which becomes a
/// tensor for as long as this lives.
class OperatorOperand {
 public:
  /// False where the object is none of these, so that Python asks the other operand.
  bool Set(PyObject* object) {
    if (IsTensor(object)) {
      operand_ = ops::Operand(TensorOf(object));
      size_ = TensorOf(object).size();
      return true;
    }
    if (NumberToOperand(object, &operand_, &beyond_)) return true;
    if (!IsForeignArray(object) && !PyList_Check(object) && !PyTuple_Check(object)) return false;
    imported_ = ImportArray(object, std::nullopt, CopyRule::kIfNeeded);
    operand_ = ops::Operand(*imported_);
    size_ = imported_->size();
    return true;
  }
  const ops::Operand& get() const { return operand_; }
  /// An integer beyond 64 bits is the nearest double among floating-point numbers; compared with
  /// integers it is as good as infinite; in what else is done with these it is an error.
  void CheckRange(const OperatorOperand& other, bool is_comparison) {
    if (!beyond_ || other.is_floating()) return;
    if (!is_comparison) {
      Raise(PyExc_OverflowError, "an integer must lie in [-2^63, 2^64) to become an element");
    }
    operand_ = ops::Operand(std::copysign(INFINITY, operand_.scalar().value().real()));
  }
  int64_t size() const { return size_; }

 private:
  bool is_floating() const {
    return operand_.is_tensor() && (tensor::IsRealFloating(operand_.tensor().dtype()) ||
                                    tensor::IsComplex(operand_.tensor().dtype()));
  }

  ops::Operand operand_;
  int64_t size_ = 0;
  bool beyond_ = false;
  std::optional<ops::Tensor> imported_;
};

template <Binary function>
inline constexpr bool kIsComparison =
    function == &ops::less || function == &ops::less_equal || function == &ops::equal ||
    function == &ops::not_equal || function == &ops::greater || function == &ops::greater_equal;

template <class Make>
PyObject* MakeLarge(Make&& make) {
  std::optional<ops::Tensor> result;
  {
    ReleasedGil released;
    result.emplace(make());
  }
  return MakeTensor([&] { return std::move(*result); });
}

template <Binary function>
PyObject* ApplyBinary(PyObject* a, PyObject* b) {
  try {
    OperatorOperand x1, x2;
    if (!x1.Set(a) || !x2.Set(b)) Py_RETURN_NOTIMPLEMENTED;
    x1.CheckRange(x2, kIsComparison<function>);
    x2.CheckRange(x1, kIsComparison<function>);
    const auto make = [&] { return function(x1.get(), x2.get(), {}); };
    return x1.size() + x2.size() < kReleaseSize ? MakeTensor(make) : MakeLarge(make);
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

/// The order of kinds: what is of a lower or the same one may be written into elements of another,
/// if need be with fewer digits.
int KindOf(ops::DType dtype) {
  return tensor::IsBool(dtype)              ? 0
         : tensor::IsUnsignedInteger(dtype) ? 1
         : tensor::IsSignedInteger(dtype)   ? 2
         : tensor::IsRealFloating(dtype)    ? 3
                                            : 4;
}

/// x op= y where the result has another dtype than x: it is computed, then written into x if its
/// kind allows, as NumPy does (float32 += float64). False, with nothing done, where it does not.
template <Binary function>
bool ApplyAndConvert(ops::Tensor& x, const ops::Operand& y) {
  const ops::DType common = ops::result_type({x, y});
  if (common == x.dtype() || KindOf(common) > KindOf(x.dtype())) return false;
  const ops::Tensor result = function(x, y, {});
  if (KindOf(result.dtype()) > KindOf(x.dtype())) return false;
  ops::astype(result, x.dtype(), true, {.out = &x});
  return true;
}

/// x1 op= x2: into x1's own memory.
template <Binary function>
PyObject* ApplyInPlace(PyObject* a, PyObject* b) {
  try {
    OperatorOperand x1, x2;
    if (!x1.Set(a) || !x2.Set(b)) Py_RETURN_NOTIMPLEMENTED;
    x2.CheckRange(x1, /*is_comparison=*/false);
    ops::Tensor& target = TensorOf(a);
    const bool converts = x2.get().is_tensor() && x2.get().tensor().dtype() != target.dtype();
    const auto compute = [&] {
      if (converts && ApplyAndConvert<function>(target, x2.get())) return;
      function(x1.get(), x2.get(), {.out = &target});
    };
    if (x1.size() + x2.size() < kReleaseSize) {
      compute();
    } else {
      ReleasedGil released;
      compute();
    }
    return Py_NewRef(a);
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

template <Unary function>
PyObject* ApplyUnary(PyObject* a) {
  try {
    const ops::Tensor& x = TensorOf(a);
    const auto make = [&] { return function(x, {}); };
    return x.size() < kReleaseSize ? MakeTensor(make) : MakeLarge(make);
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

PyObject* DivideWithRemainder(PyObject* a, PyObject* b) {
  PyObject* const quotient = ApplyBinary<&ops::floor_divide>(a, b);
  if (quotient == nullptr || quotient == Py_NotImplemented) return quotient;
  PyObject* const remainder = ApplyBinary<&ops::remainder>(a, b);
  PyObject* const both = remainder == nullptr ? nullptr : PyTuple_Pack(2, quotient, remainder);
  Py_DECREF(quotient);
  Py_XDECREF(remainder);
  return both;
}

PyObject* Power(PyObject* a, PyObject* b, PyObject* modulo) {
  if (modulo != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return ApplyBinary<&ops::pow>(a, b);
}
PyObject* InPlacePower(PyObject* a, PyObject* b, PyObject*) {
  return ApplyInPlace<&ops::pow>(a, b);
}

/// An operand of @: no number.
std::optional<ops::Tensor> MatrixOperand(PyObject* object) {
  if (IsTensor(object)) return TensorOf(object);
  if (!IsForeignArray(object) && !PyList_Check(object) && !PyTuple_Check(object)) {
    return std::nullopt;
  }
  return ImportArray(object, std::nullopt, CopyRule::kIfNeeded);
}

PyObject* MatrixMultiply(PyObject* a, PyObject* b) {
  try {
    const std::optional<ops::Tensor> x1 = MatrixOperand(a);
    const std::optional<ops::Tensor> x2 = MatrixOperand(b);
    if (!x1 || !x2) Py_RETURN_NOTIMPLEMENTED;
    const auto make = [&] { return ops::matmul(*x1, *x2); };
    return x1->size() + x2->size() < kReleaseMatrixSize ? MakeTensor(make) : MakeLarge(make);
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

/// x1 @= x2: into x1's own memory, so the product must have its shape and dtype.
PyObject* InPlaceMatrixMultiply(PyObject* a, PyObject* b) {
  try {
    const std::optional<ops::Tensor> x2 = MatrixOperand(b);
    if (!x2) Py_RETURN_NOTIMPLEMENTED;
    ops::Tensor& x1 = TensorOf(a);
    const ReleasedGil released;
    ops::positive(ops::matmul(x1, *x2), {.out = &x1});
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
  return Py_NewRef(a);
}

PyObject* Compare(PyObject* a, PyObject* b, int operation) {
  switch (operation) {
    case Py_LT:
      return ApplyBinary<&ops::less>(a, b);
    case Py_LE:
      return ApplyBinary<&ops::less_equal>(a, b);
    case Py_EQ:
      return ApplyBinary<&ops::equal>(a, b);
    case Py_NE:
      return ApplyBinary<&ops::not_equal>(a, b);
    case Py_GT:
      return ApplyBinary<&ops::greater>(a, b);
    default:
      return ApplyBinary<&ops::greater_equal>(a, b);
  }
}

/// Null with the error indicator set where it cannot be fetched from its device.
PyObject* ElementOf(const ops::Tensor& x) {
  if (x.device() == tensor::kCpuDevice) return ElementToPython(x.data(), x.dtype());
  try {
    const ops::Tensor here = OnCpu(x);
    return ElementToPython(here.data(), here.dtype());
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

/// The element of a tensor that has just one, as a Python number.
PyObject* SingleElement(PyObject* self) {
  const ops::Tensor& x = TensorOf(self);
  if (x.size() != 1) {
    PyErr_Format(PyExc_ValueError,
                 "only a tensor with one element is a number, found a %s: use any() or all() where "
                 "a truth value is meant",
                 x.Describe().c_str());
    return nullptr;
  }
  return ElementOf(x);
}

int ToBool(PyObject* self) {
  PyObject* number = SingleElement(self);
  if (number == nullptr) return -1;
  const int truth = PyObject_IsTrue(number);
  Py_DECREF(number);
  return truth;
}

PyObject* ToInt(PyObject* self) {
  PyObject* number = SingleElement(self);
  if (number == nullptr) return nullptr;
  PyObject* result = PyNumber_Long(number);
  Py_DECREF(number);
  return result;
}

PyObject* ToFloat(PyObject* self) {
  PyObject* number = SingleElement(self);
  if (number == nullptr) return nullptr;
  PyObject* result = PyNumber_Float(number);
  Py_DECREF(number);
  return result;
}

/// Whether a number is NaN, or has a part that is.
bool HasNan(PyObject* number) {
  if (PyComplex_Check(number)) {
    const Py_complex parts = PyComplex_AsCComplex(number);
    return std::isnan(parts.real) || std::isnan(parts.imag);
  }
  return PyFloat_Check(number) && std::isnan(PyFloat_AS_DOUBLE(number));
}

/// The hash of the number that a tensor of rank 0 equals, so that it finds the same key; nothing
/// equals NaN but itself, as an object, so its hash is the object's, as that of Python's NaN is.
Py_hash_t Hash(PyObject* self) {
  const ops::Tensor& x = TensorOf(self);
  if (x.rank() != 0) {
    PyErr_Format(PyExc_TypeError,
                 "unhashable type: 'emberharmony.Tensor': only a tensor of rank 0 can be a key, "
                 "found a %s: use tuple(x.tolist())",
                 x.Describe().c_str());
    return -1;
  }
  PyObject* number = ElementOf(x);
  if (number == nullptr) return -1;
  const Py_hash_t hash = HasNan(number) ? PyBaseObject_Type.tp_hash(self) : PyObject_Hash(number);
  Py_DECREF(number);
  return hash;
}

PyObject* ToIndex(PyObject* self) {
  const ops::Tensor& x = TensorOf(self);
  if (!tensor::IsInteger(x.dtype()) || x.rank() != 0) {
    PyErr_Format(PyExc_TypeError, "only an integer tensor of rank 0 can be an index, found a %s",
                 x.Describe().c_str());
    return nullptr;
  }
  return ElementOf(x);
}

}  // namespace

ops::Tensor OnCpu(const ops::Tensor& tensor) {
  return tensor.device() == tensor::kCpuDevice ? tensor
                                               : ops::to_device(tensor, tensor::kCpuDevice);
}

PyObject* ElementToPython(const void* element, ops::DType dtype) {
  PyObject* result = nullptr;
  tensor::VisitAny(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T value;
    std::memcpy(&value, element, sizeof(T));
    if constexpr (std::is_same_v<T, bool>) {
      result = PyBool_FromLong(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      result = PyFloat_FromDouble(value);
    } else if constexpr (std::is_integral_v<T>) {
      result = std::is_signed_v<T> ? PyLong_FromLongLong(static_cast<long long>(value))
                                   : PyLong_FromUnsignedLongLong(value);
    } else {
      result = PyComplex_FromDoubles(value.real(), value.imag());
    }
  });
  return result;
}

#define EMBER_SLOT(slot, function) {slot, reinterpret_cast<void*>(function)}
PyType_Slot tensor_operator_slots[] = {
    EMBER_SLOT(Py_nb_add, &ApplyBinary<&ops::add>),
    EMBER_SLOT(Py_nb_subtract, &ApplyBinary<&ops::subtract>),
    EMBER_SLOT(Py_nb_multiply, &ApplyBinary<&ops::multiply>),
    EMBER_SLOT(Py_nb_true_divide, &ApplyBinary<&ops::divide>),
    EMBER_SLOT(Py_nb_floor_divide, &ApplyBinary<&ops::floor_divide>),
    EMBER_SLOT(Py_nb_remainder, &ApplyBinary<&ops::remainder>),
    EMBER_SLOT(Py_nb_divmod, &DivideWithRemainder),
    EMBER_SLOT(Py_nb_power, &Power),
    EMBER_SLOT(Py_nb_and, &ApplyBinary<&ops::bitwise_and>),
    EMBER_SLOT(Py_nb_or, &ApplyBinary<&ops::bitwise_or>),
    EMBER_SLOT(Py_nb_xor, &ApplyBinary<&ops::bitwise_xor>),
    EMBER_SLOT(Py_nb_lshift, &ApplyBinary<&ops::bitwise_left_shift>),
    EMBER_SLOT(Py_nb_rshift, &ApplyBinary<&ops::bitwise_right_shift>),
    EMBER_SLOT(Py_nb_inplace_add, &ApplyInPlace<&ops::add>),
    EMBER_SLOT(Py_nb_inplace_subtract, &ApplyInPlace<&ops::subtract>),
    EMBER_SLOT(Py_nb_inplace_multiply, &ApplyInPlace<&ops::multiply>),
    EMBER_SLOT(Py_nb_inplace_true_divide, &ApplyInPlace<&ops::divide>),
    EMBER_SLOT(Py_nb_inplace_floor_divide, &ApplyInPlace<&ops::floor_divide>),
    EMBER_SLOT(Py_nb_inplace_remainder, &ApplyInPlace<&ops::remainder>),
    EMBER_SLOT(Py_nb_inplace_power, &InPlacePower),
    EMBER_SLOT(Py_nb_inplace_and, &ApplyInPlace<&ops::bitwise_and>),
    EMBER_SLOT(Py_nb_inplace_or, &ApplyInPlace<&ops::bitwise_or>),
    EMBER_SLOT(Py_nb_inplace_xor, &ApplyInPlace<&ops::bitwise_xor>),
    EMBER_SLOT(Py_nb_inplace_lshift, &ApplyInPlace<&ops::bitwise_left_shift>),
    EMBER_SLOT(Py_nb_inplace_rshift, &ApplyInPlace<&ops::bitwise_right_shift>),
    EMBER_SLOT(Py_nb_negative, &ApplyUnary<&ops::negative>),
    EMBER_SLOT(Py_nb_positive, &ApplyUnary<&ops::positive>),
    EMBER_SLOT(Py_nb_absolute, &ApplyUnary<&ops::abs>),
    EMBER_SLOT(Py_nb_invert, &ApplyUnary<&ops::bitwise_invert>),
    EMBER_SLOT(Py_nb_matrix_multiply, &MatrixMultiply),
    EMBER_SLOT(Py_nb_inplace_matrix_multiply, &InPlaceMatrixMultiply),
    EMBER_SLOT(Py_nb_bool, &ToBool),
    EMBER_SLOT(Py_nb_int, &ToInt),
    EMBER_SLOT(Py_nb_float, &ToFloat),
    EMBER_SLOT(Py_nb_index, &ToIndex),
    EMBER_SLOT(Py_tp_richcompare, &Compare),
    EMBER_SLOT(Py_tp_hash, &Hash),
    {0, nullptr}};

}  // namespace emberharmony::python
