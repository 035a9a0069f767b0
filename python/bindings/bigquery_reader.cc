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
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bigquery_internal.h"
#include "bindings/python_error.h"
#include "bindings/read_pool.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/open_table.h"
#include "emberharmony/bigquery/plugin.h"

namespace emberharmony::python {
namespace {

/// An open reader with its memory. Next by one thread at a time, all else by any.
class OpenReader {
 public:
  OpenReader(ReadPool* pool, std::optional<int64_t> limit) : pool_(pool), rows_left_(limit) {}
  ~OpenReader() {
    table_.reader.reset();
    pool_->Retire();
  }
  OpenReader(const OpenReader&) = delete;
  OpenReader& operator=(const OpenReader&) = delete;

  void SetTable(bigquery::OpenedTable table) { table_ = std::move(table); }
  arrow::Result<std::optional<bigquery::StreamBatch>> Next();

  const bigquery::OpenedTable& table() const { return table_; }
  const ReadPool& pool() const { return *pool_; }
  arrow::MemoryPool* memory_pool() { return pool_; }

 private:
  ReadPool* const pool_;
  bigquery::OpenedTable table_;
  std::mutex next_lock_;  ///< guards rows_left_ and the reader's Next
  std::optional<int64_t> rows_left_;
};

arrow::Result<std::optional<bigquery::StreamBatch>> OpenReader::Next() {
  const std::lock_guard guard(next_lock_);
  if (rows_left_ && *rows_left_ <= 0) return std::optional<bigquery::StreamBatch>();
  ARROW_ASSIGN_OR_RAISE(auto batch, table_.reader->Next());
  if (!batch || !rows_left_) return batch;
  if (batch->rows->num_rows() > *rows_left_) batch->rows = batch->rows->Slice(0, *rows_left_);
  *rows_left_ -= batch->rows->num_rows();
  // What the limit cuts off need not be sent any more.
  if (*rows_left_ == 0) table_.reader->Cancel();
  return batch;
}

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
      return batch.status();
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
    if (reader_ != nullptr) reader_->table().reader->Cancel();
  }
  void Close() {
    std::shared_ptr<OpenReader> reader = std::move(reader_);
    reader_ = nullptr;
    if (reader == nullptr) return;
    reader->table().reader->Cancel();
    const ReleasedGil released;
    reader.reset();
  }
  std::shared_ptr<OpenReader> Open() const {
    if (reader_ == nullptr) throw nanobind::value_error("the reader is closed");
    return reader_;
  }
  bool closed() const { return reader_ == nullptr; }

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
  if (memory_limit > 0)
    read_options.buffer_bytes = std::max<int64_t>(memory_limit / kBufferShare, 1);
  const bigquery::QueryRequest query{sql.value_or(""), std::nullopt,
                                     Get<int64_t>(options, "bytes_billed_max")};
  const auto location = Get<std::string>(options, "location");
  arrow::Status status;
  {
    const ReleasedGil released;
    status = [&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(bigquery::Plugin* const plugin, bigquery::LoadPlugin());
      ARROW_ASSIGN_OR_RAISE(
          bigquery::OpenedTable opened,
          sql ? bigquery::OpenQuery(plugin, query, request, read_options, location)
              : bigquery::OpenTableOrView(plugin, request, read_options));
      reader->SetTable(std::move(opened));
      return arrow::Status::OK();
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
      .def("session", &SessionDict)
      .def("counters", &CountersDict)
      .def("arrow_schema",
           [](const PythonReader& reader) {
             return SchemaCapsule(*reader.Open()->table().reader->schema());
           })
      .def("column_names",
           [](const PythonReader& reader) {
             return reader.Open()->table().reader->schema()->field_names();
           })
      .def("arrow_stream", [](const PythonReader& reader) {
        return StreamCapsule(std::make_shared<ArrowStream>(reader.Open()));
      });
  module.def("open_reader", &OpenPythonReader, nanobind::arg("table").none(),
             nanobind::arg("sql").none(), nanobind::arg("connection"), nanobind::arg("options"));
}

}  // namespace emberharmony::python
