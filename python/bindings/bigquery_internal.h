#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <nanobind/nanobind.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "emberharmony/bigquery/connection.h"
#include "emberharmony/bigquery/jobs.h"

/// The compiled half of emberharmony.bigquery, whose public half is Python.
namespace emberharmony::python {

/// Adds the submodule `bigquery`.
void InitBigQuery(nanobind::module_& module);
/// Its parts, each in its own file.
void InitBigQueryBatch(nanobind::module_& module);
void InitBigQueryReader(nanobind::module_& module);
void InitBigQueryJobs(nanobind::module_& module);

/// Raises what a status tells: ValueError for the caller's mistakes, MemoryError, OSError for all
/// that is wrong with data and services, NotImplementedError; what a signal handler has raised
/// meanwhile comes first.
[[noreturn]] void RaiseStatus(const arrow::Status& status);
inline void RaiseUnlessOk(const arrow::Status& status) {
  if (!status.ok()) RaiseStatus(status);
}
template <class T>
T ValueOrRaise(arrow::Result<T> result) {
  if (!result.ok()) RaiseStatus(result.status());
  return *std::move(result);
}

/// Runs Python's signal handlers if this is the main thread; Cancelled if one has raised, with the
/// error left behind. Takes the GIL, which the caller does not hold.
arrow::Status CheckSignals();

/// Some rows, as Python sees them. Immutable.
struct BigQueryBatch {
  std::shared_ptr<arrow::RecordBatch> rows;
  int stream = 0;
  int64_t first_row = 0;
};

/// A capsule "arrow_schema" (the Arrow PyCapsule interface).
nanobind::object SchemaCapsule(const arrow::Schema& schema);
/// A capsule "arrow_array_stream" that reads from `reader`.
nanobind::object StreamCapsule(std::shared_ptr<arrow::RecordBatchReader> reader);

/// Fields of a table as dicts: name, type, mode, fields.
nanobind::list FieldDicts(const std::vector<bigquery::TableField>& fields);

/// A Connection of a dict of texts by the members' names.
bigquery::Connection ConnectionOf(const nanobind::dict& settings);

}  // namespace emberharmony::python
