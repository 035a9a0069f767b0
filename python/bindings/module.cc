// The extension module emberharmony._core.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <climits>
#include <string>
#include <vector>

#include "bindings/backends_internal.h"
#include "bindings/bigquery_internal.h"
#include "bindings/device_object.h"
#include "bindings/dtype_object.h"
#include "bindings/engine_internal.h"
#include "bindings/function.h"
#include "bindings/temporal_internal.h"
#include "bindings/tensor_object.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::python {
namespace {

PyMethodDef rebuild = {"_rebuild_tensor", &RebuildTensor, METH_VARARGS, nullptr};

void Require(bool done) {
  if (!done) throw nanobind::python_error();
}

/// New references as nanobind's; their errors are Python's.
nanobind::object Stolen(PyObject* object) { return nanobind::steal<nanobind::object>(object); }

/// What the module has once it is asked for: the classes of named tuples.
nanobind::object LateAttribute(const std::string& name) {
  PyObject* found = nullptr;
  try {
    found = NamedTupleType(name);
  } catch (const PythonError&) {
    throw nanobind::python_error();
  }
  if (found == nullptr) {
    throw nanobind::attribute_error(
        ("module 'emberharmony._core' has no attribute '" + name + "'").c_str());
  }
  return Stolen(found);
}

}  // namespace

NB_MODULE(_core, module) {
  static bool imported = false;
  if (imported) {
    throw nanobind::import_error(
        "emberharmony is loaded already and cannot be a second time: neither after it was deleted "
        "from sys.modules nor in a subinterpreter");
  }
  imported = true;
  module.attr("__doc__") = "The compiled part of emberharmony: use emberharmony.ops.";
  Require(PrepareFunctions());
  Require(InitDTypes(module.ptr()));
  Require(InitDevices(module.ptr()));
  Require(InitLinAlgError(module.ptr()));
  Require(InitAxisError(module.ptr()));
  Require(InitTensorType(module.ptr()));
  // With the name of its module, or pickle looks for it in all modules there are.
  const nanobind::object name = module.attr("__name__");
  module.attr("_rebuild_tensor") = Stolen(PyCFunction_NewEx(&rebuild, nullptr, name.ptr()));
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
      "A list of (space, name, signature, docstring, alias of, how many parameters are taken by "
      "position) of all functions.");
  module.def(
      "describe_named_tuples", [] { return Stolen(DescribeNamedTuples()); },
      "A list of (name, fields) of the named tuples that functions return.");
  module.def("__getattr__", &LateAttribute);

  InitBigQuery(module);
  InitEngine(module);
  InitTemporal(module);

  module.attr("__version__") = EMBER_VERSION;
  module.def("get_num_threads", &backend::NumThreads);
  module.def(
      "set_num_threads",
      [](const nanobind::object& num_threads) {
        // Beyond what int holds it is out of range in any case.
        const Py_ssize_t number = PyNumber_AsSsize_t(num_threads.ptr(), nullptr);
        if (number == -1 && PyErr_Occurred()) throw nanobind::python_error();
        backend::SetNumThreads(static_cast<int>(std::clamp<Py_ssize_t>(number, INT_MIN, INT_MAX)));
      },
      nanobind::arg("num_threads"), nanobind::sig("def set_num_threads(num_threads: int) -> None"));
  InitBackends(module);
}

}  // namespace emberharmony::python
