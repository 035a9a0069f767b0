#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string>
#include <vector>

#include "bindings/arguments.h"
#include "bindings/results.h"

/// How C++ functions become Python functions. README.md in this folder says how to add one.
namespace emberharmony::python {

/// One Python function: what EMBER_FUNCTION writes down, and what is derived from it when the
/// module is imported.
struct Function {
  using Call = PyObject* (*)(PyObject* self, PyObject* const* args, Py_ssize_t num_args,
                             PyObject* keyword_names);
  using Body = PyObject* (*)(Arguments& args);

  /// Adds itself to AllFunctions(). `space` is "ops" or a module in it ("linalg").
  Function(const char* space, const char* name, const char* signature, const char* doc, Call call,
           Call method);

  const char* space;
  const char* name;
  /// "(x: Tensor, /, *, axis: int | None = None) -> Tensor"; goes into the stub as it is.
  const char* signature;
  const char* doc;
  Call call;
  /// The same with the first argument in `self`.
  Call method;

  Parameters parameters;
  /// What inspect.signature reads ("sum(x, /, *, axis=None)\n--\n\n" and the docstring).
  std::string text;
  PyMethodDef definition;
  /// Whether the method takes several integers for a tuple of them: x.reshape(2, -1).
  bool gathers = false;
  /// Whether the method has NumPy's other parameters too, in Python.
  bool as_numpy = false;
};

/// A second name for a function.
struct Alias {
  Alias(const char* space, const char* name, const char* of);

  const char* space;
  const char* name;
  /// "svd", in the same space, or "linalg.svd".
  const char* of;
};

/// Parses the signatures of all functions; false with the error indicator set.
bool PrepareFunctions();
/// Adds to `methods` those of the class Tensor that are functions of ops.
void AppendFunctionMethods(std::vector<PyMethodDef>& methods);
/// The functions of a space with their aliases, a new dict, as objects of the module `module_name`.
PyObject* MakeFunctions(const char* space, const char* module_name);
/// A new list of (space, name, signature, docstring, alias of, how many parameters are taken by
/// position) of all functions and aliases: what the stubs and the reference are written from.
PyObject* DescribeFunctions();

/// Binds the arguments and calls the body. `self` is the first argument of a method, else null.
PyObject* Invoke(const Function& function, Function::Body body, PyObject* self,
                 PyObject* const* args, Py_ssize_t num_args, PyObject* keyword_names);

}  // namespace emberharmony::python

/// Defines ops.SPACE.NAME (SPACE `ops`: ops.NAME); a function body with `Arguments& args` follows.
#define EMBER_FUNCTION_IN(space, name, signature, doc)                                             \
  static PyObject* Body_##space##_##name(::emberharmony::python::Arguments& args);                 \
  static PyObject* Call_##space##_##name(PyObject* self, PyObject* const* args,                    \
                                         Py_ssize_t num_args, PyObject* keyword_names);            \
  static PyObject* Method_##space##_##name(PyObject* self, PyObject* const* args,                  \
                                           Py_ssize_t num_args, PyObject* keyword_names);          \
  static ::emberharmony::python::Function function_##space##_##name(                               \
      #space, #name, signature, doc, &Call_##space##_##name, &Method_##space##_##name);            \
  static PyObject* Call_##space##_##name(PyObject*, PyObject* const* args, Py_ssize_t num_args,    \
                                         PyObject* keyword_names) {                                \
    return ::emberharmony::python::Invoke(function_##space##_##name, &Body_##space##_##name,       \
                                          nullptr, args, num_args, keyword_names);                 \
  }                                                                                                \
  static PyObject* Method_##space##_##name(PyObject* self, PyObject* const* args,                  \
                                           Py_ssize_t num_args, PyObject* keyword_names) {         \
    return ::emberharmony::python::Invoke(function_##space##_##name, &Body_##space##_##name, self, \
                                          args, num_args, keyword_names);                          \
  }                                                                                                \
  static PyObject* Body_##space##_##name([[maybe_unused]] ::emberharmony::python::Arguments& args)

/// Defines ops.NAME.
#define EMBER_FUNCTION(name, signature, doc) EMBER_FUNCTION_IN(ops, name, signature, doc)

/// Makes ops.SPACE.NAME the same object as OF, which is "name" (of the same space) or "space.name".
#define EMBER_ALIAS_IN(space, name, of) \
  static ::emberharmony::python::Alias alias_##space##_##name(#space, #name, of);
#define EMBER_ALIAS(name, of) EMBER_ALIAS_IN(ops, name, of)
