// Reads a table from a local Storage Read server in one of three ways and prints a line of JSON:
//
//   bigquery_bench read|store|bare HOST:PORT PROJECT.DATASET.TABLE [none|lz4] [STREAMS]
//
// read: batches, as TableReader hands them out. store: messages, as a download for `ember` takes
// them (without a disk). bare: gRPC's messages alone, thrown away as they come: what no client can
// beat.
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/bigquery/client/read_session.h"
#include "emberharmony/bigquery/client/storage_table_reader.h"

namespace {

using namespace emberharmony;                    // NOLINT: a program of one file
using namespace emberharmony::bigquery::client;  // NOLINT
using arrow::Status;

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Discard : public bigquery::MessageSink {
 public:
  Status Append(int, std::string_view, const std::vector<std::string_view>& body) override {
    for (const std::string_view piece : body) bytes += static_cast<int64_t>(piece.size());
    return Status::OK();
  }
  std::atomic<int64_t> bytes{0};
};

struct Figures {
  int64_t rows = 0;
  int64_t wire_bytes = 0;
  int64_t decoded_bytes = 0;
  double first_batch_seconds = 0;
};

Status Read(const bigquery::ReadRequest& request, const bigquery::ReadOptions& options,
            Figures* figures) {
  ARROW_ASSIGN_OR_RAISE(auto transport, Connect(options));
  ARROW_ASSIGN_OR_RAISE(auto reader,
                        OpenTable(std::move(transport), SystemClock(), request, options));
  const double begin = Seconds();
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
    if (figures->first_batch_seconds == 0) figures->first_batch_seconds = Seconds() - begin;
    if (!batch.has_value()) break;
    figures->rows += batch->rows->num_rows();
  }
  figures->wire_bytes = reader->counters().wire_bytes;
  figures->decoded_bytes = reader->counters().decoded_bytes;
  return Status::OK();
}

Status Store(const bigquery::ReadRequest& request, const bigquery::ReadOptions& options,
             Figures* figures) {
  ARROW_ASSIGN_OR_RAISE(auto transport, Connect(options));
  ARROW_ASSIGN_OR_RAISE(auto download,
                        OpenDownload(std::move(transport), SystemClock(), request, options));
  Discard discard;
  ARROW_RETURN_NOT_OK(download->Run(&discard, options.num_readers, std::nullopt, nullptr));
  figures->rows = download->counters().rows;
  figures->wire_bytes = download->counters().wire_bytes;
  return Status::OK();
}

Status Bare(const bigquery::ReadRequest& request, const bigquery::ReadOptions& options,
            Figures* figures) {
  ARROW_ASSIGN_OR_RAISE(auto transport, Connect(options));
  const StopCheck never = [] { return Status::OK(); };
  ARROW_ASSIGN_OR_RAISE(const ReadSession session,
                        CreateSession(transport.get(), SystemClock(), request, options, never));
  for (const std::string& stream : session.streams) {
    const auto call = transport->ReadRows(stream, 0, 0);
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const RowsEvent event, call->Next(60'000, never));
      if (event.kind != RowsEvent::Kind::kResponse) break;
      figures->wire_bytes += event.response.bytes.size();
    }
  }
  return Status::OK();
}

Status Run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3) return Status::Invalid("read|store|bare HOST:PORT TABLE [none|lz4]");
  bigquery::ReadRequest request;
  bigquery::ReadOptions options;
  options.connection.storage_endpoint = arguments[1];
  ARROW_ASSIGN_OR_RAISE(request.table, bigquery::TableName::Parse(arguments[2]));
  const bool packed = arguments.size() > 3 && arguments[3] == "lz4";
  request.compression = packed ? bigquery::Compression::kLz4Frame : bigquery::Compression::kNone;
  request.max_streams = arguments.size() > 4 ? std::stoi(arguments[4]) : 1;
  options.num_readers = request.max_streams;
  Figures figures;
  const double begin = Seconds();
  const double cpu_begin = CpuSeconds();
  const std::string& way = arguments[0];
  ARROW_RETURN_NOT_OK(way == "read"    ? Read(request, options, &figures)
                      : way == "store" ? Store(request, options, &figures)
                                       : Bare(request, options, &figures));
  fmt::print(
      "{{\"way\": \"{}\", \"rows\": {}, \"wire_bytes\": {}, \"decoded_bytes\": {}, "
      "\"seconds\": {:.3f}, \"cpu_seconds\": {:.3f}, \"first_batch_seconds\": {:.4f}, "
      "\"peak_resident_bytes\": {}}}\n",
      way, figures.rows, figures.wire_bytes, figures.decoded_bytes, Seconds() - begin,
      CpuSeconds() - cpu_begin, figures.first_batch_seconds, base::PeakResidentBytes());
  return Status::OK();
}

}  // namespace

int main(int argc, char** argv) {
  const Status status = Run({argv + 1, argv + argc});
  if (!status.ok()) fmt::print(stderr, "{}\n", status.ToString());
  return status.ok() ? 0 : 1;
}
