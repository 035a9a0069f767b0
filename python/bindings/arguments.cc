#include "bindings/arguments.h"

#include <complex>
#include <cstdint>
#include <type_traits>

#include "bindings/array_import.h"
#include "bindings/device_object.h"
#include "bindings/dtype_object.h"
#include "bindings/forgotten_error.h"
#include "emberharmony/ops/axis_error.h"

namespace emberharmony::python {
namespace {

/// Operands learn to be complex where the tensor library does.
template <class Target>
bool FromComplex(PyObject* object, Target* target) {
  if constexpr (std::is_constructible_v<Target, std::complex<double>>) {
    *target = Target(
        std::complex<double>(PyComplex_RealAsDouble(object), PyComplex_ImagAsDouble(object)));
    return true;
  } else {
    return false;
  }
}

template <class Target>
void FromInteger(PyObject* object, Target* target) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow == 0) {
    if (value == -1 && PyErr_Occurred()) throw PythonError{};
    *target = Target(static_cast<int64_t>(value));
    return;
  }
  const unsigned long long large = overflow > 0 ? PyLong_AsUnsignedLongLong(object) : 0;
  if (overflow < 0 || PyErr_Occurred()) {
    PyErr_Clear();
    Raise(PyExc_OverflowError, "an integer must lie in [-2^63, 2^64) to become an element");
  }
  *target = Target(static_cast<uint64_t>(large));
}

/// A Python number as an Operand or Scalar.
template <class Target>
bool FromNumber(PyObject* object, Target* target) {
  if (PyFloat_CheckExact(object)) {
    *target = Target(PyFloat_AS_DOUBLE(object));
  } else if (PyLong_CheckExact(object)) {
    FromInteger(object, target);
  } else if (PyBool_Check(object)) {
    *target = Target(object == Py_True);
  } else if (PyComplex_CheckExact(object)) {
    return FromComplex(object, target);
  } else if (PyObject_CheckBuffer(object)) {
    return false;
  } else if (PyFloat_Check(object)) {
    *target = Target(PyFloat_AS_DOUBLE(object));
  } else if (PyLong_Check(object)) {
    FromInteger(object, target);
  } else if (PyComplex_Check(object)) {
    return FromComplex(object, target);
  } else {
    return false;
  }
  return true;
}

/// Beyond this, numbers are refused as axes before they are anybody's: they are none of any tensor.
constexpr int64_t kAxisMax = INT16_MAX;

/// An integer as an axis.
int AxisFrom(const char* function, PyObject* object) {
  int overflow = 0;
  int64_t value = 0;
  if (PyLong_Check(object)) {
    if (PyBool_Check(object)) Raise(PyExc_TypeError, "expected an integer, found a bool");
    value = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (value == -1 && PyErr_Occurred()) throw PythonError{};
  } else {
    value = IntegerOf(object);
  }
  if (overflow == 0 && value >= -kAxisMax && value <= kAxisMax) return static_cast<int>(value);
  const std::string found = overflow == 0  ? std::to_string(value)
                            : overflow < 0 ? "an integer below -2^63"
                                           : "an integer above 2^63 - 1";
  throw ops::AxisError(std::string(function) + ": expected an axis in [-" +
                       std::to_string(tensor::kRankMax) + ", " + std::to_string(tensor::kRankMax) +
                       ") of a tensor, found " + found);
}

}  // namespace

bool NumberToOperand(PyObject* object, ops::Operand* operand) {
  return FromNumber(object, operand);
}

bool NumberToOperand(PyObject* object, ops::Operand* operand, bool* beyond) {
  if (PyLong_CheckExact(object)) {
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow == 0) {
      *operand = ops::Operand(static_cast<int64_t>(value));
      return true;
    }
    PyLong_AsUnsignedLongLong(object);
    if (PyErr_Occurred()) {
      PyErr_Clear();
      const double nearest = PyLong_AsDouble(object);
      if (nearest == -1.0 && PyErr_Occurred()) throw PythonError{};
      *beyond = true;
      *operand = ops::Operand(nearest);
      return true;
    }
  }
  return FromNumber(object, operand);
}

Reference ItemsOf(PyObject* object, const char* message) {
  if (PyTuple_Check(object)) return Reference::Borrow(object);
  Reference sequence(PySequence_Fast(object, message));
  return Reference(PySequence_Tuple(sequence.get()));
}

int64_t IntegerOf(PyObject* object) {
  if (PyBool_Check(object)) Raise(PyExc_TypeError, "expected an integer, found a bool");
  if (PyLong_CheckExact(object)) {
    const long long value = PyLong_AsLongLong(object);
    if (value == -1 && PyErr_Occurred()) throw PythonError{};
    return value;
  }
  Reference index(PyNumber_Index(object));
  const long long value = PyLong_AsLongLong(index.get());
  if (value == -1 && PyErr_Occurred()) throw PythonError{};
  return value;
}

namespace {

/// Calls f(object) for an integer, or for each item of a sequence of them.
template <class F>
void ForEachInteger(PyObject* object, F f) {
  const bool is_scalar = IsTensor(object) && TensorOf(object).rank() == 0;
  if (is_scalar || PyLong_Check(object) || (PyIndex_Check(object) && !PySequence_Check(object))) {
    return f(object);
  }
  const Reference items = ItemsOf(object, "expected an integer or a sequence of integers");
  const Py_ssize_t n = PyTuple_GET_SIZE(items.get());
  for (Py_ssize_t i = 0; i < n; ++i) f(PyTuple_GET_ITEM(items.get(), i));
}

}  // namespace

std::vector<int64_t> IntegersOf(PyObject* object) {
  std::vector<int64_t> values;
  ForEachInteger(object, [&](PyObject* each) { values.push_back(IntegerOf(each)); });
  return values;
}

void Arguments::RaiseType(int i, const char* expected) const {
  const char* parameter = i >= 0 ? parameters_.all[i].name.c_str() : parameters_.rest.c_str();
  const char* found = i >= 0 ? Py_TYPE(slots_[i])->tp_name : "something else";
  Raise(PyExc_TypeError, std::string(name_) + ": argument '" + parameter + "': expected " +
                             expected + ", found " + found);
}

const ops::Tensor& Arguments::Import(PyObject* object, int i) {
  if (object == Py_None) {
    Raise(PyExc_TypeError, std::string(name_) + ": expected a tensor" +
                               (i >= 0 ? " as '" + parameters_.all[i].name + "'" : "") +
                               ", found None");
  }
  imported_.push_back(
      std::make_unique<ops::Tensor>(ImportArray(object, std::nullopt, CopyRule::kIfNeeded)));
  work_ += imported_.back()->size();
  return *imported_.back();
}

ops::Tensor& Arguments::writable_tensor(int i) {
  if (!IsTensor(slots_[i])) RaiseType(i, "a Tensor");
  work_ += TensorOf(slots_[i]).size();
  return TensorOf(slots_[i]);
}

ops::Operand Arguments::operand(int i) {
  if (IsTensor(slots_[i])) return tensor(i);
  ops::Operand operand;
  if (is_none(i)) {
    if (parameters_.all[i].annotation.find("None") == std::string::npos) {
      RaiseType(i, "a tensor or a number");
    }
    return operand;
  }
  if (FromNumber(slots_[i], &operand)) return operand;
  return tensor(i);
}

std::vector<ops::Tensor> Arguments::tensors(int i) {
  std::vector<ops::Tensor> result;
  if (IsTensor(slots_[i])) RaiseType(i, "a list or tuple of tensors");
  const Reference items = ItemsOf(slots_[i], "expected a list or tuple of tensors");
  const Py_ssize_t n = PyTuple_GET_SIZE(items.get());
  result.reserve(static_cast<size_t>(n));
  for (Py_ssize_t k = 0; k < n; ++k) {
    result.push_back(TensorFrom(PyTuple_GET_ITEM(items.get(), k), i));
  }
  return result;
}

std::vector<ops::Tensor> Arguments::rest_tensors() {
  std::vector<ops::Tensor> result;
  for (size_t k = 0; k < rest_.size(); ++k) result.push_back(rest_tensor(k));
  return result;
}

bool Arguments::boolean(int i) const {
  if (slots_[i] == Py_True) return true;
  if (slots_[i] == Py_False) return false;
  // NumPy has another parameter in the place of ours, often: x.mean(0, "float32").
  const bool may_be_number = IsTensor(slots_[i]) || PyNumber_Check(slots_[i]) != 0;
  if (!is_none(i) && (!may_be_number || PySequence_Check(slots_[i]) != 0)) RaiseType(i, "a bool");
  const int truth = PyObject_IsTrue(slots_[i]);
  if (truth < 0) throw PythonError{};
  return truth != 0;
}

int64_t Arguments::integer(int i) const {
  if (!PyIndex_Check(slots_[i])) RaiseType(i, "an integer");
  return IntegerOf(slots_[i]);
}

std::optional<int64_t> Arguments::optional_integer(int i) const {
  if (is_none(i)) return std::nullopt;
  return integer(i);
}

int Arguments::axis(int i) const {
  if (!PyIndex_Check(slots_[i])) RaiseType(i, "an integer");
  return AxisFrom(name_, slots_[i]);
}

std::optional<int> Arguments::optional_axis(int i) const {
  if (is_none(i)) return std::nullopt;
  return axis(i);
}

std::optional<std::vector<int>> Arguments::axes(int i) const {
  if (is_none(i)) return std::nullopt;
  if (PyLong_CheckExact(slots_[i])) return std::vector<int>{AxisFrom(name_, slots_[i])};
  std::vector<int> axes;
  ForEachInteger(slots_[i], [&](PyObject* each) { axes.push_back(AxisFrom(name_, each)); });
  return axes;
}

std::vector<int64_t> Arguments::integers(int i) const { return IntegersOf(slots_[i]); }

ops::Shape Arguments::shape(int i) {
  const ops::Shape shape(IntegersOf(slots_[i]));
  double size = 1;  // a product of integers could overflow
  for (const int64_t dim : shape) size *= static_cast<double>(dim);
  work_ += static_cast<int64_t>(size > 0 && size < 1e15 ? size : 0);
  return shape;
}

double Arguments::number(int i) const {
  if (PyFloat_CheckExact(slots_[i])) return PyFloat_AS_DOUBLE(slots_[i]);
  const double value = PyFloat_AsDouble(slots_[i]);
  if (value == -1.0 && PyErr_Occurred()) {
    if (PyErr_ExceptionMatches(PyExc_TypeError)) {
      PyErr_Clear();
      RaiseType(i, "a number");
    }
    throw PythonError{};
  }
  return value;
}

std::optional<double> Arguments::optional_number(int i) const {
  if (is_none(i)) return std::nullopt;
  return number(i);
}

ops::Scalar Arguments::scalar(int i) const {
  ops::Scalar scalar(0);
  if (FromNumber(slots_[i], &scalar)) return scalar;
  // Numbers of other libraries, and tensors of rank 0, as the Python number they stand for.
  PyObject* const item = PyObject_CallMethod(slots_[i], "item", nullptr);
  if (item != nullptr) {
    Reference number(item);
    if (FromNumber(number.get(), &scalar)) return scalar;
  }
  ForgetError();
  RaiseType(i, "a number");
}

std::string_view Arguments::text(int i) const {
  Py_ssize_t size = 0;
  if (!PyUnicode_Check(slots_[i])) RaiseType(i, "a str");
  const char* text = PyUnicode_AsUTF8AndSize(slots_[i], &size);
  if (text == nullptr) throw PythonError{};
  return {text, static_cast<size_t>(size)};
}

std::optional<std::string_view> Arguments::optional_text(int i) const {
  if (is_none(i)) return std::nullopt;
  return text(i);
}

std::optional<ops::DType> Arguments::dtype(int i) const { return OptionalDType(slots_[i]); }

void Arguments::check_device(int i) {
  if (!is_none(i)) result_device_ = DeviceOf(slots_[i]);
}

void Arguments::check_device(int i, const ops::Tensor& like) {
  result_device_ = is_none(i) ? like.device() : DeviceOf(slots_[i]);
}

}  // namespace emberharmony::python
