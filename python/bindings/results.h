#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <complex>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bindings/arguments.h"

/// C++ values as Python objects: new references; PythonError where the interpreter has no memory.
namespace emberharmony::python {

inline PyObject* ToPython(ops::Tensor tensor) {
  return MakeTensor([&] { return std::move(tensor); });
}
inline PyObject* ToPython(bool value) { return PyBool_FromLong(value); }
template <class T, class = std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>>>
PyObject* ToPython(T value) {
  if constexpr (std::is_signed_v<T>) {
    return Checked(PyLong_FromLongLong(value));
  } else {
    return Checked(PyLong_FromUnsignedLongLong(value));
  }
}
inline PyObject* ToPython(double value) { return Checked(PyFloat_FromDouble(value)); }
inline PyObject* ToPython(std::complex<double> value) {
  return Checked(PyComplex_FromDoubles(value.real(), value.imag()));
}
inline PyObject* ToPython(const std::string& text) {
  return Checked(PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
}
inline PyObject* ToPython(std::nullptr_t) { return Py_NewRef(Py_None); }
PyObject* ToPython(ops::DType dtype);
PyObject* ToPython(ops::Device device);
/// A tuple of integers.
PyObject* ToPython(const ops::Shape& shape);
/// A tuple of tensors.
PyObject* ToPython(std::vector<ops::Tensor> tensors);
template <class T>
PyObject* ToPython(std::optional<T> value) {
  return value ? ToPython(std::move(*value)) : Py_NewRef(Py_None);
}
template <class First, class Second>
PyObject* ToPython(std::pair<First, Second> pair) {
  Reference first(ToPython(std::move(pair.first)));
  Reference second(ToPython(std::move(pair.second)));
  return Checked(PyTuple_Pack(2, first.get(), second.get()));
}

/// A list of tensors, where the standard says so.
struct TensorList {
  std::vector<ops::Tensor> tensors;
};
PyObject* ToPython(TensorList list);

/// A named tuple of tensors: `static NamedTuple kQr("QRResult", {"Q", "R"});` beside the function,
/// which returns `NamedTensors{&kQr, {q, r}}` from args.Run and names it in its signature.
class NamedTuple {
 public:
  /// Adds itself to those that NamedTupleType and DescribeNamedTuples know.
  NamedTuple(const char* name, std::initializer_list<const char*> fields);
  NamedTuple(const NamedTuple&) = delete;
  NamedTuple& operator=(const NamedTuple&) = delete;

  const char* name() const { return name_; }
  const std::vector<const char*>& fields() const { return fields_; }
  /// The class, which is made at the first call: importing the module should not wait for it.
  /// Borrowed.
  PyObject* Type();
  /// A new tuple of these elements, which it takes over.
  PyObject* Make(std::vector<Reference> elements);

 private:
  const char* name_;
  std::vector<const char*> fields_;
  PyObject* type_ = nullptr;
};
struct NamedTensors {
  NamedTuple* type;
  std::vector<ops::Tensor> tensors;
};
PyObject* ToPython(NamedTensors tensors);

/// The class of the named tuple of that name, a new reference; null, with nothing raised, where
/// there is none. A result that was pickled in another process is the first to ask for its class.
PyObject* NamedTupleType(std::string_view name);
/// A new list of (name, fields) of all named tuples, which the stubs are written from.
PyObject* DescribeNamedTuples();

template <class F>
PyObject* Arguments::Run(F&& f) {
  using Result = decltype(f());
  if (work_ < kReleaseSize) {
    if constexpr (std::is_same_v<Result, ops::Tensor>) {
      return MakeTensor(f);
    } else if constexpr (std::is_void_v<Result>) {
      f();
      return Py_NewRef(Py_None);
    } else {
      return ToPython(f());
    }
  }
  if constexpr (std::is_void_v<Result>) {
    ReleasedGil released;
    f();
  } else {
    std::optional<Result> result;
    {
      ReleasedGil released;
      result.emplace(f());
    }
    return ToPython(std::move(*result));
  }
  return Py_NewRef(Py_None);
}

}  // namespace emberharmony::python
