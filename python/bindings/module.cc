// The extension module emberharmony._core.
#include <nanobind/nanobind.h>

#include "bindings/device_object.h"
#include "bindings/dtype_object.h"
#include "bindings/function.h"
#include "bindings/tensor_object.h"

namespace emberharmony::python {
namespace {

PyMethodDef rebuild = {"_rebuild_tensor", &RebuildTensor, METH_VARARGS, nullptr};

void Require(bool done) {
  if (!done) throw nanobind::python_error();
}

/// New references as nanobind's; their errors are Python's.
nanobind::object Stolen(PyObject* object) { return nanobind::steal<nanobind::object>(object); }

}  // namespace

NB_MODULE(_core, module) {
  module.attr("__doc__") = "The compiled part of emberharmony: use emberharmony.ops.";
  Require(PrepareFunctions());
  Require(InitDTypes(module.ptr()));
  Require(InitDevices(module.ptr()));
  Require(InitTensorType(module.ptr()));
  module.attr("_rebuild_tensor") = Stolen(PyCFunction_NewEx(&rebuild, nullptr, nullptr));
  module.def(
      "functions",
      [](const char* space, const char* module_name) {
        try {
          return Stolen(MakeFunctions(space, module_name));
        } catch (const PythonError&) {
          throw nanobind::python_error();
        }
      },
      "The functions of a space of ops (\"ops\", \"linalg\"), a dict, as those of a module.");
  module.def(
      "describe_functions", [] { return Stolen(DescribeFunctions()); },
      "A list of (space, name, signature, docstring, alias of) of all functions.");
}

}  // namespace emberharmony::python
