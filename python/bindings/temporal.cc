// Windows of rows at several strides and their principal components: the compiled half of
// emberharmony.features' TerabyteTemporalStrideProcessor.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bigquery_internal.h"
#include "bindings/python_error.h"
#include "bindings/temporal_internal.h"
#include "bindings/tensor_object.h"
#include "emberharmony/engine/temporal_stride_processor.h"

namespace emberharmony::python {
namespace {

using engine::TemporalBatch;
using engine::TemporalResults;
using engine::TerabyteTemporalStrideProcessor;

nanobind::object ToObject(const ops::Tensor& tensor) {
  try {
    return nanobind::steal<nanobind::object>(MakeTensor([&] { return tensor; }));
  } catch (const PythonError&) {
    throw nanobind::python_error();
  }
}

nanobind::dict ToDict(const std::map<int64_t, ops::Tensor>& results) {
  nanobind::dict dict;
  for (const auto& [stride, tensor] : results) dict[nanobind::int_(stride)] = ToObject(tensor);
  return dict;
}

/// The tensor in a Tensor; an undefined one of None.
ops::Tensor FromObject(nanobind::handle object) {
  if (object.is_none()) return {};
  if (!IsTensor(object.ptr())) throw nanobind::type_error("expected a Tensor");
  return TensorOf(object.ptr());
}

/// What the function that gives batches returns: a pair of rows and numbers of sequences, or None.
/// Called without the GIL. An error of Python's is left behind, and the status only says that there
/// is one.
arrow::Result<std::optional<TemporalBatch>> NextBatch(const nanobind::object& next) {
  const PyGILState_STATE state = EnsureGil();
  arrow::Result<std::optional<TemporalBatch>> batch = std::nullopt;
  try {
    const nanobind::object given = next();
    if (!given.is_none()) {
      batch = TemporalBatch{FromObject(given[0]), FromObject(given[1])};
    }
  } catch (nanobind::python_error& error) {
    error.restore();
    batch = arrow::Status::Cancelled("the batches ended with an error");
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_TypeError, error.what());
    batch = arrow::Status::Cancelled("a batch is none");
  }
  PyGILState_Release(state);
  return batch;
}

/// As RaiseStatus, but for values that are not finite and too few rows: what is wrong with an array
/// is its owner's mistake, a ValueError.
[[noreturn]] void RaiseTemporal(const arrow::Status& status) {
  if (PyErr_Occurred() != nullptr) throw nanobind::python_error();
  if (status.IsInvalid()) throw nanobind::value_error(status.message().c_str());
  RaiseStatus(status);
}

template <class T>
T TemporalValue(arrow::Result<T> result) {
  if (!result.ok()) RaiseTemporal(result.status());
  return *std::move(result);
}

/// `call` without the GIL; its value, or the error in Python.
template <class Call>
auto RunReleased(Call&& call) {
  auto result = [&] {
    const ReleasedGil released;
    return call();
  }();
  return TemporalValue(std::move(result));
}

std::unique_ptr<TerabyteTemporalStrideProcessor> MakeProcessor(
    int64_t window_size, std::vector<int64_t> strides, std::optional<int64_t> components,
    int64_t batch_size, std::string spill_dir, std::string backend) {
  engine::TemporalStrideOptions options;
  options.window_size = window_size;
  options.stride_perspectives = std::move(strides);
  options.pca_components = components;
  options.batch_size = batch_size;
  options.spill_dir = std::move(spill_dir);
  options.backend = std::move(backend);
  options.keep_going = &CheckSignals;
  return TemporalValue(TerabyteTemporalStrideProcessor::Make(options));
}

nanobind::dict DescribeBasis(const TerabyteTemporalStrideProcessor& processor, int64_t stride) {
  const engine::TemporalBasis basis = TemporalValue(processor.Basis(stride));
  nanobind::dict dict;
  dict["num_windows"] = basis.num_windows;
  dict["mean"] = ToObject(basis.mean);
  dict["components"] = ToObject(basis.components);
  dict["explained_variance"] = ToObject(basis.explained_variance);
  dict["explained_variance_ratio"] = ToObject(basis.explained_variance_ratio);
  return dict;
}

void InitResults(nanobind::module_& module) {
  nanobind::class_<TemporalResults::Reader>(module, "TemporalReader")
      .def("next", [](TemporalResults::Reader& reader) -> nanobind::object {
        const ops::Tensor windows = RunReleased([&] { return reader.Next(); });
        return windows.defined() ? ToObject(windows) : nanobind::none();
      });
  nanobind::class_<TemporalResults>(module, "TemporalResults")
      .def_prop_ro("strides", &TemporalResults::strides)
      .def("num_windows", [](const TemporalResults& results,
                             int64_t stride) { return TemporalValue(results.NumWindows(stride)); })
      .def("num_components",
           [](const TemporalResults& results, int64_t stride) {
             return TemporalValue(results.NumComponents(stride));
           })
      .def("read",
           [](const TemporalResults& results, int64_t stride) {
             return ToObject(RunReleased([&] { return results.Read(stride); }));
           })
      .def("read_all",
           [](const TemporalResults& results) {
             return ToDict(RunReleased([&] { return results.ReadAll(); }));
           })
      .def("open", [](const TemporalResults& results, int64_t stride) {
        return TemporalValue(results.Open(stride));
      });
}

}  // namespace

void InitTemporal(nanobind::module_& module) {
  nanobind::module_ part = module.def_submodule("temporal");
  part.attr("__doc__") = "The compiled part of emberharmony.features, of windows and components.";
  InitResults(part);
  using Processor = TerabyteTemporalStrideProcessor;
  nanobind::class_<Processor>(part, "TemporalStrideProcessor")
      .def(nanobind::new_(&MakeProcessor), nanobind::arg("window_size"), nanobind::arg("strides"),
           nanobind::arg("components").none(), nanobind::arg("batch_size"),
           nanobind::arg("spill_dir"), nanobind::arg("backend"))
      .def("process_large_dataset",
           [](Processor& processor, const nanobind::object& next, bool maintain_state,
              const std::string& folder, bool resume) {
             return RunReleased([&] {
               return processor.ProcessLargeDataset([&] { return NextBatch(next); }, maintain_state,
                                                    {folder, resume});
             });
           })
      .def(
          "process_batch",
          [](Processor& processor, nanobind::handle rows, nanobind::handle sequences) {
            const TemporalBatch batch{FromObject(rows), FromObject(sequences)};
            return ToDict(RunReleased([&] { return processor.ProcessBatch(batch); }));
          },
          nanobind::arg("rows"), nanobind::arg("sequences").none())
      .def("reset_state", &Processor::ResetState)
      .def_prop_ro("is_learned", &Processor::is_learned)
      .def("basis", &DescribeBasis)
      .def("explained_variance",
           [](const Processor& processor, int64_t stride) {
             return TemporalValue(processor.GetExplainedVariance(stride));
           })
      .def("feature_importance", [](const Processor& processor, int64_t stride) {
        return ToObject(TemporalValue(processor.GetFeatureImportance(stride)));
      });
}

}  // namespace emberharmony::python
