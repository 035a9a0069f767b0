// Backends as functions of _core; emberharmony/ops/_backends.py makes Python's interface of them.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>

#include "bindings/backends_internal.h"
#include "bindings/device_object.h"
#include "bindings/dtype_object.h"
#include "bindings/engine_internal.h"
#include "emberharmony/backend/automatic_choice.h"
#include "emberharmony/backend/backend_report.h"
#include "emberharmony/backend/plugin_loader.h"
#include "emberharmony/ops/devices.h"

namespace emberharmony::python {
namespace {

namespace nb = nanobind;

/// The backend of that name; ValueError for one that is not loaded.
backend::Backend& LoadedBackend(const std::string& name) {
  if (backend::Backend* const found = backend::FindBackend(name)) return *found;
  throw nb::value_error(("expected the name of a backend that is loaded, found " + name).c_str());
}

/// Empty, or why the backend cannot be used.
std::string LoadFault(const std::string& name) {
  const nb::gil_scoped_release released;  // a framework may take a second
  return backend::LoadBackend(name).status().message();
}

nb::list CallCounts(const std::string& name) {
  nb::list counts;
  for (const backend::OpCount& each : LoadedBackend(name).Counts()) {
    counts.append(nb::make_tuple(std::string(backend::InfoOf(each.op).name), each.ran,
                                 each.fell_back, each.reason));
  }
  return counts;
}

nb::list DescribeAll(bool load) {
  std::vector<backend::BackendReport> reports;
  {
    const nb::gil_scoped_release released;
    reports = backend::DescribeBackends(load);
  }
  nb::list described;
  for (const backend::BackendReport& report : reports) {
    nb::dict native_ops;
    for (const backend::NativeOp& each : report.native_ops) {
      native_ops[each.op.c_str()] = each.reason;
    }
    nb::list attempts;
    for (const backend::PluginAttempt& each : report.attempts) {
      attempts.append(nb::make_tuple(each.path, each.fault, each.remedy));
    }
    nb::dict entry;
    entry["name"] = report.name;
    entry["is_there"] = report.is_there;
    entry["is_chosen"] = report.is_chosen;
    entry["version"] = report.version;
    entry["framework"] = report.framework;
    entry["path"] = report.path;
    entry["devices"] = report.devices;
    entry["num_ops"] = report.num_ops;
    entry["native_ops"] = native_ops;
    entry["attempts"] = attempts;
    described.append(entry);
  }
  return described;
}

/// (who would compute, why not the backend that is chosen); ValueError for an unknown operation.
nb::tuple ExplainCall(const std::string& name, nb::handle dtype, int rank) {
  const auto op = backend::ParseOp(name);
  if (!op) throw nb::value_error(("expected the name of an operation, found " + name).c_str());
  try {
    const backend::OpChoice choice = backend::ExplainChoice(*op, DTypeOf(dtype.ptr()), rank);
    return nb::make_tuple(choice.backend, choice.reason);
  } catch (...) {
    SetErrorFromException();
    throw nb::python_error();
  }
}

/// What a call is estimated to cost on each backend: dicts; empty where costs do not choose.
nb::list EstimatesOf(const std::string& name, nb::handle dtype, const std::vector<int64_t>& shape) {
  const auto op = backend::ParseOp(name);
  if (!op) throw nb::value_error(("expected the name of an operation, found " + name).c_str());
  nb::list estimates;
  try {
    const tensor::DType type = DTypeOf(dtype.ptr());
    std::vector<backend::CostEstimate> found;
    {
      const nb::gil_scoped_release released;
      found = backend::EstimateCosts(*op, type, tensor::Shape(shape));
    }
    for (const backend::CostEstimate& each : found) {
      nb::dict entry;
      entry["backend"] = each.backend;
      entry["device"] = tensor::DeviceName(each.device);
      if (each.nanoseconds < 0) {
        entry["nanoseconds"] = nb::none();
      } else {
        entry["nanoseconds"] = each.nanoseconds;
      }
      entry["is_chosen"] = each.is_chosen;
      estimates.append(entry);
    }
  } catch (nb::python_error&) {
    throw;
  } catch (...) {
    SetErrorFromException();
    throw nb::python_error();
  }
  return estimates;
}

nb::dict CalibrateHere() {
  const auto summary = [] {
    const nb::gil_scoped_release released;
    return backend::CalibrateNow();
  }();
  if (!summary.ok()) RaiseRunError(summary.status());
  nb::dict result;
  result["backends"] = summary->backends;
  result["num_measured"] = summary->num_measured;
  result["settled"] = summary->settled;
  result["seconds"] = summary->seconds;
  result["path"] = summary->path;
  return result;
}

/// A list of Device objects.
nb::list DeviceObjects() {
  nb::list devices;
  try {
    for (const ops::Device device : ops::available_devices()) {
      devices.append(nb::steal(DeviceObject(device)));
    }
  } catch (...) {
    SetErrorFromException();
    throw nb::python_error();
  }
  return devices;
}

void WaitFor(nb::handle device) {
  try {
    ops::synchronize(DeviceOf(device.ptr()));
  } catch (...) {
    SetErrorFromException();
    throw nb::python_error();
  }
}

}  // namespace

void InitBackends(nb::module_& module) {
  module.def("available_devices", &DeviceObjects);
  module.def("synchronize", &WaitFor, nb::arg("device"));
  module.def("backend_names", &backend::BackendNames);
  module.def("current_backend", [] { return std::string(backend::CurrentBackend().name()); });
  module.def("set_current_backend", [](const std::string& name) {
    backend::Backend* found = backend::FindBackend(name);
    if (found != nullptr) backend::SetCurrentBackend(found);
    return found != nullptr;
  });
  module.def("known_plugins", &backend::KnownPlugins);
  module.def("load_backend", &LoadFault, nb::arg("name"));
  module.def("add_plugin_folder", &backend::AddPluginFolder, nb::arg("folder"));
  module.def("add_framework_folder", &backend::AddFrameworkFolder, nb::arg("folder"));
  module.def("backend_counts", &CallCounts, nb::arg("name"));
  module.def(
      "reset_backend_counts", [](const std::string& name) { LoadedBackend(name).ResetCounts(); },
      nb::arg("name"));
  module.def("describe_backends", &DescribeAll, nb::arg("load"));
  module.def("choose_automatically", &backend::ChooseAutomatically);
  module.def("chooses_automatically", &backend::ChoosesAutomatically);
  module.def("chooses_by_cost", &backend::ChoosesByCost);
  module.def("estimate_costs", &EstimatesOf, nb::arg("name"), nb::arg("dtype"), nb::arg("shape"));
  module.def("calibrate", &CalibrateHere);
  module.def("calibration_fault", &backend::CalibrationFault);
  module.def("explain_operation", &ExplainCall, nb::arg("name"), nb::arg("dtype"), nb::arg("rank"));
  InitNamespaceBackends(module);
}

}  // namespace emberharmony::python
