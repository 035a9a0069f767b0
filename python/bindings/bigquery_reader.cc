// Reading a table of BigQuery, batch by batch.
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bigquery_internal.h"
#include "bindings/open_reader.h"
#include "bindings/python_error.h"
#include "bindings/python_names.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/open_table.h"
#include "emberharmony/bigquery/plugin.h"
#include "emberharmony/bigquery/table_schema.h"

namespace emberharmony::python {
namespace {

/// The reader as a stream of Arrow. Ctrl-C cannot be raised through the consumer's C code: it ends
/// the reading, and is raised when Python runs again.
class ArrowStream : public arrow::RecordBatchReader {
 public:
  explicit ArrowStream(std::shared_ptr<OpenReader> reader) : reader_(std::move(reader)) {}
  std::shared_ptr<arrow::Schema> schema() const override {
    return reader_->table().reader->schema();
  }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* rows) override {
    auto batch = reader_->Next();
    if (!batch.ok()) {
      DeferError();
      const arrow::Status& status = batch.status();
      return status.WithMessage(WithPythonNames(status.message(), "memory_limit"));
    }
    *rows = *batch ? (*batch)->rows : nullptr;
    return arrow::Status::OK();
  }

 private:
  static void DeferError() {
    const PyGILState_STATE state = PyGILState_Ensure();
    if (PyErr_Occurred() != nullptr && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
      PyErr_Clear();
      PyErr_SetInterrupt();
    }
    PyGILState_Release(state);
  }

  std::shared_ptr<OpenReader> reader_;
};

/// What Python holds: closed, it has let the reader go.
class PythonReader {
 public:
  explicit PythonReader(std::shared_ptr<OpenReader> reader) : reader_(std::move(reader)) {}
  ~PythonReader() { Close(); }

  std::optional<BigQueryBatch> Next() {
    std::shared_ptr<OpenReader> reader = Open();
    arrow::Result<std::optional<bigquery::StreamBatch>> batch = std::nullopt;
    {
      const ReleasedGil released;
      batch = reader->Next();
      // If it was closed meanwhile, its threads end here, without the GIL.
      reader.reset();
    }
    auto rows = ValueOrRaise(std::move(batch));
    if (!rows) return std::nullopt;
    return BigQueryBatch{std::move(rows->rows), rows->stream, rows->first_row};
  }
  void Cancel() {
    if (reader_ != nullptr) reader_->Cancel();
  }
  void Close() {
    std::shared_ptr<OpenReader> reader = std::move(reader_);
    reader_ = nullptr;
    if (reader == nullptr) return;
    const ReleasedGil released;
    reader->Cancel();
    reader.reset();
  }
  /// Raises where it is closed, or belongs to another process.
  std::shared_ptr<OpenReader> Open() const {
    if (reader_ == nullptr) throw nanobind::value_error("the reader is closed");
    RaiseUnlessOk(reader_->CheckProcess());
    return reader_;
  }
  bool closed() const { return reader_ == nullptr; }
  /// Whether another process opened it, of which this one is a copy.
  bool forked() const { return reader_ != nullptr && !reader_->CheckProcess().ok(); }

 private:
  std::shared_ptr<OpenReader> reader_;
};

bigquery::Compression CompressionOf(const std::string& name) {
  if (name == "none") return bigquery::Compression::kNone;
  if (name == "lz4") return bigquery::Compression::kLz4Frame;
  if (name == "zstd") return bigquery::Compression::kZstd;
  throw nanobind::value_error("compression: expected 'none', 'lz4' or 'zstd'");
}

template <class T>
T Get(const nanobind::dict& options, const char* name) {
  return nanobind::cast<T>(options[name]);
}

bigquery::ReadRequest RequestOf(const nanobind::dict& options) {
  bigquery::ReadRequest request;
  request.columns = Get<std::vector<std::string>>(options, "columns");
  request.row_restriction = Get<std::string>(options, "row_restriction");
  request.snapshot_micros = Get<std::optional<int64_t>>(options, "snapshot_micros");
  request.sample_percentage = Get<std::optional<double>>(options, "sample_percentage");
  request.compression = CompressionOf(Get<std::string>(options, "compression"));
  request.max_streams = Get<int>(options, "max_streams");
  request.unit_column = Get<std::string>(options, "unit_column");
  // Which ranges hold the rows of a limit is known beforehand.
  if (!request.unit_column.empty()) {
    request.limit_rows = Get<std::optional<int64_t>>(options, "limit");
  }
  return request;
}

/// Of a memory limit a quarter waits for the caller; the rest is for what is being received and
/// decoded, and for batches that the caller still uses.
constexpr int64_t kBufferShare = 4;

std::unique_ptr<PythonReader> OpenPythonReader(const std::optional<std::string>& table,
                                               const std::optional<std::string>& sql,
                                               const nanobind::dict& connection,
                                               const nanobind::dict& options) {
  bigquery::ReadRequest request = RequestOf(options);
  if (table) request.table = ValueOrRaise(bigquery::TableName::Parse(*table));
  const auto memory_limit = Get<int64_t>(options, "memory_limit");
  auto reader = std::make_shared<OpenReader>(ReadPool::Make(memory_limit),
                                             Get<std::optional<int64_t>>(options, "limit"));
  bigquery::ReadOptions read_options;
  read_options.connection = ConnectionOf(connection);
  read_options.num_readers = Get<int>(options, "num_readers");
  read_options.pool = reader->memory_pool();
  read_options.check_stop = &CheckSignals;
  if (!Get<bool>(options, "split_streams")) read_options.split_bytes_min = 0;
  if (memory_limit > 0)
    read_options.buffer_bytes = std::max<int64_t>(memory_limit / kBufferShare, 1);
  const bigquery::QueryRequest query{sql.value_or(""), std::nullopt,
                                     Get<int64_t>(options, "bytes_billed_max")};
  const auto location = Get<std::string>(options, "location");
  const bool views = Get<bool>(options, "views");
  arrow::Status status;
  {
    const ReleasedGil released;
    status = [&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(bigquery::Plugin* const plugin, bigquery::LoadPlugin());
      bigquery::OpenedTable opened;
      if (sql) {
        ARROW_ASSIGN_OR_RAISE(opened,
                              bigquery::OpenQuery(plugin, query, request, read_options, location));
      } else if (views) {
        ARROW_ASSIGN_OR_RAISE(opened, bigquery::OpenTableOrView(plugin, request, read_options));
      } else {
        ARROW_ASSIGN_OR_RAISE(opened.reader, plugin->OpenTable(request, read_options));
      }
      reader->SetTable(std::move(opened));
      return KeepForClosing(reader);
    }();
  }
  RaiseUnlessOk(status);
  return std::make_unique<PythonReader>(std::move(reader));
}

nanobind::dict SessionDict(const PythonReader& reader) {
  const std::shared_ptr<OpenReader> open = reader.Open();
  const bigquery::SessionInfo& session = open->table().reader->session();
  nanobind::dict dict;
  dict["name"] = session.name;
  dict["num_streams"] = session.num_streams;
  dict["expire_micros"] = session.expire_micros;
  dict["estimated_row_count"] = session.estimated_row_count;
  dict["estimated_bytes_scanned"] = session.estimated_bytes_scanned;
  const auto& query = open->table().query;
  dict["query_job"] = query ? query->job_id : "";
  dict["query_bytes_billed"] = query ? query->bytes_billed : 0;
  return dict;
}

nanobind::dict CountersDict(const PythonReader& reader) {
  const std::shared_ptr<OpenReader> open = reader.Open();
  const bigquery::ReadCounters counters = open->table().reader->counters();
  nanobind::dict dict;
  dict["rows"] = counters.rows;
  dict["wire_bytes"] = counters.wire_bytes;
  dict["decoded_bytes"] = counters.decoded_bytes;
  dict["responses"] = counters.responses;
  dict["reconnects"] = counters.reconnects;
  dict["streams_done"] = counters.streams_done;
  dict["splits"] = counters.splits;
  dict["throttle_percent"] = counters.throttle_percent;
  dict["buffered_bytes"] = counters.buffered_bytes;
  dict["peak_buffered_bytes"] = counters.peak_buffered_bytes;
  dict["memory_bytes"] = open->pool().bytes_allocated();
  dict["peak_memory_bytes"] = open->pool().max_memory();
  dict["memory_limit"] = open->pool().limit_bytes();
  return dict;
}

}  // namespace

void InitBigQueryReader(nanobind::module_& module) {
  nanobind::class_<PythonReader>(module, "Reader")
      .def("next", &PythonReader::Next)
      .def("cancel", &PythonReader::Cancel)
      .def("close", &PythonReader::Close)
      .def_prop_ro("closed", &PythonReader::closed)
      .def_prop_ro("forked", &PythonReader::forked)
      .def("session", &SessionDict)
      .def("counters", &CountersDict)
      .def("arrow_schema",
           [](const PythonReader& reader) {
             return SchemaCapsule(*reader.Open()->table().reader->schema());
           })
      .def("fields",
           [](const PythonReader& reader) {
             return FieldDicts(bigquery::TableFieldsOf(*reader.Open()->table().reader->schema()));
           })
      .def("column_names",
           [](const PythonReader& reader) {
             return reader.Open()->table().reader->schema()->field_names();
           })
      .def("arrow_stream", [](const PythonReader& reader) {
        return StreamCapsule(std::make_shared<ArrowStream>(reader.Open()));
      });
  module.def("close_readers", [] {
    const ReleasedGil released;
    CloseReaders();
  });
  module.def("open_reader", &OpenPythonReader, nanobind::arg("table").none(),
             nanobind::arg("sql").none(), nanobind::arg("connection"), nanobind::arg("options"));
}

}  // namespace emberharmony::python
