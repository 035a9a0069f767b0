// The module emberharmony._core.bigquery.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "bindings/bigquery_internal.h"
#include "bindings/engine_internal.h"
#include "bindings/python_error.h"
#include "bindings/python_names.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/unknown_column.h"
#include "emberharmony/bigquery/not_found.h"
#include "emberharmony/bigquery/partition_filter.h"
#include "emberharmony/bigquery/plugin.h"
#include "emberharmony/bigquery/query_plan.h"
#include "emberharmony/io/filter/expression.h"

namespace emberharmony::python {

void RaiseStatus(const arrow::Status& status) {
  if (PyErr_Occurred() != nullptr) throw nanobind::python_error();
  if (bigquery::IsNotFound(status) || base::IsUnknownColumn(status)) RaiseRunError(status);
  PyObject* type = PyExc_OSError;
  if (status.IsNotImplemented()) {
    type = PyExc_NotImplementedError;
  } else {
    switch (base::KindOf(status)) {
      case base::ErrorKind::kUsage:
        type = PyExc_ValueError;
        break;
      case base::ErrorKind::kMemory:
        type = PyExc_MemoryError;
        break;
      case base::ErrorKind::kInterrupted:
        type = PyExc_InterruptedError;
        break;
      case base::ErrorKind::kData:
        break;
    }
  }
  PyErr_SetString(type, WithPythonNames(status.message(), "memory_limit").c_str());
  throw nanobind::python_error();
}

arrow::Status CheckSignals() {
  // Python runs its handlers in the main thread alone; the others need not ask for the lock.
  if (gettid() != getpid()) return arrow::Status::OK();
  const PyGILState_STATE state = PyGILState_Ensure();
  const bool raised = PyErr_CheckSignals() != 0;
  PyGILState_Release(state);
  return raised ? arrow::Status::Cancelled("interrupted") : arrow::Status::OK();
}

bigquery::Connection ConnectionOf(const nanobind::dict& settings) {
  bigquery::Connection connection;
  const auto text = [&](const char* name) {
    return settings.contains(name) ? nanobind::cast<std::string>(settings[name]) : std::string();
  };
  connection.storage_endpoint = text("storage_endpoint");
  connection.rest_endpoint = text("rest_endpoint");
  connection.billing_project = text("billing_project");
  connection.quota_project = text("quota_project");
  connection.universe_domain = text("universe_domain");
  return connection;
}

namespace {

using ColumnPaths = std::vector<std::vector<std::string>>;

void AddColumns(const io::filter::Expression& node, ColumnPaths* paths) {
  if (node.kind == io::filter::ExpressionKind::kColumn) paths->push_back(node.path);
  for (const auto& child : node.children) AddColumns(*child, paths);
}

/// The columns that a condition names, each as its name and those of fields.
ColumnPaths ColumnsOfCondition(const std::string& condition) {
  ColumnPaths paths;
  AddColumns(*ValueOrRaise(io::filter::ParseExpression(condition, "filter")), &paths);
  return paths;
}

}  // namespace

void InitBigQuery(nanobind::module_& module) {
  // A reader that lives until the interpreter ends is closed there, and no mistake.
  nanobind::set_leak_warnings(false);
  nanobind::module_ part = module.def_submodule("bigquery");
  part.attr("__doc__") = "The compiled part of emberharmony.bigquery.";
  part.def("describe_plugin", [] { return ValueOrRaise(bigquery::LoadPlugin())->Describe(); });
  part.def("has_rest_api", [](const nanobind::dict& connection) {
    return bigquery::HasRestApi(ConnectionOf(connection));
  });
  part.def("parse_table", [](const std::string& text) {
    const bigquery::TableName name = ValueOrRaise(bigquery::TableName::Parse(text));
    return nanobind::make_tuple(name.project, name.dataset, name.table);
  });
  part.def(
      "plan_query",
      [](const std::string& table, const std::vector<std::string>& columns,
         const std::string& filter, std::optional<int64_t> limit) {
        const bigquery::TableName name = ValueOrRaise(bigquery::TableName::Parse(table));
        const bigquery::QueryPlan plan =
            ValueOrRaise(bigquery::PlanQuery({name, columns, filter, limit}));
        return nanobind::make_tuple(plan.sql, plan.columns, plan.row_restriction, plan.limit);
      },
      nanobind::arg("table"), nanobind::arg("columns"), nanobind::arg("filter"),
      nanobind::arg("limit").none());
  part.def("count_sql", [](const std::string& table, const std::string& filter) {
    return ValueOrRaise(
        bigquery::CountSql(ValueOrRaise(bigquery::TableName::Parse(table)), filter));
  });
  part.def("condition_columns", &ColumnsOfCondition);
  part.def("conditions_to_show", &bigquery::ConditionsToShow);
  part.def("condition_on_partitions",
           [](const std::string& message) { return bigquery::ConditionOnPartitions(message); });
  part.def("requires_partition_filter",
           [](const std::string& message) { return bigquery::RequiresPartitionFilter(message); });
  InitBigQueryBatch(part);
  InitBigQueryReader(part);
  InitBigQueryJobs(part);
}

}  // namespace emberharmony::python
