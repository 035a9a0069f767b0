#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <nanobind/nanobind.h>

#include <functional>
#include <memory>
#include <string>

#include "emberharmony/base/log.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/run_options.h"

/// The compiled half of emberharmony.extract, fit, load_model and their like, whose public half is
/// Python.
namespace emberharmony::python {

/// Adds the submodule `engine`.
void InitEngine(nanobind::module_& module);
/// Its parts, each in its own file.
void InitEngineRuns(nanobind::module_& module);
void InitEngineModel(nanobind::module_& module);
void InitEngineRows(nanobind::module_& module);

/// Raises what a status tells as one of the classes of emberharmony._errors, all of which are an
/// EmberError: of the caller's mistakes (a ValueError), of data (an OSError), of the memory limit
/// (a MemoryError), of a run that was stopped (an InterruptedError).
[[noreturn]] void RaiseRunError(const arrow::Status& status);
[[noreturn]] void RaiseImportError(const arrow::Status& status);
template <class T>
T RunValueOrRaise(arrow::Result<T> result) {
  if (!result.ok()) RaiseRunError(result.status());
  return *std::move(result);
}

/// The same of what Arrow imports through its C interface, whose limit of nested types it names.
template <class T>
T ImportedOrRaise(arrow::Result<T> result) {
  if (!result.ok()) RaiseImportError(result.status());
  return *std::move(result);
}

/// What a run does, on a thread of its own and without the GIL; the text becomes Python's.
using RunWork = std::function<arrow::Result<std::string>(engine::RunContext*)>;

/// Runs `work` and waits for its end. Meanwhile this thread, which holds the GIL before and after,
/// runs Python's signal handlers and calls `on_progress` (a callable, or None) with a dict about
/// ten times a second, and hands what is logged to Python's logger "emberharmony.engine". What one
/// of them raises stops the run, and is raised when it has ended.
std::string RunInterruptibly(const engine::RunOptions& options, base::LogLevel log_level,
                             const nanobind::object& on_progress, const RunWork& work);

/// The reader that a capsule "arrow_array_stream" holds, which is its consumer's from now on.
std::shared_ptr<arrow::RecordBatchReader> ReaderOfCapsule(const nanobind::object& capsule);

}  // namespace emberharmony::python
