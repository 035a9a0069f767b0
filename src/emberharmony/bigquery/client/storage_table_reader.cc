#include "emberharmony/bigquery/client/storage_table_reader.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/bigquery/client/decode_queue.h"
#include "emberharmony/bigquery/client/grpc_transport.h"
#include "emberharmony/bigquery/client/read_session.h"
#include "emberharmony/bigquery/client/session_run.h"

namespace emberharmony::bigquery::client {
namespace {

using arrow::Result;
using arrow::Status;

constexpr int64_t kLookMs = 100;
constexpr int kReadersMax = 64;
constexpr int64_t kLookaheadBytesMin = int64_t{1} << 20;
constexpr int64_t kLookaheadBytesMax = int64_t{64} << 20;
// More connections than this have brought nothing anywhere.
constexpr int kChannelsMax = 8;

Result<std::shared_ptr<const ReadSession>> MakeSession(Transport* transport, Clock* clock,
                                                       const ReadRequest& request,
                                                       const ReadOptions& options) {
  if (options.num_readers < 1 || options.num_readers > kReadersMax) {
    return base::UsageError("the number of readers must be between 1 and 64, found " +
                            std::to_string(options.num_readers));
  }
  const StopCheck check_stop =
      options.check_stop ? options.check_stop : [] { return Status::OK(); };
  ARROW_ASSIGN_OR_RAISE(auto session,
                        CreateSession(transport, clock, request, options, check_stop));
  return std::make_shared<const ReadSession>(std::move(session));
}

ReadCounters CountersOf(const StreamCounters& counters) {
  ReadCounters result;
  result.rows = counters.rows.load();
  result.wire_bytes = counters.wire_bytes.load();
  result.responses = counters.responses.load();
  result.reconnects = counters.reconnects.load();
  result.streams_done = counters.streams_done.load();
  result.throttle_percent = counters.throttle_percent.load();
  result.session_expired = counters.session_expired.load();
  return result;
}

class StorageTableReader : public TableReader {
 public:
  StorageTableReader(std::shared_ptr<Transport> transport, Clock* clock,
                     std::shared_ptr<const ReadSession> session, const ReadRequest& request,
                     const ReadOptions& options)
      : session_(session),
        check_stop_(options.check_stop),
        limit_rows_(request.limit_rows),
        next_place_(static_cast<int>(session->streams.size())),
        queue_(session->facts.schema, options.buffer_bytes, session->facts.pool),
        run_(std::move(transport), clock, std::move(session)) {}

  ~StorageTableReader() override { Close(); }

  Status Start(const ReadRequest& request, const ReadOptions& options) {
    ARROW_RETURN_NOT_OK(run_.Start(
        options.num_readers, request.limit_rows,
        [this](int stream, StreamRows rows) {
          return queue_.Push(stream, rows, [this] { return run_.status(); });
        },
        TailOf(request, options)));
    const bool packed =
        request.compression == Compression::kLz4Frame || request.compression == Compression::kZstd;
    // What is not compressed is decoded in microseconds by the caller, and validated at some
    // gigabytes a second.
    const int num_decoders = packed ? std::min(options.num_readers, base::AvailableCores() - 1) : 0;
    try {
      threads_.emplace_back([this] {
        // Of a run that has failed, too: nobody waits for what does not come.
        (void)run_.Wait(nullptr);
        queue_.Close();
      });
      for (int i = 0; i < num_decoders; ++i) {
        threads_.emplace_back([this] { queue_.DecodeAll(); });
      }
    } catch (const std::system_error& error) {
      // The caller decodes alone; but without the first one nobody would see the end.
      if (threads_.empty()) {
        return base::DataError(std::string("no thread can be started: ") + error.what());
      }
    }
    return Status::OK();
  }

  const SessionInfo& session() const override { return session_->info; }
  const std::shared_ptr<arrow::Schema>& schema() const override { return session_->facts.schema; }

  Result<std::optional<StreamBatch>> Next() override {
    if (!error_.ok()) return error_;
    auto batch = TakeNext();
    if (!batch.ok()) {
      error_ = batch.status();
      run_.Cancel(error_);
    }
    return batch;
  }

  void Cancel() override { run_.Cancel(Status::Cancelled("the reading was cancelled")); }

  void Close() override {
    Cancel();
    queue_.Close();
    run_.Close();
    const std::lock_guard lock(close_mutex_);
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  ReadCounters counters() const override {
    ReadCounters counters = CountersOf(run_.counters());
    counters.decoded_bytes = queue_.decoded_bytes();
    counters.buffered_bytes = queue_.buffered_bytes();
    counters.peak_buffered_bytes = queue_.peak_bytes();
    counters.splits = run_.num_splits();
    return counters;
  }

 private:
  Result<std::optional<StreamBatch>> TakeNext() {
    while (!ended_) {
      if (check_stop_) ARROW_RETURN_NOT_OK(check_stop_());
      ARROW_RETURN_NOT_OK(run_.status());
      ARROW_ASSIGN_OR_RAISE(DecodeQueue::Taken taken, queue_.Take(kLookMs));
      if (taken.kind == DecodeQueue::Taken::Kind::kBatch) return Within(std::move(taken.batch));
      // The run has ended before its queue was closed.
      if (taken.kind == DecodeQueue::Taken::Kind::kEnd) ended_ = run_.status().ok();
    }
    return std::optional<StreamBatch>();
  }

  /// What is split off a stream is handed out as another one.
  TailOptions TailOf(const ReadRequest& request, const ReadOptions& options) {
    TailOptions tail;
    if (options.split_bytes_min == 0 || request.max_streams == 1) return tail;
    tail.insert = [this](int) -> Result<int> { return next_place_.fetch_add(1); };
    tail.bytes_min = options.split_bytes_min;
    return tail;
  }

  /// Cut to what the limit leaves.
  std::optional<StreamBatch> Within(StreamBatch batch) {
    if (!limit_rows_) return batch;
    const int64_t left = *limit_rows_ - rows_taken_;
    if (left <= 0) {
      ended_ = true;
      return std::nullopt;
    }
    if (batch.rows->num_rows() > left) batch.rows = batch.rows->Slice(0, left);
    rows_taken_ += batch.rows->num_rows();
    return batch;
  }

  const std::shared_ptr<const ReadSession> session_;
  const std::function<Status()> check_stop_;
  const std::optional<int64_t> limit_rows_;
  int64_t rows_taken_ = 0;
  Status error_;
  bool ended_ = false;
  std::atomic<int> next_place_;
  DecodeQueue queue_;
  SessionRun run_;
  std::mutex close_mutex_;  // guards the joining of threads_
  std::vector<std::thread> threads_;
};

class StorageTableDownload : public TableDownload {
 public:
  StorageTableDownload(std::shared_ptr<Transport> transport, Clock* clock,
                       std::shared_ptr<const ReadSession> session, ReadOptions options)
      : session_(session),
        transport_(transport),
        clock_(clock),
        options_(std::move(options)),
        run_(std::move(transport), clock, std::move(session)) {}

  const SessionInfo& session() const override { return session_->info; }
  const std::shared_ptr<arrow::Schema>& schema() const override { return session_->facts.schema; }
  ReadCounters counters() const override {
    ReadCounters counters = CountersOf(run_.counters());
    counters.splits = run_.num_splits();
    return counters;
  }

  Result<std::unique_ptr<TableDownload>> OpenAnother(
      const ReadRequest& request, const std::function<Status()>& check_stop) const override {
    ARROW_ASSIGN_OR_RAISE(auto session, CreateSession(transport_.get(), clock_, request, options_,
                                                      check_stop, /*patient=*/true));
    return std::make_unique<StorageTableDownload>(
        transport_, clock_, std::make_shared<const ReadSession>(std::move(session)), options_);
  }

  Status Run(MessageSink* sink, int num_readers, std::optional<int64_t> limit_rows,
             const std::function<Status()>& check_stop) override {
    TailOptions tail;
    if (options_.split_bytes_min > 0 && sink->takes_insertions()) {
      tail.insert = [sink](int after) { return sink->Insert(after); };
      tail.bytes_min = options_.split_bytes_min;
    }
    const auto consume = [sink](int place, const StreamRows& rows) -> Status {
      for (const BatchMessage& batch : rows.batches) {
        ARROW_RETURN_NOT_OK(
            sink->Append(place, std::string_view(*batch.metadata), batch.body.pieces()));
      }
      return Status::OK();
    };
    ARROW_RETURN_NOT_OK(run_.Start(num_readers, limit_rows, consume, std::move(tail)));
    return run_.Wait(check_stop);
  }

 private:
  const std::shared_ptr<const ReadSession> session_;
  const std::shared_ptr<Transport> transport_;
  Clock* const clock_;
  const ReadOptions options_;
  SessionRun run_;
};

}  // namespace

Result<std::shared_ptr<Transport>> Connect(const ReadOptions& options) {
  const int num_readers = std::max(options.num_readers, 1);
  GrpcOptions connection;
  connection.num_channels = std::min(num_readers, kChannelsMax);
  connection.lookahead_bytes =
      std::clamp(options.buffer_bytes / num_readers, kLookaheadBytesMin, kLookaheadBytesMax);
  return MakeGrpcTransport(options.connection, connection);
}

Result<std::unique_ptr<TableReader>> OpenTable(std::shared_ptr<Transport> transport, Clock* clock,
                                               const ReadRequest& request,
                                               const ReadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto session, MakeSession(transport.get(), clock, request, options));
  auto reader = std::make_unique<StorageTableReader>(std::move(transport), clock,
                                                     std::move(session), request, options);
  ARROW_RETURN_NOT_OK(reader->Start(request, options));
  return reader;
}

Result<std::unique_ptr<TableDownload>> OpenDownload(std::shared_ptr<Transport> transport,
                                                    Clock* clock, const ReadRequest& request,
                                                    const ReadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto session, MakeSession(transport.get(), clock, request, options));
  return std::make_unique<StorageTableDownload>(std::move(transport), clock, std::move(session),
                                                options);
}

}  // namespace emberharmony::bigquery::client
