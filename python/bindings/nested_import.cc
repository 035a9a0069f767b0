// Tensors of nested lists of numbers.
#include <cmath>
#include <complex>
#include <cstring>
#include <string>
#include <vector>

#include "bindings/arguments.h"
#include "bindings/array_import.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

/// What kinds of numbers were found, from narrow to wide.
enum class NumberKind : uint8_t { kNone, kBool, kInteger, kUnsigned, kFloating, kComplex };

/// First walk over the lists: their shape, and what numbers there are.
class Survey {
 public:
  void Visit(PyObject* object, int depth);

  ops::DType NumbersDType() const {
    switch (kind_) {
      case NumberKind::kBool:
        return ops::DType::kBool;
      case NumberKind::kInteger:
        return ops::DType::kInt64;
      case NumberKind::kUnsigned:
        return ops::DType::kUInt64;
      case NumberKind::kComplex:
        return ops::DType::kComplex128;
      default:
        return ops::DType::kFloat64;
    }
  }
  bool has_real_numbers() const {
    return kind_ >= NumberKind::kInteger && kind_ <= NumberKind::kFloating;
  }
  bool has_numbers() const { return kind_ != NumberKind::kNone; }
  const ops::Shape& shape() const { return shape_; }
  /// Arrays that stood among the numbers, in order.
  const std::vector<ops::Tensor>& arrays() const { return arrays_; }

 private:
  void VisitSequence(PyObject* sequence, int depth);
  void VisitLength(int64_t length, int depth);
  /// Below this depth there is nothing more.
  void Close(int depth);
  void VisitNumber(PyObject* object);
  void Widen(NumberKind kind) {
    if (kind > kind_) kind_ = kind;
  }
  [[noreturn]] void RaiseRagged(int depth, const std::string& expected, const std::string& found);

  ops::Shape shape_;
  bool closed_ = false;
  NumberKind kind_ = NumberKind::kNone;
  std::vector<ops::Tensor> arrays_;
  int64_t place_[tensor::kRankMax] = {};
};

void Survey::RaiseRagged(int depth, const std::string& expected, const std::string& found) {
  std::string place;
  for (int i = 0; i < depth; ++i) place += "[" + std::to_string(place_[i]) + "]";
  Raise(PyExc_ValueError, "nested lists must not be ragged: expected " + expected +
                              (place.empty() ? "" : " at " + place) + ", found " + found);
}

void Survey::VisitLength(int64_t length, int depth) {
  if (depth < shape_.rank()) {
    if (shape_[depth] != length) {
      RaiseRagged(depth, "length " + std::to_string(shape_[depth]), std::to_string(length));
    }
    return;
  }
  if (closed_) RaiseRagged(depth, "a number", "a list of length " + std::to_string(length));
  if (depth == tensor::kRankMax) {
    Raise(PyExc_ValueError, "lists are nested more than 64 deep, or contain themselves");
  }
  shape_.Append(length);
}

void Survey::Close(int depth) {
  if (depth < shape_.rank()) {
    RaiseRagged(depth, "a list of length " + std::to_string(shape_[depth]), "a number");
  }
  closed_ = true;
}

void Survey::VisitNumber(PyObject* object) {
  if (PyFloat_Check(object)) return Widen(NumberKind::kFloating);
  if (PyBool_Check(object)) return Widen(NumberKind::kBool);
  if (PyComplex_Check(object)) return Widen(NumberKind::kComplex);
  Widen(NumberKind::kInteger);
  if (kind_ != NumberKind::kInteger) return;
  int overflow = 0;
  PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow > 0) Widen(NumberKind::kUnsigned);
}

void Survey::VisitSequence(PyObject* sequence, int depth) {
  const Py_ssize_t length = PySequence_Fast_GET_SIZE(sequence);
  VisitLength(length, depth);
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence); ++i) {
    place_[depth] = i;
    Visit(PySequence_Fast_GET_ITEM(sequence, i), depth + 1);
  }
}

void Survey::Visit(PyObject* object, int depth) {
  if (IsPythonNumber(object)) {
    Close(depth);
    VisitNumber(object);
  } else if (PyList_Check(object) || PyTuple_Check(object)) {
    // An array within may run code of the caller's that takes this list out of the one around it.
    const Reference held = Reference::Borrow(object);
    VisitSequence(object, depth);
  } else if (PyUnicode_Check(object) || object == Py_None) {
    std::string place;
    for (int i = 0; i < depth; ++i) place += "[" + std::to_string(place_[i]) + "]";
    Raise(PyExc_TypeError, "expected numbers in nested lists, found " +
                               std::string(Py_TYPE(object)->tp_name) +
                               (place.empty() ? "" : " at " + place));
  } else {
    const Reference held = Reference::Borrow(object);
    ops::Tensor array = ImportArray(object, std::nullopt, CopyRule::kIfNeeded);
    for (int i = 0; i < array.rank(); ++i) VisitLength(array.shape()[i], depth + i);
    Close(depth + array.rank());
    arrays_.push_back(std::move(array));
  }
}

/// What int() makes of a Python float, as NumPy takes one where an integer is asked for; and what
/// int() raises.
Reference TruncatedFloat(PyObject* number, ops::DType dtype) {
  const double value = PyFloat_AsDouble(number);
  if (std::isfinite(value)) return Reference(PyLong_FromDouble(value));
  Raise(std::isnan(value) ? PyExc_ValueError : PyExc_OverflowError,
        std::string("no integer stands for ") + (std::isnan(value) ? "NaN" : "infinity") +
            ": expected finite numbers for dtype " + std::string(tensor::DTypeName(dtype)));
}

[[noreturn]] void RaiseRange(PyObject* number, ops::DType dtype) {
  PyErr_Format(PyExc_OverflowError, "the integer %.80R does not fit dtype %s", number,
               std::string(tensor::DTypeName(dtype)).c_str());
  throw PythonError{};
}

/// A Python number as an element; false if the dtype's kind is narrower than the number's.
template <class T>
bool WriteNumber(PyObject* number, ops::DType dtype, T* to) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!PyBool_Check(number)) return false;
    *to = number == Py_True;
  } else if constexpr (std::is_integral_v<T>) {
    if (PyFloat_Check(number)) {
      return WriteNumber(TruncatedFloat(number, dtype).get(), dtype, to);
    }
    if (!PyLong_Check(number)) return false;
    if constexpr (std::is_signed_v<T>) {
      int overflow = 0;
      const long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
      if (overflow != 0 || value != static_cast<T>(value)) RaiseRange(number, dtype);
      *to = static_cast<T>(value);
    } else {
      const unsigned long long value = PyLong_AsUnsignedLongLong(number);
      if (PyErr_Occurred()) PyErr_Clear(), RaiseRange(number, dtype);
      if (value != static_cast<T>(value)) RaiseRange(number, dtype);
      *to = static_cast<T>(value);
    }
  } else if constexpr (std::is_floating_point_v<T>) {
    if (PyComplex_Check(number)) return false;
    const double value = PyFloat_AsDouble(number);
    if (value == -1.0 && PyErr_Occurred()) throw PythonError{};
    *to = static_cast<T>(value);
  } else {
    const Py_complex value = PyComplex_AsCComplex(number);
    if (value.real == -1.0 && PyErr_Occurred()) throw PythonError{};
    *to = T(static_cast<typename T::value_type>(value.real),
            static_cast<typename T::value_type>(value.imag));
  }
  return true;
}

/// Second walk: the elements, in order, into a contiguous tensor.
template <class T>
class Filler {
 public:
  Filler(const Survey& survey, const ops::Tensor& result)
      : survey_(survey), result_(result), at_(static_cast<T*>(result.mutable_data())) {}

  void Visit(PyObject* object, int depth) {
    if (IsPythonNumber(object) && depth == result_.rank()) {
      if (!WriteNumber(object, result_.dtype(), at_)) RaiseChanged();
      ++at_;
    } else if ((PyList_Check(object) || PyTuple_Check(object)) && depth < result_.rank()) {
      // The walk before may have run code of the caller's, and a number's __float__ does now; what
      // it has changed must not be read.
      const Reference held = Reference::Borrow(object);
      const Py_ssize_t length = result_.shape()[depth];
      for (Py_ssize_t i = 0; i < length; ++i) {
        if (PySequence_Fast_GET_SIZE(object) != length) RaiseChanged();
        Visit(PySequence_Fast_GET_ITEM(object, i), depth + 1);
      }
      if (PySequence_Fast_GET_SIZE(object) != length) RaiseChanged();
    } else {
      VisitArray(depth);
    }
  }

 private:
  void VisitArray(int depth) {
    if (next_array_ == survey_.arrays().size()) RaiseChanged();
    const ops::Tensor& array = survey_.arrays()[next_array_++];
    if (depth + array.rank() != result_.rank()) RaiseChanged();
    if (array.size() == 0) return;
    ops::Tensor part = ops::Tensor::WrapMutable(at_, array.shape(), result_.dtype(), nullptr);
    ops::astype(array, result_.dtype(), true, {.out = &part});
    at_ += array.size();
  }
  [[noreturn]] static void RaiseChanged() {
    Raise(PyExc_RuntimeError, "the lists were changed while they were read");
  }

  const Survey& survey_;
  const ops::Tensor& result_;
  T* at_;
  size_t next_array_ = 0;
};

}  // namespace

bool IsPythonNumber(PyObject* object) {
  if (PyFloat_CheckExact(object) || PyLong_CheckExact(object) || PyBool_Check(object)) return true;
  if (PyComplex_CheckExact(object)) return true;
  if (PyObject_CheckBuffer(object)) return false;
  return PyFloat_Check(object) || PyLong_Check(object) || PyComplex_Check(object);
}

ops::Tensor ImportNested(PyObject* source, std::optional<ops::DType> dtype) {
  Survey survey;
  survey.Visit(source, 0);
  std::optional<ops::DType> found;
  if (survey.has_numbers() || survey.arrays().empty()) found = survey.NumbersDType();
  for (const ops::Tensor& array : survey.arrays()) {
    const std::optional<ops::DType> common =
        found ? tensor::PromoteTypes(*found, array.dtype()) : array.dtype();
    if (!common) {
      Raise(PyExc_TypeError, "the arrays and numbers in nested lists have no common dtype");
    }
    found = common;
  }
  // Numbers are checked against the range of the integers they go to; whatever else it takes to
  // reach the dtype asked for is a conversion like any other.
  const bool direct =
      dtype && survey.arrays().empty() &&
      (tensor::IsInteger(*dtype) ? survey.has_real_numbers() : !tensor::IsBool(*dtype));
  const ops::DType target =
      direct && (!tensor::IsComplex(*found) || tensor::IsComplex(*dtype)) ? *dtype : *found;
  ops::Tensor result = ops::Tensor::Empty(survey.shape(), target);
  tensor::VisitAny(target, [&](auto tag) {
    Filler<typename decltype(tag)::type> filler(survey, result);
    if (result.size() > 0) filler.Visit(source, 0);
  });
  return result;
}

}  // namespace emberharmony::python
