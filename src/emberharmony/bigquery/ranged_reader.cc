#include "emberharmony/bigquery/ranged_reader.h"

#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "emberharmony/base/call_guarded.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/system_micros.h"
#include "emberharmony/bigquery/unit_histogram.h"
#include "emberharmony/bigquery/valid_rows.h"
#include "emberharmony/io/stream_spool.h"

namespace emberharmony::bigquery {
namespace {

using arrow::Result;
using arrow::Status;

constexpr int kRangeFetchersMax = 4;
constexpr std::chrono::milliseconds kReaderLookInterval{100};

/// A range that has come in full.
struct FetchedRange {
  int number = 0;
  std::shared_ptr<arrow::RecordBatchReader> batches;
};

class RangedTableReader : public TableReader {
 public:
  RangedTableReader(Plugin* plugin, std::unique_ptr<TableDownload> whole, ReadRequest request,
                    ReadOptions options, RangedReading reading)
      : plugin_(plugin),
        whole_(std::move(whole)),
        request_(std::move(request)),
        options_(std::move(options)),
        reading_(std::move(reading)),
        num_fetchers_(std::clamp(options_.num_readers, 1, kRangeFetchersMax)) {}
  ~RangedTableReader() override { Close(); }

  Status Start() {
    try {
      planner_ = std::thread([this] {
        const Status status = base::CallGuarded([this] { return FetchAll(); });
        const std::lock_guard lock(mutex_);
        Stop(status);
        ended_ = true;
        changed_.notify_all();
      });
    } catch (const std::system_error& error) {
      return base::DataError(std::string("no thread can be started: ") + error.what());
    }
    return Status::OK();
  }

  const SessionInfo& session() const override { return whole_->session(); }
  const std::shared_ptr<arrow::Schema>& schema() const override { return whole_->schema(); }

  Result<std::optional<StreamBatch>> Next() override {
    while (!is_done()) {
      if (options_.check_stop) {
        const Status stop = options_.check_stop();
        if (!stop.ok()) return Fail(stop);
      }
      if (current_.batches == nullptr) {
        ARROW_ASSIGN_OR_RAISE(const bool found, TakeRange());
        if (!found) continue;
      }
      std::shared_ptr<arrow::RecordBatch> rows;
      const Status read = base::CallGuarded([&] { return ReadValid(&rows); });
      if (!read.ok()) return Fail(read);
      if (rows != nullptr) return Within(std::move(rows));
      current_ = {};
      first_row_ = 0;
    }
    return std::optional<StreamBatch>();
  }

  void Cancel() override {
    const std::lock_guard lock(mutex_);
    Stop(Status::Cancelled("the reading was cancelled"));
  }

  void Close() override {
    Cancel();
    const std::lock_guard lock(close_mutex_);
    if (planner_.joinable()) planner_.join();
  }

  ReadCounters counters() const override {
    const std::lock_guard lock(mutex_);
    ReadCounters counters = totals_;
    for (const auto& [fetcher, download] : under_way_) {
      if (download != nullptr) Add(download->counters(), &counters);
    }
    // Of a range that is read again the rows do not count twice.
    told_rows_ = std::max(told_rows_, rows_done_ + counters.rows);
    counters.rows = told_rows_;
    counters.streams_done = ranges_done_;
    counters.decoded_bytes = decoded_bytes_.load(std::memory_order_relaxed);
    return counters;
  }

 private:
  static void Add(const ReadCounters& part, ReadCounters* sum) {
    sum->rows += part.rows;
    sum->wire_bytes += part.wire_bytes;
    sum->responses += part.responses;
    sum->reconnects += part.reconnects;
    sum->throttle_percent = std::max(sum->throttle_percent, part.throttle_percent);
  }

  // The thread that plans, and those that fetch.

  Status CheckStop() const {
    return stopping_.load(std::memory_order_relaxed) ? base::InterruptedError("stopped")
                                                     : Status::OK();
  }

  Status FetchAll() {
    ReadOptions counting = options_;
    counting.num_readers = num_fetchers_;
    ARROW_ASSIGN_OR_RAISE(fetches_, PlanRanges(
                                        plugin_, request_, counting, reading_,
                                        [this](int64_t) { return CheckStop(); },
                                        [](const std::string& warning) {
                                          base::Log(base::LogLevel::kWarning, "{}", warning);
                                        }));
    std::vector<std::thread> fetchers;
    const int count = std::min(num_fetchers_, static_cast<int>(fetches_.size()));
    Status status;
    for (int fetcher = 0; fetcher < count; ++fetcher) {
      try {
        fetchers.emplace_back([this, fetcher] {
          const Status fetched = base::CallGuarded([&] { return FetchSome(fetcher); });
          const std::lock_guard lock(mutex_);
          Stop(fetched);
        });
      } catch (const std::system_error& error) {
        // Any number of them does the work.
        if (fetcher > 0) break;
        status = base::DataError(std::string("no thread can be started: ") + error.what());
      }
    }
    for (std::thread& fetcher : fetchers) fetcher.join();
    return status;
  }

  Status FetchSome(int fetcher) {
    while (true) {
      {
        // As many ranges may wait on disk as are being fetched.
        std::unique_lock lock(mutex_);
        while (static_cast<int>(fetched_.size()) >= num_fetchers_ && CheckStop().ok()) {
          changed_.wait_for(lock, kReaderLookInterval);
        }
      }
      ARROW_RETURN_NOT_OK(CheckStop());
      const size_t next = next_.fetch_add(1, std::memory_order_relaxed);
      if (next >= fetches_.size()) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(auto batches, FetchOne(fetches_[next], fetcher));
      const std::lock_guard lock(mutex_);
      fetched_.push_back({fetches_[next].range, std::move(batches)});
      rows_done_ += fetches_[next].num_rows;
      ++ranges_done_;
      changed_.notify_all();
    }
  }

  Result<std::shared_ptr<arrow::RecordBatchReader>> FetchOne(RangeFetch fetch, int fetcher) {
    io::StreamSpoolOptions options;
    options.folder = options_.spill_folder;
    options.name = request_.table.Text();
    ARROW_ASSIGN_OR_RAISE(auto spool, io::StreamSpool::Make(*schema(), 1, std::move(options)));
    fetch.stream = 0;
    const auto on_session = [&](const TableDownload* download) {
      const std::lock_guard lock(mutex_);
      const TableDownload*& mine = under_way_[fetcher];
      if (mine != nullptr) {
        ReadCounters ended = mine->counters();
        ended.rows = 0;  // counted when the range is done
        Add(ended, &totals_);
      }
      mine = download;
    };
    ARROW_RETURN_NOT_OK(
        FetchRange(*whole_, fetch, spool.get(), on_session, [this] { return CheckStop(); }));
    arrow::MemoryPool* const pool =
        options_.pool != nullptr ? options_.pool : arrow::default_memory_pool();
    return std::move(*spool).FinishBatches(pool);
  }

  /// Ends the threads, with this error unless there is one; nothing if it is none.
  void Stop(const Status& why) {  // mutex_ held
    if (why.ok()) return;
    if (status_.ok()) status_ = why;
    stopping_.store(true, std::memory_order_relaxed);
    changed_.notify_all();
  }

  // The caller of Next.

  bool is_done() const {
    return at_end_ || (request_.limit_rows && rows_taken_ >= *request_.limit_rows);
  }

  Status Fail(const Status& why) {
    const std::lock_guard lock(mutex_);
    Stop(why);
    return status_;
  }

  /// Whether a range was found; at_end_ is set when there is none any more.
  Result<bool> TakeRange() {
    std::unique_lock lock(mutex_);
    ARROW_RETURN_NOT_OK(status_);
    if (!fetched_.empty()) {
      current_ = std::move(fetched_.front());
      fetched_.pop_front();
      changed_.notify_all();
      return true;
    }
    at_end_ = ended_;
    if (!ended_) changed_.wait_for(lock, kReaderLookInterval);
    return false;
  }

  /// The next batch of the current range, memory-safe whatever the service has sent; or nullptr.
  Status ReadValid(std::shared_ptr<arrow::RecordBatch>* rows) {
    Status status = current_.batches->ReadNext(rows);
    if (status.ok() && *rows != nullptr) status = ValidateRows(**rows);
    if (status.ok() || status.IsOutOfMemory()) return status;
    return base::DataError(
        fmt::format("range {}, row {}: the service has sent rows that can't be decoded: {}",
                    current_.number, first_row_, status.message()));
  }

  std::optional<StreamBatch> Within(std::shared_ptr<arrow::RecordBatch> rows) {
    if (request_.limit_rows) {
      rows = rows->Slice(0, std::min(rows->num_rows(), *request_.limit_rows - rows_taken_));
    }
    StreamBatch batch{rows, current_.number, first_row_};
    first_row_ += rows->num_rows();
    rows_taken_ += rows->num_rows();
    decoded_bytes_.fetch_add(arrow::util::TotalBufferSize(*rows), std::memory_order_relaxed);
    return batch;
  }

  Plugin* const plugin_;
  const std::unique_ptr<TableDownload> whole_;
  const ReadRequest request_;
  const ReadOptions options_;
  const RangedReading reading_;
  const int num_fetchers_;
  std::vector<RangeFetch> fetches_;  // written before the fetchers are started
  std::atomic<size_t> next_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> decoded_bytes_{0};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Status status_;  // guarded by mutex_, like all up to planner_
  bool ended_ = false;
  std::deque<FetchedRange> fetched_;
  std::map<int, const TableDownload*> under_way_;
  ReadCounters totals_;
  int64_t rows_done_ = 0;
  int ranges_done_ = 0;
  mutable int64_t told_rows_ = 0;
  std::mutex close_mutex_;  // guards the joining
  std::thread planner_;
  FetchedRange current_;  // of the caller of Next, like all below
  int64_t first_row_ = 0;
  int64_t rows_taken_ = 0;
  bool at_end_ = false;
};

}  // namespace

Result<std::unique_ptr<TableReader>> OpenRangedReader(Plugin* plugin, const ReadRequest& request,
                                                      const ReadOptions& options,
                                                      bool rows_are_fixed) {
  ReadRequest whole = request;
  whole.max_streams = 1;
  // The column need not be among those that are read: what a table has, any session tells.
  ReadRequest every = whole;
  every.columns.clear();
  ARROW_ASSIGN_OR_RAISE(const auto table, plugin->OpenDownload(every, options));
  ARROW_RETURN_NOT_OK(UnitHistogram::Check(*table->schema(), request.unit_column));
  ARROW_ASSIGN_OR_RAISE(auto download, plugin->OpenDownload(whole, options));
  RangedReading reading{request.unit_column, request.snapshot_micros};
  if (!rows_are_fixed && !reading.snapshot_micros) {
    reading.snapshot_micros = SnapshotOf(download->session(), base::SystemMicros());
  }
  auto reader = std::make_unique<RangedTableReader>(plugin, std::move(download), request, options,
                                                    std::move(reading));
  ARROW_RETURN_NOT_OK(reader->Start());
  return reader;
}

}  // namespace emberharmony::bigquery
