// What the command does, as functions.
#include <arrow/table.h>
#include <fmt/format.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bigquery_internal.h"
#include "bindings/engine_internal.h"
#include "bindings/python_error.h"
#include "bindings/python_names.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/engine/explain.h"
#include "emberharmony/engine/run_status.h"
#include "emberharmony/engine/runs.h"
#include "emberharmony/extractor/run_connection.h"
#include "emberharmony/extractor/table_id.h"
#include "emberharmony/io/remote_tables.h"
#include "emberharmony/io/source_list.h"
#include "emberharmony/io/table_source.h"

namespace emberharmony::python {
namespace {

/// TypeError, with the option's name, for a value of another type.
template <class T>
T RunOption(const nanobind::dict& options, const char* name) {
  const nanobind::object value = options[name];
  T option{};
  if (!nanobind::try_cast<T>(value, option)) {
    throw nanobind::type_error(fmt::format("{}: a value of the type {} cannot be taken: {}", name,
                                           Py_TYPE(value.ptr())->tp_name,
                                           nanobind::repr(value).c_str())
                                   .c_str());
  }
  return option;
}

/// A table to read, as Python gives it: one location, several, or a stream.
struct PythonSource {
  engine::SourceRequest request;
  std::vector<std::string> locations;
  std::shared_ptr<arrow::RecordBatchReader> stream;
  bigquery::RemoteSourceOptions bigquery;
};

PythonSource SourceOf(const nanobind::dict& options) {
  PythonSource source;
  source.request.columns = RunOption<std::vector<std::string>>(options, "columns");
  source.request.limit_rows = RunOption<std::optional<int64_t>>(options, "limit");
  source.request.where = RunOption<std::optional<std::string>>(options, "where");
  source.locations = RunOption<std::vector<std::string>>(options, "locations");
  if (source.locations.size() == 1) source.request.location = source.locations[0];
  const nanobind::object stream = options["stream"];
  if (!stream.is_none()) source.stream = ReaderOfCapsule(stream);
  source.bigquery.connection = ConnectionOf(RunOption<nanobind::dict>(options, "connection"));
  source.bigquery.snapshot_micros = RunOption<std::optional<int64_t>>(options, "snapshot_micros");
  source.bigquery.unit_column =
      RunOption<std::optional<std::string>>(options, "unit_column").value_or("");
  const auto query = RunOption<std::optional<std::string>>(options, "query");
  if (query) {
    source.bigquery.query = *query;
    source.request.location = bigquery::kQueryLocation;
  }
  return source;
}

/// UsageError where something else than a table of BigQuery is to be divided by a column.
arrow::Status CheckUnits(const PythonSource& source) {
  const std::string& column = source.bigquery.unit_column;
  if (column.empty() || !io::RemoteScheme(source.request.location).empty()) {
    return arrow::Status::OK();
  }
  return base::UsageError(fmt::format(
      "unit_column divides tables of BigQuery alone, and files and rows in memory have units of "
      "their own: leave it out, or read a table (bigquery://); found '{}'",
      column));
}

/// What only the run's thread may do: a stream's producer may be Python, and wants the GIL.
arrow::Status Open(PythonSource* source) {
  if (source->stream != nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto table, source->stream->ToTable());
    source->stream.reset();
    ARROW_RETURN_NOT_OK(table->Validate());
    source->request.location = "table in memory";
    source->request.opened = io::MakeTableSource(std::move(table));
  } else if (source->locations.size() > 1) {
    ARROW_ASSIGN_OR_RAISE(source->request.opened, io::OpenSourceList(source->locations));
    source->request.location =
        source->locations[0] + " and " + std::to_string(source->locations.size() - 1) + " more";
    source->request.opened_from = source->locations;
  }
  return arrow::Status::OK();
}

engine::PlanRequest PlanOf(const nanobind::dict& options) {
  engine::PlanRequest request;
  request.text = RunOption<std::optional<std::string>>(options, "plan_text");
  request.name = RunOption<std::string>(options, "plan_name");
  request.path = RunOption<std::string>(options, "plan_path");
  request.target = RunOption<std::optional<std::string>>(options, "target");
  request.seed = RunOption<std::optional<int64_t>>(options, "seed");
  request.high_null_threshold = RunOption<double>(options, "high_null_threshold");
  request.index_column = RunOption<std::optional<std::string>>(options, "index_column");
  request.categorical = RunOption<std::vector<std::string>>(options, "categorical");
  request.left_out = RunOption<std::map<std::string, std::string>>(options, "left_out");
  return request;
}

engine::RunOptions RunOptionsOf(const nanobind::dict& options) {
  engine::RunOptions run;
  run.num_threads = RunOption<int>(options, "threads");
  run.memory_bytes = RunOption<int64_t>(options, "memory_bytes");
  run.batch_rows = RunOption<int64_t>(options, "batch_rows");
  run.spill_dir = RunOption<std::string>(options, "spill_dir");
  run.content_checksum = RunOption<bool>(options, "content_checksum");
  run.keep_state = RunOption<bool>(options, "keep_state");
  run.overwrite = RunOption<bool>(options, "overwrite");
  run.resume = RunOption<bool>(options, "resume");
  run.backend = RunOption<std::string>(options, "backend");
  return run;
}

base::LogLevel LogLevelOption(const nanobind::dict& options) {
  const auto level = RunOption<std::optional<std::string>>(options, "log_level");
  return level ? RunValueOrRaise(base::ParseLogLevel(*level)) : base::LogLevel::kOff;
}

std::string ReportText(const engine::RunReport& report) {
  nlohmann::json json;
  json["report"] = nlohmann::json::parse(report.ToJson());
  json["manifest"] = nlohmann::json::parse(report.manifest.ToJson());
  return json.dump();
}

arrow::Result<std::string> RunCommand(const std::string& command, PythonSource* source,
                                      const engine::PlanRequest& plan, const std::string& model,
                                      const std::string& output,
                                      const engine::InspectOptions& inspect,
                                      engine::RunContext* context) {
  const extractor::RunConnection connection(&source->bigquery);
  ARROW_RETURN_NOT_OK(CheckUnits(*source));
  ARROW_RETURN_NOT_OK(Open(source));
  if (command == "inspect") {
    ARROW_ASSIGN_OR_RAISE(auto inspection, engine::RunInspect(source->request, inspect, context));
    return inspection.ToJson();
  }
  if (command == "plan") return engine::RunPlan(source->request, plan, context);
  if (command == "explain") {
    ARROW_ASSIGN_OR_RAISE(auto explanation, engine::RunExplain(source->request, plan, context));
    return explanation.ToJson();
  }
  if (command == "transform") {
    ARROW_ASSIGN_OR_RAISE(auto report,
                          engine::RunTransform(model, source->request, output, context));
    return ReportText(report);
  }
  ARROW_ASSIGN_OR_RAISE(
      auto report, command == "fit" ? engine::RunFit(source->request, plan, output, context)
                                    : engine::RunExtract(source->request, plan, output, context));
  return ReportText(report);
}

std::string Run(const std::string& command, const nanobind::dict& options,
                const nanobind::object& on_progress) {
  PythonSource source = SourceOf(options);
  const engine::PlanRequest plan = PlanOf(options);
  const auto model = RunOption<std::string>(options, "model");
  const auto output = RunOption<std::string>(options, "output");
  engine::InspectOptions inspect;
  inspect.top_values = RunOption<int64_t>(options, "top_values");
  inspect.high_null_threshold = plan.high_null_threshold;
  return RunInterruptibly(RunOptionsOf(options), LogLevelOption(options), on_progress,
                          [&](engine::RunContext* context) {
                            return RunCommand(command, &source, plan, model, output, inspect,
                                              context);
                          });
}

std::string Merge(const std::vector<std::string>& models, const std::string& output,
                  const nanobind::dict& options, const nanobind::object& on_progress) {
  return RunInterruptibly(RunOptionsOf(options), LogLevelOption(options), on_progress,
                          [&](engine::RunContext* context) -> arrow::Result<std::string> {
                            ARROW_ASSIGN_OR_RAISE(auto report,
                                                  engine::RunMerge(models, output, context));
                            return ReportText(report);
                          });
}

/// What a text that names a table stands for: "location", "bigquery" or "query", and its text.
nanobind::tuple ResolveTable(const std::string& table_id, const std::string& project) {
  const extractor::ResolvedTable table = extractor::ResolveTableId(table_id, project);
  const char* kind = "location";
  if (table.kind == extractor::TableKind::kBigQuery) kind = "bigquery";
  if (table.kind == extractor::TableKind::kQuery) kind = "query";
  return nanobind::make_tuple(kind, table.text);
}

}  // namespace

void InitEngineRuns(nanobind::module_& module) {
  module.def("resolve_table", &ResolveTable, nanobind::arg("table_id"), nanobind::arg("project"));
  module.def("default_memory_bytes", [] { return engine::MemoryLimitBytes({}); });
  module.def("run", &Run, nanobind::arg("command"), nanobind::arg("options"),
             nanobind::arg("on_progress").none());
  module.def(
      "run_status",
      [](const std::string& folder) {
        engine::RunStatus status = RunValueOrRaise(engine::ReadRunStatus(folder));
        status.next = WithPythonNames(std::move(status.next), "memory");
        return status.ToJson();
      },
      nanobind::arg("folder"));
  module.def("merge", &Merge, nanobind::arg("models"), nanobind::arg("output"),
             nanobind::arg("options"), nanobind::arg("on_progress").none());
}

}  // namespace emberharmony::python
