#include "bindings/function.h"

#include <cstring>
#include <deque>
#include <string_view>

#include "emberharmony/ops/devices.h"

namespace emberharmony::python {
namespace {

std::vector<Function*>& AllFunctions() {
  static std::vector<Function*> functions;
  return functions;
}

std::vector<Alias*>& AllAliases() {
  static std::vector<Alias*> aliases;
  return aliases;
}

/// Functions of ops that are methods of Tensor as well, with the tensor as their first argument.
constexpr const char* kMethodNames[] = {
    "sum",       "prod",    "mean",    "var",          "std",          "min",    "max",
    "any",       "all",     "argmax",  "argmin",       "reshape",      "astype", "squeeze",
    "take",      "nonzero", "clip",    "cumsum",       "cumprod",      "round",  "sort",
    "argsort",   "repeat",  "flatten", "ravel",        "swapaxes",     "conj",   "dot",
    "diagonal",  "trace",   "abs",     "searchsorted", "expand_dims",  "copy",   "sqrt",
    "exp",       "log",     "square",  "sign",         "permute_dims", "cast",   "median",
    "transpose",
};

/// Methods whose one sequence of integers may be given as several arguments, as NumPy's.
constexpr std::string_view kGatheringMethods[] = {"reshape", "permute_dims", "transpose"};

/// Methods that NumPy gives more parameters than ours have, and NumPy's functions pass them on:
/// python/emberharmony/ops/_numpy_methods.py has those.
constexpr std::string_view kNumPyMethods[] = {
    "sum",     "prod",  "mean",   "std",     "var",     "min",   "max",
    "any",     "all",   "argmax", "argmin",  "take",    "clip",  "cumsum",
    "cumprod", "round", "sort",   "argsort", "reshape", "ravel", "flatten"};

/// What those have beyond ours, and people write to the functions as well.
constexpr std::string_view kNumPyParameters[] = {"where", "out",  "initial", "mean",
                                                 "dtype", "kind", "order"};

/// Parameters that the standard has by name only, and that users give by position where they come
/// first: NumPy, the predecessor and every tutorial do.
constexpr std::string_view kAlsoPositional[] = {"axis",   "axes", "dtype", "k",    "n",
                                                "offset", "s",    "d",     "side", "mode"};
/// Those that another follows by position too: zeros(2, dtype, device), fft(x, n, axis).
constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
    {"dtype", "device"}, {"n", "axis"}, {"s", "axes"}};
/// In NumPy's functions of these names another parameter comes first.
constexpr std::string_view kNamedOnly[] = {"cross"};

template <size_t n>
bool IsAmong(const std::string_view (&names)[n], std::string_view name) {
  for (const std::string_view each : names) {
    if (each == name) return true;
  }
  return false;
}

int CountAccepted(const Function& function) {
  const Parameters& parameters = function.parameters;
  const auto name_of = [&](int i) -> std::string_view {
    return i < static_cast<int>(parameters.all.size()) ? parameters.all[i].name
                                                       : std::string_view();
  };
  int accepted = parameters.num_positional;
  if (!parameters.rest.empty() || IsAmong(kNamedOnly, function.name)) return accepted;
  if (!IsAmong(kAlsoPositional, name_of(accepted))) return accepted;
  for (const auto& [first, second] : kPairs) {
    if (name_of(accepted) == first && name_of(accepted + 1) == second) return accepted + 2;
  }
  return accepted + 1;
}

Function* FindFunction(std::string_view space, std::string_view name) {
  for (Function* each : AllFunctions()) {
    if (space == each->space && name == each->name) return each;
  }
  for (const Alias* each : AllAliases()) {
    if (space != each->space || name != each->name) continue;
    const std::string_view of = each->of;
    const size_t dot = of.find('.');
    return dot == std::string_view::npos ? FindFunction(space, of)
                                         : FindFunction(of.substr(0, dot), of.substr(dot + 1));
  }
  return nullptr;
}

/// "sum(x, /, *, axis=None)\n--\n\n" and the docstring.
std::string TextOf(const Function& function) {
  std::string text = std::string(function.name) + "(";
  const Parameters& parameters = function.parameters;
  const int num_all = static_cast<int>(parameters.all.size());
  const char* separator = "";
  for (int i = 0; i < num_all; ++i) {
    const Parameter& each = parameters.all[i];
    if (i == parameters.num_positional) {
      text += separator + ("*" + parameters.rest);
      separator = ", ";
    }
    text += separator + each.name;
    if (!each.default_text.empty()) text += "=" + each.default_text;
    separator = ", ";
    if (i + 1 == parameters.num_positional_only) text += ", /";
  }
  if (parameters.num_positional == num_all && !parameters.rest.empty()) {
    text += separator + ("*" + parameters.rest);
  }
  return text + ")\n--\n\n" + function.doc;
}

/// "sum($self, axis=None)\n--\n\n" and the docstring.
std::string MethodTextOf(const Function& function, const char* name) {
  std::string text = std::string(name) + "($self";
  const Parameters& parameters = function.parameters;
  for (size_t i = 1; i < parameters.all.size(); ++i) {
    const Parameter& each = parameters.all[i];
    text += ", " + each.name;
    if (!each.default_text.empty()) text += "=" + each.default_text;
  }
  return text + ")\n--\n\n" + function.doc;
}

/// "expected 1 to 3 positional arguments, found 4".
void RaiseTooMany(const Function& function, Py_ssize_t found) {
  const Parameters& parameters = function.parameters;
  int required = 0;
  for (int i = 0; i < parameters.num_positional; ++i) {
    if (parameters.defaults[i] == nullptr) required = i + 1;
  }
  const int most = parameters.num_accepted;
  if (required == most) {
    PyErr_Format(PyExc_TypeError, "%s() takes %d positional argument%s but %zd %s given",
                 function.name, most, most == 1 ? "" : "s", found, found == 1 ? "was" : "were");
  } else {
    PyErr_Format(PyExc_TypeError,
                 "%s() takes from %d to %d positional arguments but %zd were given", function.name,
                 required, most, found);
  }
}

/// The parameter that a keyword names, or -1 with the error indicator set.
int FindKeyword(const Function& function, PyObject* keyword, int hint) {
  const std::vector<Parameter>& all = function.parameters.all;
  const int num_all = static_cast<int>(all.size());
  // Names in a call are interned as those in the signature are, and mostly come in its order.
  for (int i = hint; i < num_all; ++i) {
    if (all[i].interned == keyword) return i;
  }
  for (int i = 0; i < num_all; ++i) {
    if (PyUnicode_Compare(all[i].interned, keyword) != 0) continue;
    if (i < function.parameters.num_positional_only) {
      PyErr_Format(PyExc_TypeError,
                   "%s() got a positional-only argument passed as a keyword argument: '%.80U'",
                   function.name, keyword);
      return -1;
    }
    return i;
  }
  // NumPy's name of what the standard calls correction.
  if (PyUnicode_CompareWithASCIIString(keyword, "ddof") == 0) {
    for (int i = 0; i < num_all; ++i) {
      if (all[i].name == "correction") return i;
    }
  }
  if (PyErr_Occurred()) return -1;
  for (const std::string_view each : kNumPyParameters) {
    if (!function.as_numpy || PyUnicode_CompareWithASCIIString(keyword, each.data()) != 0) continue;
    PyErr_Format(PyExc_TypeError,
                 "%s() got an unexpected keyword argument '%U', which the tensor's method has: "
                 "x.%s(%U=...)",
                 function.name, keyword, function.name, keyword);
    return -1;
  }
  PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%.80U'", function.name,
               keyword);
  return -1;
}

/// Fills the slots with the arguments by keyword; false with the error indicator set.
bool BindKeywords(const Function& function, bool is_method, PyObject* const* values,
                  PyObject* names, int num_given, PyObject** slots) {
  const Py_ssize_t num_keywords = PyTuple_GET_SIZE(names);
  uint32_t taken = 0;
  int hint = function.parameters.num_positional_only;
  for (Py_ssize_t k = 0; k < num_keywords; ++k) {
    PyObject* keyword = PyTuple_GET_ITEM(names, k);
    const int i = FindKeyword(function, keyword, hint);
    if (i < 0) {
      // numpy.sum(x) calls x.sum(axis=None, dtype=None, out=None): what is None asks for nothing.
      if (!is_method || values[k] != Py_None) return false;
      PyErr_Clear();
      continue;
    }
    if (i < num_given || (taken >> i & 1) != 0) {
      PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%.80U'", function.name,
                   keyword);
      return false;
    }
    taken |= 1u << i;
    slots[i] = values[k];
    hint = i + 1;
  }
  return true;
}

bool RaiseMissing(const Function& function, PyObject* const* slots) {
  for (size_t i = 0; i < function.parameters.all.size(); ++i) {
    if (slots[i] != nullptr) continue;
    PyErr_Format(PyExc_TypeError, "%s() missing required argument: '%s'", function.name,
                 function.parameters.all[i].name.c_str());
    return false;
  }
  return true;
}

/// The interpreter calls the function by what its flags say, whatever type the table gives it.
PyCFunction AsCFunction(Function::Call call) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(call));
}

}  // namespace

Function::Function(const char* space, const char* name, const char* signature, const char* doc,
                   Call call, Call method)
    : space(space), name(name), signature(signature), doc(doc), call(call), method(method) {
  AllFunctions().push_back(this);
}

Alias::Alias(const char* space, const char* name, const char* of)
    : space(space), name(name), of(of) {
  AllAliases().push_back(this);
}

bool PrepareFunctions() {
  for (Function* each : AllFunctions()) {
    if (!ParseSignature(each->name, each->signature, &each->parameters)) return false;
    each->text = TextOf(*each);
    each->parameters.num_accepted = CountAccepted(*each);
    each->gathers = IsAmong(kGatheringMethods, each->name);
    each->as_numpy = IsAmong(kNumPyMethods, each->name);
    each->definition = {each->name, AsCFunction(each->call), METH_FASTCALL | METH_KEYWORDS,
                        each->text.c_str()};
  }
  return true;
}

void AppendFunctionMethods(std::vector<PyMethodDef>& methods) {
  // The interpreter keeps pointers to these.
  static std::deque<std::string> texts;
  for (const char* name : kMethodNames) {
    const Function* function = FindFunction("ops", name);
    if (function == nullptr) function = FindFunction("linalg", name);
    if (function == nullptr || function->parameters.num_positional < 1) continue;
    methods.push_back({name, AsCFunction(function->method), METH_FASTCALL | METH_KEYWORDS,
                       texts.emplace_back(MethodTextOf(*function, name)).c_str()});
  }
}

PyObject* MakeFunctions(const char* space, const char* module_name) {
  Reference dict(PyDict_New());
  Reference module(PyUnicode_FromString(module_name));
  for (Function* each : AllFunctions()) {
    if (std::strcmp(each->space, space) != 0) continue;
    Reference function(PyCFunction_NewEx(&each->definition, nullptr, module.get()));
    if (PyDict_SetItemString(dict.get(), each->name, function.get()) < 0) throw PythonError{};
  }
  for (const Alias* each : AllAliases()) {
    if (std::strcmp(each->space, space) != 0) continue;
    Function* of = FindFunction(space, each->name);
    if (of == nullptr) {
      Raise(PyExc_ImportError,
            std::string("alias ") + each->name + ": there is no function " + each->of);
    }
    PyObject* same = PyDict_GetItemString(dict.get(), of->name);
    Reference function = same != nullptr && std::strcmp(of->space, space) == 0
                             ? Reference::Borrow(same)
                             : Reference(PyCFunction_NewEx(&of->definition, nullptr, module.get()));
    if (PyDict_SetItemString(dict.get(), each->name, function.get()) < 0) throw PythonError{};
  }
  return dict.release();
}

PyObject* DescribeFunctions() {
  Reference list(PyList_New(0));
  const auto append = [&](const char* space, const char* name, const Function& function,
                          const char* of) {
    Reference row(Py_BuildValue("(sssssi)", space, name, function.signature, function.doc, of,
                                function.parameters.num_accepted));
    if (PyList_Append(list.get(), row.get()) < 0) throw PythonError{};
  };
  for (const Function* each : AllFunctions()) append(each->space, each->name, *each, "");
  for (const Alias* each : AllAliases()) {
    const Function* of = FindFunction(each->space, each->name);
    if (of != nullptr) append(each->space, each->name, *of, each->of);
  }
  return list.release();
}

namespace {

bool AreIntegers(std::span<PyObject* const> args) {
  for (PyObject* each : args) {
    if (!PyIndex_Check(each) || PyBool_Check(each)) return false;
  }
  return true;
}

/// A method's integers by position as the one tuple that they stand for: x.reshape(2, -1).
PyObject* InvokeGathered(const Function& function, Function::Body body, PyObject* self,
                         PyObject* const* args, Py_ssize_t num_args, PyObject* keyword_names) {
  const Py_ssize_t num_keywords = keyword_names == nullptr ? 0 : PyTuple_GET_SIZE(keyword_names);
  PyObject* all[1 + Parameters::kMax];
  if (num_keywords > Parameters::kMax) {
    PyErr_Format(PyExc_TypeError, "%s() got too many keyword arguments", function.name);
    return nullptr;
  }
  all[0] = PyTuple_New(num_args);
  if (all[0] == nullptr) return nullptr;
  for (Py_ssize_t i = 0; i < num_args; ++i) PyTuple_SET_ITEM(all[0], i, Py_NewRef(args[i]));
  for (Py_ssize_t i = 0; i < num_keywords; ++i) all[1 + i] = args[num_args + i];
  PyObject* const result = Invoke(function, body, self, all, 1, keyword_names);
  Py_DECREF(all[0]);
  return result;
}

/// The method of that name with NumPy's parameters, for a call that has more than ours.
PyObject* InvokeNumPyMethod(const Function& function, PyObject* self, PyObject* const* args,
                            Py_ssize_t num_args, PyObject* keyword_names) {
  try {
    static PyObject* module = nullptr;
    if (module == nullptr) {
      module = Checked(PyImport_ImportModule("emberharmony.ops._numpy_methods"));
    }
    Reference method(PyObject_GetAttrString(module, function.name));
    const Py_ssize_t num_keywords = keyword_names == nullptr ? 0 : PyTuple_GET_SIZE(keyword_names);
    std::vector<PyObject*> all(args, args + num_args + num_keywords);
    all.insert(all.begin(), self);
    return PyObject_Vectorcall(method.get(), all.data(), static_cast<size_t>(num_args + 1),
                               keyword_names);
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

/// A result on the device that was asked for; takes it over.
PyObject* MoveTo(ops::Device device, PyObject* result) {
  if (result == nullptr || !IsTensor(result) || TensorOf(result).device() == device) return result;
  const Reference made(result);
  return MakeTensor([&] { return ops::to_device(TensorOf(made.get()), device); });
}

}  // namespace

PyObject* Invoke(const Function& function, Function::Body body, PyObject* self,
                 PyObject* const* args, Py_ssize_t num_args, PyObject* keyword_names) {
  if (self != nullptr && num_args > 1 && function.gathers &&
      AreIntegers({args, static_cast<size_t>(num_args)})) {
    return InvokeGathered(function, body, self, args, num_args, keyword_names);
  }
  const Parameters& parameters = function.parameters;
  const int num_all = static_cast<int>(parameters.all.size());
  PyObject* slots[Parameters::kMax];
  std::memcpy(slots, parameters.defaults, num_all * sizeof(PyObject*));
  int num_given = 0;
  int most = parameters.num_accepted;
  if (self != nullptr) {
    slots[num_given++] = self;
    // Methods take all arguments by position, as those of NumPy's arrays do: in NumPy's order.
    if (parameters.rest.empty() && !function.as_numpy) most = num_all;
  }
  const Py_ssize_t room = most - num_given;
  Py_ssize_t num_taken = num_args;
  if (num_args > room) {
    if (parameters.rest.empty()) {
      if (self != nullptr && function.as_numpy) {
        return InvokeNumPyMethod(function, self, args, num_args, keyword_names);
      }
      RaiseTooMany(function, num_args + num_given);
      return nullptr;
    }
    num_taken = room;
  }
  for (Py_ssize_t i = 0; i < num_taken; ++i) slots[num_given + i] = args[i];
  const std::span<PyObject* const> rest(args + num_taken,
                                        static_cast<size_t>(num_args - num_taken));
  num_given += static_cast<int>(num_taken);
  if (keyword_names != nullptr &&
      !BindKeywords(function, self != nullptr, args + num_args, keyword_names, num_given, slots)) {
    if (self == nullptr || !function.as_numpy) return nullptr;
    PyErr_Clear();
    return InvokeNumPyMethod(function, self, args, num_args, keyword_names);
  }
  for (int i = 0; i < num_all; ++i) {
    if (slots[i] == nullptr && !RaiseMissing(function, slots)) return nullptr;
  }
  try {
    Arguments arguments(function.name, parameters, slots, rest);
    PyObject* const result = body(arguments);
    return arguments.result_device() ? MoveTo(*arguments.result_device(), result) : result;
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

}  // namespace emberharmony::python
