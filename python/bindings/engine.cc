// The module emberharmony._core.engine.
#include <arrow/c/bridge.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bindings/bigquery_internal.h"
#include "bindings/engine_internal.h"
#include "bindings/engine_log.h"
#include "bindings/python_error.h"
#include "bindings/python_names.h"
#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/unknown_column.h"
#include "emberharmony/bigquery/not_found.h"

namespace emberharmony::python {
namespace {

constexpr std::chrono::milliseconds kLookInterval{50};

const char* ErrorClassOf(const arrow::Status& status) {
  if (status.IsNotImplemented()) return "UnsupportedError";
  if (bigquery::IsNotFound(status)) return "NotFoundError";
  switch (base::KindOf(status)) {
    case base::ErrorKind::kUsage:
      return base::IsUnknownColumn(status) ? "ColumnNotFoundError" : "UsageError";
    case base::ErrorKind::kMemory:
      return "MemoryLimitError";
    case base::ErrorKind::kInterrupted:
      return "StoppedError";
    case base::ErrorKind::kData:
      break;
  }
  return "DataError";
}

/// Keeps what the run tells until Python has time for it.
class ProgressRelay : public engine::ProgressListener {
 public:
  int64_t interval_ms() const override { return 100; }
  void OnProgress(const engine::ProgressSnapshot& snapshot) override {
    const std::lock_guard lock(mutex_);
    // A picture of a phase takes the place of an earlier one.
    if (!waiting_.empty() && !waiting_.back().phase_finished) waiting_.pop_back();
    waiting_.push_back(snapshot);
  }
  std::vector<engine::ProgressSnapshot> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<engine::ProgressSnapshot> waiting_;  // guarded by mutex_
};

nanobind::dict ProgressDict(const engine::ProgressSnapshot& snapshot) {
  nanobind::dict dict;
  dict["phase"] = snapshot.phase;
  dict["rows_done"] = snapshot.rows_done;
  dict["rows_total"] = snapshot.rows_total;
  dict["bytes_done"] = snapshot.bytes_done;
  dict["bytes_total"] = snapshot.bytes_total;
  dict["seconds"] = snapshot.seconds;
  dict["seconds_left"] = nanobind::none();
  if (snapshot.seconds_left >= 0) dict["seconds_left"] = snapshot.seconds_left;
  dict["resident_bytes"] = snapshot.resident_bytes;
  dict["finished"] = snapshot.phase_finished;
  return dict;
}

/// A thread that does the work, and who waits for it.
class RunThread {
 public:
  RunThread(const RunWork& work, engine::RunContext* context)
      : thread_([this, &work, context] { Do(work, context); }) {}

  /// Whether the work is done, after waiting a moment for that. Without the GIL.
  bool WaitAMoment() {
    std::unique_lock lock(mutex_);
    return done_changed_.wait_for(lock, kLookInterval, [this] { return done_; });
  }
  arrow::Result<std::string> Join() {
    thread_.join();
    return std::move(result_);
  }

 private:
  void Do(const RunWork& work, engine::RunContext* context) {
    try {
      result_ = work(context);
    } catch (const std::exception& error) {
      const arrow::Status failure = base::AllocationFailureOf(error);
      result_ =
          failure.ok() ? base::DataError(std::string("the run failed: ") + error.what()) : failure;
    }
    const std::lock_guard lock(mutex_);
    done_ = true;
    done_changed_.notify_all();
  }

  arrow::Result<std::string> result_ = std::string();
  std::mutex mutex_;
  std::condition_variable done_changed_;
  bool done_ = false;  // guarded by mutex_
  std::thread thread_;
};

/// The rows of a stream of somebody else's, whose errors say what they are of. What a generator of
/// Python raised comes with a traceback behind it, which is for its author, not in a message.
class GivenRows : public arrow::RecordBatchReader {
 public:
  explicit GivenRows(std::shared_ptr<arrow::RecordBatchReader> rows) : rows_(std::move(rows)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    const arrow::Status status = rows_->ReadNext(batch);
    if (status.ok() || status.IsOutOfMemory()) return status;
    std::string message = status.message();
    message = message.substr(0, message.find(". Detail: Python exception: "));
    return base::DataError("the stream of rows broke off: " + message);
  }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> rows_;
};

void ServePython(const nanobind::object& on_progress, ProgressRelay* relay) {
  if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
  ServeLog();
  if (relay == nullptr) return;
  for (const engine::ProgressSnapshot& snapshot : relay->Take()) {
    on_progress(ProgressDict(snapshot));
  }
}

}  // namespace

void RaiseRunError(const arrow::Status& status) {
  const nanobind::object type =
      nanobind::module_::import_("emberharmony._errors").attr(ErrorClassOf(status));
  const std::string message = WithPythonNames(status.message(), "memory");
  // Messages may hold bytes of file names and data.
  const nanobind::object text = nanobind::steal(
      PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()), "replace"));
  PyErr_SetObject(type.ptr(), text.ptr());
  throw nanobind::python_error();
}

void RaiseImportError(const arrow::Status& status) {
  // Arrow tells no more than that, neither by the code nor by a detail.
  if (status.message().find("Recursion level") == std::string::npos) RaiseRunError(status);
  RaiseRunError(arrow::Status(
      status.code(),
      "rows in memory: expected types that nest at most 62 structs, lists and maps, found more, "
      "which Arrow's C interface does not hand over: leave the column out, or flatten it"));
}

std::string RunInterruptibly(const engine::RunOptions& options, base::LogLevel log_level,
                             const nanobind::object& on_progress, const RunWork& work) {
  const LogListener listener(log_level);
  const auto relay = on_progress.is_none() ? nullptr : std::make_unique<ProgressRelay>();
  std::unique_ptr<engine::RunContext> context =
      RunValueOrRaise(engine::RunContext::Make(options, relay.get()));
  RunThread run(work, context.get());
  std::exception_ptr raised;
  for (bool done = false; !done;) {
    {
      const ReleasedGil released;
      done = run.WaitAMoment();
    }
    if (raised) continue;
    try {
      ServePython(on_progress, relay.get());
    } catch (const nanobind::python_error&) {
      raised = std::current_exception();
      context->RequestStop();
    }
  }
  arrow::Result<std::string> result = std::string();
  {
    const ReleasedGil released;
    result = run.Join();
    context.reset();
  }
  if (raised) std::rethrow_exception(raised);
  return RunValueOrRaise(std::move(result));
}

std::shared_ptr<arrow::RecordBatchReader> ReaderOfCapsule(const nanobind::object& capsule) {
  auto* const stream =
      static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream"));
  if (stream == nullptr) throw nanobind::python_error();
  if (stream->release == nullptr) throw nanobind::value_error("the stream has been read already");
  return std::make_shared<GivenRows>(ImportedOrRaise(arrow::ImportRecordBatchReader(stream)));
}

void InitEngine(nanobind::module_& module) {
  nanobind::module_ part = module.def_submodule("engine");
  part.attr("__doc__") = "The compiled part of emberharmony.extract and its like.";
  InitEngineRuns(part);
  InitEngineModel(part);
  InitEngineRows(part);
}

}  // namespace emberharmony::python
