// The extension module emberharmony._core.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "bindings/bigquery_internal.h"
#include "bindings/device_object.h"
#include "bindings/dtype_object.h"
#include "bindings/function.h"
#include "bindings/tensor_object.h"
#include "emberharmony/backend/backend.h"
#include "emberharmony/backend/threads.h"

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
  Require(InitLinAlgError(module.ptr()));
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

  InitBigQuery(module);

  module.attr("__version__") = EMBER_VERSION;
  module.def("get_num_threads", &backend::NumThreads);
  module.def("set_num_threads", &backend::SetNumThreads, nanobind::arg("num_threads"));
  module.def("backend_names", &backend::BackendNames);
  module.def("current_backend", [] { return std::string(backend::CurrentBackend().name()); });
  module.def("set_current_backend", [](const std::string& name) {
    backend::Backend* found = backend::FindBackend(name);
    if (found != nullptr) backend::SetCurrentBackend(found);
    return found != nullptr;
  });
}

}  // namespace emberharmony::python
