#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/tensor_object.h"
#include "emberharmony/ops/operand.h"

namespace emberharmony::python {

/// One parameter of a Python function.
struct Parameter {
  enum class Kind : uint8_t { kPositionalOnly, kPositional, kKeywordOnly };

  std::string name;
  PyObject* interned = nullptr;
  std::string annotation;
  Kind kind = Kind::kPositional;
  /// As written in the signature; empty: required.
  std::string default_text;
};

/// The parameters of a function, parsed from its signature.
struct Parameters {
  static constexpr int kMax = 16;

  std::vector<Parameter> all;  ///< without *rest
  std::string rest;            ///< the name of *rest; empty: there is none
  std::string rest_annotation;
  std::string returns;
  PyObject* defaults[kMax] = {};  ///< null: required
  int num_positional_only = 0;
  int num_positional = 0;  ///< including those that are positional only
  /// The most that a call may give by position: beyond what the standard has, its first parameter
  /// by name where everybody knows which that is (sum(x, 0), zeros(3, "int8")).
  int num_accepted = 0;
};

/// Parses "(x: Tensor, /, *, axis: int | None = None) -> Tensor"; false with the error indicator
/// set.
bool ParseSignature(const char* name, const char* signature, Parameters* parameters);

/// The arguments of one call, by the position of their parameter in the signature. Arguments that
/// were left out have their defaults. Each accessor throws PythonError, with a TypeError that names
/// the function and the parameter, where an argument is of another type. Accessors need the GIL:
/// they are called before Run, never inside of what it runs.
class Arguments {
 public:
  Arguments(const char* name, const Parameters& parameters, PyObject* const* slots,
            std::span<PyObject* const> rest)
      : name_(name), parameters_(parameters), slots_(slots), rest_(rest) {}
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  const char* function() const { return name_; }
  /// The object itself: borrowed.
  PyObject* object(int i) const { return slots_[i]; }
  bool is_none(int i) const { return slots_[i] == Py_None; }

  /// A Tensor, or anything that ops.asarray makes one of; the reference lives as long as the call.
  const ops::Tensor& tensor(int i) { return TensorFrom(slots_[i], i); }
  /// The same, or null for None.
  const ops::Tensor* optional_tensor(int i) { return is_none(i) ? nullptr : &tensor(i); }
  /// The Tensor object itself, to be written to; nothing else is accepted.
  ops::Tensor& writable_tensor(int i);
  /// A Python number, or what tensor() accepts. None is an operand for which is_none() holds.
  ops::Operand operand(int i);
  /// The elements of a list or tuple.
  std::vector<ops::Tensor> tensors(int i);

  bool boolean(int i) const;
  int64_t integer(int i) const;
  std::optional<int64_t> optional_integer(int i) const;
  /// An axis: an integer. Throws ops::AxisError for one that no tensor has.
  int axis(int i) const;
  std::optional<int> optional_axis(int i) const;
  /// None, an integer or a sequence of integers.
  std::optional<std::vector<int>> axes(int i) const;
  /// An integer or a sequence of integers.
  std::vector<int64_t> integers(int i) const;
  ops::Shape shape(int i);
  /// A real number.
  double number(int i) const;
  std::optional<double> optional_number(int i) const;
  ops::Scalar scalar(int i) const;
  std::string_view text(int i) const;
  std::optional<std::string_view> optional_text(int i) const;
  /// None is no dtype.
  std::optional<ops::DType> dtype(int i) const;
  /// Where the result, a tensor, is to lie: Invoke moves it there. None: where it is made. Throws
  /// std::invalid_argument for a device that is not there.
  void check_device(int i);
  /// The same; None: where another tensor lies.
  void check_device(int i, const ops::Tensor& like);
  const std::optional<ops::Device>& result_device() const { return result_device_; }

  /// What *rest took.
  std::span<PyObject* const> rest() const { return rest_; }
  const ops::Tensor& rest_tensor(size_t k) { return TensorFrom(rest_[k], -1); }
  std::vector<ops::Tensor> rest_tensors();

  /// Elements to be worked on, from which Run decides whether to release the GIL. Tensors and
  /// shapes count by themselves; others are added with AddWork.
  void AddWork(int64_t num_elements) { work_ += num_elements; }

  /// Calls f(), without the GIL if there is much to do, and makes its result a Python object
  /// (results.h says which). f must touch no Python object.
  template <class F>
  PyObject* Run(F&& f);

  /// Raises TypeError "sum: argument 'axis': expected EXPECTED, found TYPE".
  [[noreturn]] void RaiseType(int i, const char* expected) const;

 private:
  const ops::Tensor& TensorFrom(PyObject* object, int i) {
    if (IsTensor(object)) {
      const ops::Tensor& tensor = TensorOf(object);
      work_ += tensor.size();
      return tensor;
    }
    return Import(object, i);
  }
  const ops::Tensor& Import(PyObject* object, int i);

  const char* name_;
  const Parameters& parameters_;
  PyObject* const* slots_;
  std::span<PyObject* const> rest_;
  int64_t work_ = 0;
  std::optional<ops::Device> result_device_;
  /// Tensors made of arguments that were none.
  std::vector<std::unique_ptr<ops::Tensor>> imported_;
};

/// A Python bool, int, float or complex (no subclass with a buffer, as NumPy's scalars are) as an
/// operand; false if it is none. Raises OverflowError for an integer beyond 64 bits.
bool NumberToOperand(PyObject* object, ops::Operand* operand);
/// The same, but an integer beyond 64 bits sets `beyond` and becomes the nearest double.
bool NumberToOperand(PyObject* object, ops::Operand* operand, bool* beyond);

/// The items of a list, a tuple or another iterable, as a tuple, which nobody can change while they
/// are looked at: looking at one may run code of the caller's (__index__, __array__). Throws
/// PythonError, with a TypeError that says `message`, where there are none.
Reference ItemsOf(PyObject* object, const char* message);

/// A Python integer (anything with __index__, but bool) that must fit int64_t.
int64_t IntegerOf(PyObject* object);
/// A sequence of integers, or one.
std::vector<int64_t> IntegersOf(PyObject* object);

}  // namespace emberharmony::python
