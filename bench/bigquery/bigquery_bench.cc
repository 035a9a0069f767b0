// Reads a table from a local Storage Read server in one of four ways and prints a line of JSON:
//
//   bigquery_bench read|store|bare|resume HOST:PORT PROJECT.DATASET.TABLE [none|lz4] [STREAMS]
//
// read: batches, as TableReader hands them out. store: messages, as a download for `ember` takes
// them (without a disk). bare: gRPC's messages alone, thrown away as they come: what no client can
// beat. resume: store, from a server with faults (--fault cut:...): what each cut costs beyond the
// wait that was wanted, from the end of the call to the first row of the next one.
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
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

/// What cuts cost: milliseconds from a call's end to the next row, less the waits wanted between.
class CutCosts {
 public:
  void Ended() {
    const std::lock_guard lock(mutex_);
    if (ended_at_ == 0) ended_at_ = Seconds();
  }
  void Waits(int64_t ms) {
    const std::lock_guard lock(mutex_);
    wanted_ms_ += ms;
  }
  void Came() {
    const std::lock_guard lock(mutex_);
    if (ended_at_ == 0) return;
    costs_ms_.push_back((Seconds() - ended_at_) * 1000 - static_cast<double>(wanted_ms_));
    ended_at_ = 0;
    wanted_ms_ = 0;
  }
  std::vector<double> Sorted() {
    std::sort(costs_ms_.begin(), costs_ms_.end());
    return costs_ms_;
  }

 private:
  std::mutex mutex_;
  double ended_at_ = 0;
  int64_t wanted_ms_ = 0;
  std::vector<double> costs_ms_;
};

class TimedCall : public RowsCall {
 public:
  TimedCall(std::unique_ptr<RowsCall> call, CutCosts* costs)
      : call_(std::move(call)), costs_(costs) {}
  arrow::Result<RowsEvent> Next(int64_t idle_ms, const StopCheck& check_stop) override {
    auto event = call_->Next(idle_ms, check_stop);
    if (event.ok() && event->kind == RowsEvent::Kind::kResponse) costs_->Came();
    if (event.ok() && event->kind == RowsEvent::Kind::kEnd && !event->status.ok()) costs_->Ended();
    return event;
  }

 private:
  const std::unique_ptr<RowsCall> call_;
  CutCosts* const costs_;
};

class TimedTransport : public Transport {
 public:
  TimedTransport(std::shared_ptr<Transport> transport, CutCosts* costs)
      : transport_(std::move(transport)), costs_(costs) {}
  std::string endpoint() const override { return transport_->endpoint(); }
  arrow::Result<RpcStatus> CreateReadSession(const storage::CreateReadSessionRequest& request,
                                             const StopCheck& check_stop,
                                             storage::ReadSession* session) override {
    return transport_->CreateReadSession(request, check_stop, session);
  }
  arrow::Result<RpcStatus> SplitReadStream(const std::string& stream, double fraction,
                                           const StopCheck& check_stop,
                                           SplitParts* parts) override {
    return transport_->SplitReadStream(stream, fraction, check_stop, parts);
  }
  std::unique_ptr<RowsCall> ReadRows(const std::string& stream, int64_t offset,
                                     int reader) override {
    return std::make_unique<TimedCall>(transport_->ReadRows(stream, offset, reader), costs_);
  }

 private:
  const std::shared_ptr<Transport> transport_;
  CutCosts* const costs_;
};

class TimedClock : public Clock {
 public:
  explicit TimedClock(CutCosts* costs) : costs_(costs) {}
  int64_t NowMs() override { return SystemClock()->NowMs(); }
  Status Sleep(int64_t ms, const StopCheck& check_stop) override {
    costs_->Waits(ms);
    return SystemClock()->Sleep(ms, check_stop);
  }

 private:
  CutCosts* const costs_;
};

/// One stream, so that times have one order.
Status Resume(bigquery::ReadRequest request, bigquery::ReadOptions options) {
  request.max_streams = 1;
  options.num_readers = 1;
  CutCosts costs;
  TimedClock clock(&costs);
  ARROW_ASSIGN_OR_RAISE(auto transport, Connect(options));
  ARROW_ASSIGN_OR_RAISE(auto download,
                        OpenDownload(std::make_shared<TimedTransport>(std::move(transport), &costs),
                                     &clock, request, options));
  Discard discard;
  ARROW_RETURN_NOT_OK(download->Run(&discard, 1, std::nullopt, nullptr));
  const std::vector<double> sorted = costs.Sorted();
  if (sorted.empty()) return Status::Invalid("no cut was met: start the server with --fault cut");
  fmt::print(
      "{{\"way\": \"resume\", \"rows\": {}, \"cuts\": {}, \"best_ms\": {:.2f}, \"median_ms\": "
      "{:.2f}, "
      "\"worst_ms\": {:.2f}}}\n",
      download->counters().rows, sorted.size(), sorted.front(), sorted[sorted.size() / 2],
      sorted.back());
  return Status::OK();
}

Status Run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3)
    return Status::Invalid("read|store|bare|resume HOST:PORT TABLE [none|lz4]");
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
  if (way == "resume") return Resume(request, options);
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
