// Array API namespaces (NumPy, ...) as backends: emberharmony/ops/_namespaces.py calls them, here
// is the Backend that hands it tensors and takes its results.
#include <cxxabi.h>
#include <fmt/format.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "bindings/array_import.h"
#include "bindings/backends_internal.h"
#include "bindings/python_error.h"
#include "bindings/results.h"
#include "bindings/tensor_object.h"
#include "emberharmony/backend/backend.h"

namespace emberharmony::python {
namespace {

namespace nb = nanobind;

using backend::AttributeKey;
using backend::Op;

/// Bits of tensor::DType.
using DTypeBits = uint32_t;

constexpr DTypeBits BitOfDType(tensor::DType dtype) {
  return DTypeBits{1} << static_cast<int>(dtype);
}

/// Whether this thread is within a namespace's function. What that calls of ops (a namespace may be
/// built on them) is computed natively, or it would call itself without end.
thread_local bool is_in_namespace = false;

/// The GIL, and the mark that this thread is in a namespace.
class NamespaceScope {
 public:
  NamespaceScope() : state_(EnsureGil()) { is_in_namespace = true; }
  ~NamespaceScope() {
    is_in_namespace = false;
    PyGILState_Release(state_);
  }
  NamespaceScope(const NamespaceScope&) = delete;
  NamespaceScope& operator=(const NamespaceScope&) = delete;

 private:
  PyGILState_STATE state_;
};

/// What call() returns. Ends as TakeGil does where the interpreter is being shut down: it ends a
/// thread that asks for the lock, as a namespace's code does at any time, by unwinding its stack.
template <class Call>
auto OutlivingTheInterpreter(Call&& call) {
  try {
    return call();
  } catch (const abi::__forced_unwind&) {
    for (;;) pause();
  }
}

/// The name and the value of an attribute in Python; a null value for one that no namespace needs.
std::pair<const char*, PyObject*> NamespaceAttribute(const backend::Attribute& attribute) {
  switch (attribute.key) {
    case AttributeKey::kAxis:
      return {"axis", PyLong_FromLongLong(attribute.integer)};
    case AttributeKey::kDescending:
      return {"descending", PyBool_FromLong(attribute.integer != 0)};
    case AttributeKey::kRight:
      return {"right", PyBool_FromLong(attribute.integer != 0)};
    case AttributeKey::kIncludeInitial:
      return {"include_initial", PyBool_FromLong(attribute.integer != 0)};
    case AttributeKey::kUpper:
      return {"upper", PyBool_FromLong(attribute.integer != 0)};
    case AttributeKey::kInverse:
      return {"inverse", PyBool_FromLong(attribute.integer != 0)};
    case AttributeKey::kLength:
      return {"length", PyLong_FromLongLong(attribute.integer)};
    case AttributeKey::kCorrection:
      return {"correction", PyFloat_FromDouble(attribute.number)};
    case AttributeKey::kScale:
      return {"scale", PyFloat_FromDouble(attribute.number)};
    case AttributeKey::kAxes: {
      PyObject* const axes = PyTuple_New(attribute.integers.count);
      for (int64_t i = 0; axes != nullptr && i < attribute.integers.count; ++i) {
        PyTuple_SET_ITEM(axes, i, Checked(PyLong_FromLongLong(attribute.integers.values[i])));
      }
      return {"axes", axes};
    }
    default:
      return {"", nullptr};
  }
}

Reference NamespaceAttributes(backend::Attributes attributes, tensor::DType result) {
  Reference dict(PyDict_New());
  for (const backend::Attribute& attribute : attributes) {
    const auto [name, value] = NamespaceAttribute(attribute);
    if (*name == '\0') continue;
    const Reference held(value);
    if (PyDict_SetItemString(dict.get(), name, held.get()) < 0) throw PythonError{};
  }
  const std::string dtype(tensor::DTypeName(result));
  const Reference held(PyUnicode_FromString(dtype.c_str()));
  if (PyDict_SetItemString(dict.get(), "dtype", held.get()) < 0) throw PythonError{};
  return dict;
}

/// The text of the error indicator, which is cleared. Ctrl-C stays to be raised later.
std::string TakePythonError() {
  const bool is_interrupt = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0;
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  std::string text = "an exception";
  if (type != nullptr) text = reinterpret_cast<PyTypeObject*>(type)->tp_name;
  PyObject* const message = value != nullptr ? PyObject_Str(value) : nullptr;
  const char* const utf8 = message != nullptr ? PyUnicode_AsUTF8(message) : nullptr;
  if (utf8 != nullptr && *utf8 != '\0') text += std::string(": ") + utf8;
  Py_XDECREF(message);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(traceback);
  PyErr_Clear();
  if (is_interrupt) PyErr_SetInterrupt();
  return text;
}

/// Whether the standard's function leaves out, or counts as one, axes that the output has.
bool MayReshape(Op op) {
  return op == Op::kSum || op == Op::kMin || op == Op::kMax || op == Op::kTake ||
         (op >= Op::kProd && op <= Op::kArgMin);
}

/// The shape of an elementwise result: what the inputs broadcast to, which may be less than the
/// output's.
tensor::Shape ElementwiseShape(backend::Tensors inputs) {
  tensor::Shape shape;
  for (const tensor::Tensor* input : inputs) tensor::BroadcastInto(&shape, input->shape());
  return shape;
}

/// Copies what the namespace returned into the output; else why it is not the result.
std::string StoreResult(Op op, PyObject* returned, backend::Tensors inputs,
                        const ops::Tensor& output) {
  ops::Tensor result = ImportArray(returned, std::nullopt, CopyRule::kIfNeeded);
  if (result.dtype() != output.dtype()) {
    return fmt::format("it gives {} for {}", tensor::DTypeName(result.dtype()),
                       tensor::DTypeName(output.dtype()));
  }
  if (!(result.shape() == output.shape())) {
    if (backend::IsElementwise(op) && result.shape() == ElementwiseShape(inputs)) {
      result = result.BroadcastTo(output.shape());
    } else if (MayReshape(op) && result.size() == output.size()) {
      result = result.Reshape(output.shape());
    } else {
      return fmt::format("it gives a {} for a {}", result.Describe(), output.Describe());
    }
  }
  // Some functions (real, conj) may return their input, whose memory the output may be.
  tensor::CopyElements(tensor::MayShareMemory(result, output) ? result.Copy() : result, output);
  return "";
}

/// A conversion for which the standard leaves open what becomes of numbers.
bool IsOpenConversion(tensor::DType from, tensor::DType to) {
  if (tensor::IsComplex(from)) return !tensor::IsComplex(to);
  return tensor::IsRealFloating(from) && tensor::IsInteger(to);
}

struct NamespaceAnswer {
  DTypeBits dtypes = 0;
  std::string reason;  ///< for the dtypes it does not compute
};

class NamespaceBackend final : public backend::Backend {
 public:
  NamespaceBackend(std::string name, std::string version, std::string framework, DTypeBits dtypes,
                   PyObject* execute)
      : name_(std::move(name)),
        version_(std::move(version)),
        framework_(std::move(framework)),
        dtypes_(dtypes),
        execute_(Py_NewRef(execute)) {}

  void SetAnswer(Op op, NamespaceAnswer answer) {
    answers_[static_cast<int>(op)] = std::move(answer);
  }

  std::string_view name() const override { return name_; }
  std::string version() const override { return version_; }
  std::string framework() const override { return framework_; }
  std::vector<tensor::Device> devices() const override { return {tensor::kCpuDevice}; }

  bool Supports(const backend::OpQuery& query) const override {
    if (is_in_namespace || !(query.device == tensor::kCpuDevice) || query.dtypes.empty()) {
      return false;
    }
    if ((answers_[static_cast<int>(query.op)].dtypes & BitOfDType(query.dtypes[0])) == 0) {
      return false;
    }
    for (const tensor::DType dtype : query.dtypes) {
      if ((dtypes_ & BitOfDType(dtype)) == 0) return false;
    }
    return query.op != Op::kAstype || query.dtypes.size() < 2 ||
           !IsOpenConversion(query.dtypes[0], query.dtypes[1]);
  }

  std::string WhyNot(const backend::OpQuery& query) const override {
    if (Supports(query)) return "";
    if (is_in_namespace) return "called from within the namespace itself";
    if (!(query.device == tensor::kCpuDevice)) return "a namespace computes on the CPU alone";
    for (const tensor::DType dtype : query.dtypes) {
      if ((dtypes_ & BitOfDType(dtype)) == 0) {
        return fmt::format("the namespace has no dtype {}", tensor::DTypeName(dtype));
      }
    }
    if (query.op == Op::kAstype && query.dtypes.size() == 2 &&
        IsOpenConversion(query.dtypes[0], query.dtypes[1])) {
      return "the standard leaves open what becomes of numbers that the dtype does not hold";
    }
    const std::string& reason = answers_[static_cast<int>(query.op)].reason;
    return reason.empty() ? Backend::WhyNot(query) : reason;
  }

  void Execute(Op op, backend::Tensors inputs, backend::Attributes attributes,
               backend::Tensors outputs) override {
    const std::string fault = Try(op, inputs, attributes, outputs);
    if (fault.empty()) return CountRan(op);
    CountFallback(op, fault);
    backend::Native().Execute(op, inputs, attributes, outputs);
  }

 private:
  /// Empty, or why the namespace does not compute this.
  std::string Try(Op op, backend::Tensors inputs, backend::Attributes attributes,
                  backend::Tensors outputs) const {
    for (const tensor::Tensor* input : inputs) {
      if (input->size() == 0) return "tensors without elements";
    }
    if (outputs.size() != 1) return "operations with several results";
    const NamespaceScope scope;
    try {
      const Reference arrays(PyTuple_New(static_cast<Py_ssize_t>(inputs.size())));
      for (size_t i = 0; i < inputs.size(); ++i) {
        PyTuple_SET_ITEM(arrays.get(), static_cast<Py_ssize_t>(i),
                         MakeTensor([&] { return ops::Tensor(*inputs[i]); }));
      }
      const Reference keywords = NamespaceAttributes(attributes, outputs[0]->dtype());
      const Reference name(PyUnicode_FromString(backend::InfoOf(op).name.data()));
      const Reference returned(OutlivingTheInterpreter([&] {
        return PyObject_CallFunctionObjArgs(execute_, name.get(), arrays.get(), keywords.get(),
                                            nullptr);
      }));
      return OutlivingTheInterpreter(
          [&] { return StoreResult(op, returned.get(), inputs, *outputs[0]); });
    } catch (const PythonError&) {
      return TakePythonError();
    } catch (const std::exception& error) {
      return std::string("its result cannot be read: ") + error.what();
    }
  }

  std::string name_;
  std::string version_;
  std::string framework_;
  DTypeBits dtypes_;
  PyObject* execute_;  ///< held for good, as the backend is
  std::array<NamespaceAnswer, backend::kNumOps> answers_;
};

/// False if the name is taken. `answers`: for each operation's name the dtypes it computes and the
/// reason for others.
bool RegisterNamespace(const std::string& name, const std::string& version,
                       const std::string& framework, DTypeBits dtypes, nb::dict answers,
                       nb::callable execute) {
  auto made = std::make_unique<NamespaceBackend>(name, version, framework, dtypes, execute.ptr());
  for (const auto& [key, value] : answers) {
    const auto op = backend::ParseOp(nb::cast<std::string>(key));
    if (!op) throw nb::value_error("expected the names of operations");
    const auto pair = nb::cast<nb::tuple>(value);
    made->SetAnswer(*op, {nb::cast<DTypeBits>(pair[0]), nb::cast<std::string>(pair[1])});
  }
  return backend::RegisterBackend(std::move(made));
}

/// The names of all operations, in the order of their numbers.
nb::list OperationNames() {
  nb::list names;
  for (const backend::OpInfo& info : backend::kOpInfos) names.append(std::string(info.name));
  return names;
}

}  // namespace

void InitNamespaceBackends(nb::module_& module) {
  module.def("register_namespace", &RegisterNamespace, nb::arg("name"), nb::arg("version"),
             nb::arg("framework"), nb::arg("dtypes"), nb::arg("answers"), nb::arg("execute"));
  module.def("operation_names", &OperationNames);
}

}  // namespace emberharmony::python
