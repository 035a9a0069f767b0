#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/call_guarded.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/bigquery/expiry_forecast.h"
#include "emberharmony/bigquery/ranged_rows_internal.h"
#include "emberharmony/bigquery/unit_histogram.h"
#include "emberharmony/io/stream_spool.h"

namespace emberharmony::bigquery {
namespace {

using arrow::Result;
using arrow::Status;
using Facts = std::vector<std::pair<std::string, std::string>>;

constexpr int kRangeWorkersMax = 4;
constexpr int kCountingStreamsMax = 16;
constexpr std::chrono::milliseconds kRangesLookInterval{100};
/// A range that does not come within so many sessions never will.
constexpr int kSessionsOfRangeMax = 4;

std::string Restricted(const std::string& filter, const std::string& condition) {
  return filter.empty() ? condition : fmt::format("({}) AND {}", filter, condition);
}

class RangeSink : public MessageSink {
 public:
  RangeSink(io::StreamSpool* spool, int stream) : spool_(spool), stream_(stream) {}
  Status Append(int, std::string_view metadata,
                const std::vector<std::string_view>& body) override {
    return spool_->Append(stream_, metadata, body);
  }

 private:
  io::StreamSpool* const spool_;
  const int stream_;
};

/// Fetches ranges with several threads, each a range at a time. The first error ends all.
class RangesRun {
 public:
  /// `adopts`: ranges that an earlier run has kept are of the same instant.
  RangesRun(const TableDownload* base, std::vector<RangeFetch> fetches, io::StreamSpool* spool,
            bool adopts)
      : base_(base), fetches_(std::move(fetches)), spool_(spool), adopts_(adopts) {}

  Status Run(int num_workers, const std::function<Status(int64_t)>& progress) {
    std::vector<std::thread> workers;
    const auto count =
        std::min<size_t>(static_cast<size_t>(std::max(num_workers, 1)), fetches_.size());
    Status started;
    for (size_t worker = 0; worker < count; ++worker) {
      try {
        const std::lock_guard lock(mutex_);
        workers.emplace_back([this, worker] {
          End(base::CallGuarded([&] { return Work(static_cast<int>(worker)); }));
        });
        ++num_running_;
      } catch (const std::system_error& error) {
        // Any number of them does the work.
        if (worker > 0) break;
        started = base::DataError(std::string("no thread can be started: ") + error.what());
      }
    }
    const Status status = started.ok() ? Wait(progress) : started;
    for (std::thread& worker : workers) worker.join();
    return status;
  }

 private:
  Status Work(int worker) {
    const auto check_stop = [this] {
      return stopping_.load(std::memory_order_relaxed) ? base::InterruptedError("stopped")
                                                       : Status::OK();
    };
    while (true) {
      const size_t next = next_.fetch_add(1, std::memory_order_relaxed);
      if (next >= fetches_.size()) return Status::OK();
      if (adopts_) {
        ARROW_ASSIGN_OR_RAISE(const bool kept, spool_->Adopt(fetches_[next].stream));
        if (kept) {
          rows_done_.fetch_add(fetches_[next].num_rows, std::memory_order_relaxed);
          continue;
        }
      }
      ARROW_RETURN_NOT_OK(FetchRange(
          *base_, fetches_[next], spool_,
          [&](const TableDownload* download) {
            const std::lock_guard lock(mutex_);
            under_way_[worker] = download;
          },
          check_stop));
      if (adopts_) ARROW_RETURN_NOT_OK(spool_->Keep(fetches_[next].stream));
      rows_done_.fetch_add(fetches_[next].num_rows, std::memory_order_relaxed);
    }
  }

  void End(const Status& status) {
    const std::lock_guard lock(mutex_);
    Stop(status);
    --num_running_;
    changed_.notify_all();
  }

  void Stop(const Status& why) {  // mutex_ held
    if (why.ok()) return;
    if (status_.ok()) status_ = why;
    stopping_.store(true, std::memory_order_relaxed);
  }

  Status Wait(const std::function<Status(int64_t)>& progress) {
    std::unique_lock lock(mutex_);
    while (num_running_ > 0) {
      changed_.wait_for(lock, kRangesLookInterval);
      int64_t rows = rows_done_.load(std::memory_order_relaxed);
      for (const auto& [worker, download] : under_way_) {
        if (download != nullptr) rows += download->counters().rows;
      }
      // Rows that are read again have been told already.
      told_rows_ = std::max(told_rows_, rows);
      lock.unlock();
      const Status stop = progress ? progress(told_rows_) : Status::OK();
      lock.lock();
      Stop(stop);
    }
    return status_;
  }

  const TableDownload* const base_;
  const std::vector<RangeFetch> fetches_;
  io::StreamSpool* const spool_;
  const bool adopts_;
  std::atomic<size_t> next_{0};
  std::atomic<int64_t> rows_done_{0};
  std::atomic<bool> stopping_{false};
  int64_t told_rows_ = 0;  // of the thread that waits
  std::mutex mutex_;
  std::condition_variable changed_;
  Status status_;  // guarded by mutex_, like all below
  int num_running_ = 0;
  std::map<int, const TableDownload*> under_way_;
};

constexpr const char* kInstantName = "download-instant";

/// The instant as of which an earlier run has read takes the place of this one's; or this one's is
/// kept. Nothing is done where there is none.
Status KeepInstant(io::DownloadKeeper* keeper, std::optional<int64_t>* micros) {
  if (keeper == nullptr || !micros->has_value()) return Status::OK();
  if (const auto path = keeper->FindKept(kInstantName)) {
    ARROW_ASSIGN_OR_RAISE(const std::string text, base::ReadFile(*path, 64));
    int64_t kept = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), kept);
    if (error == std::errc() && end == text.data() + text.size()) {
      *micros = kept;
      return Status::OK();
    }
  }
  return keeper->Keep(kInstantName, [&](const std::string& path) {
    return base::WriteFileAtomically(path, std::to_string(**micros));
  });
}

/// What was kept may be from a stranger.
Status CheckRangeRows(const io::Source& source, const std::vector<int64_t>& rows) {
  std::vector<int64_t> wanted;
  for (const int64_t count : rows) {
    if (count > 0) wanted.push_back(count);
  }
  std::vector<int64_t> found;
  for (const io::Unit& unit : source.units()) {
    if (unit.num_rows > 0) found.push_back(unit.num_rows);
  }
  if (found == wanted) return Status::OK();
  return base::DataError(
      "the ranges that an interrupted run has kept are not those of the table; start over with "
      "--overwrite");
}

class RangedRows : public io::RemoteRows {
 public:
  RangedRows(Plugin* plugin, std::unique_ptr<TableDownload> whole, ReadRequest request,
             ReadOptions options, RangedReading reading,
             std::function<Facts(const SessionInfo&)> describe)
      : plugin_(plugin),
        whole_(std::move(whole)),
        request_(std::move(request)),
        options_(std::move(options)),
        reading_(std::move(reading)),
        describe_(std::move(describe)) {}

  int64_t estimated_rows() const override { return whole_->session().estimated_row_count; }
  int64_t estimated_bytes() const override { return whole_->session().estimated_bytes_scanned; }
  Facts Describe() const override { return describe_(whole_->session()); }

  Result<std::shared_ptr<io::Source>> Fetch(const io::FetchOptions& options) override {
    ReadOptions counting = options_;
    counting.num_readers = std::clamp(options.num_threads, 1, kRangeWorkersMax);
    const auto begin_phase = [&](const char* phase, int64_t rows) {
      if (options.begin_phase) options.begin_phase(phase, rows);
    };
    begin_phase("count values", estimated_rows());
    RangedReading reading = reading_;
    ARROW_RETURN_NOT_OK(KeepInstant(options.keeper, &reading.snapshot_micros));
    std::vector<std::string> warnings;
    ARROW_ASSIGN_OR_RAISE(std::vector<RangeFetch> fetches,
                          PlanRanges(plugin_, request_, counting, reading, options.progress,
                                     [&](const std::string& warning) {
                                       base::Log(base::LogLevel::kWarning, "{}", warning);
                                       warnings.push_back(warning);
                                     }));
    int64_t rows = 0;
    std::vector<int64_t> rows_of_ranges;
    for (const RangeFetch& fetch : fetches) {
      rows += fetch.num_rows;
      rows_of_ranges.push_back(fetch.num_rows);
    }
    begin_phase("download", rows);
    io::StreamSpoolOptions spool_options;
    spool_options.folder = options.spill_folder;
    spool_options.name = request_.table.Text();
    spool_options.version = whole_->session().name;
    spool_options.unit_rows = io::StreamSpoolOptions::kWholeStream;
    spool_options.keeper = options.keeper;
    if (!request_.limit_rows) spool_options.expected_bytes = estimated_bytes() / 2;
    ARROW_ASSIGN_OR_RAISE(auto spool,
                          io::StreamSpool::Make(*whole_->schema(), static_cast<int>(fetches.size()),
                                                std::move(spool_options)));
    for (std::string& warning : warnings) spool->AddWarning(std::move(warning));
    base::Log(base::LogLevel::kInfo, "{}: {} rows in {} ranges of '{}'{}", request_.table.Text(),
              rows, fetches.size(), reading_.unit_column,
              reading.snapshot_micros ? ", as of " + InstantText(*reading.snapshot_micros) : "");
    RangesRun run(whole_.get(), std::move(fetches), spool.get(),
                  options.keeper != nullptr && reading.snapshot_micros.has_value());
    ARROW_RETURN_NOT_OK(run.Run(std::min(options.num_threads, kRangeWorkersMax), options.progress));
    ARROW_ASSIGN_OR_RAISE(auto source, std::move(*spool).Finish());
    ARROW_RETURN_NOT_OK(CheckRangeRows(*source, rows_of_ranges));
    return source;
  }

 private:
  Plugin* const plugin_;
  const std::unique_ptr<TableDownload> whole_;
  const ReadRequest request_;
  const ReadOptions options_;
  const RangedReading reading_;
  const std::function<Facts(const SessionInfo&)> describe_;
};

/// The ranges of a column's values; `expired`: whether that failed since the session had ended.
Result<std::vector<UnitRange>> CountValues(Plugin* plugin, const ReadRequest& whole,
                                           ReadOptions options, const RangedReading& reading,
                                           const std::function<Status(int64_t)>& progress,
                                           bool* expired) {
  ReadRequest request = whole;
  request.limit_rows.reset();
  request.max_streams = kCountingStreamsMax;
  request.snapshot_micros = reading.snapshot_micros;
  request.columns = {reading.unit_column};
  int64_t counted = 0;
  options.check_stop = [&] { return progress ? progress(counted) : Status::OK(); };
  ARROW_ASSIGN_OR_RAISE(auto reader, plugin->OpenTable(request, options));
  ARROW_ASSIGN_OR_RAISE(UnitHistogram histogram,
                        UnitHistogram::Make(*reader->schema(), reading.unit_column));
  while (true) {
    const auto batch = reader->Next();
    if (!batch.ok()) {
      *expired = reader->counters().session_expired;
      return batch.status();
    }
    if (!batch->has_value()) break;
    ARROW_RETURN_NOT_OK(histogram.UpdateFrom(*(*batch)->rows));
    counted = histogram.num_rows();
  }
  return histogram.Cut(reading.rows_min, kRangesMax);
}

/// From the start again if the session for that expires.
Result<std::vector<UnitRange>> FindRanges(Plugin* plugin, const ReadRequest& request,
                                          const ReadOptions& options, const RangedReading& reading,
                                          const std::function<Status(int64_t)>& progress,
                                          const std::function<void(const std::string&)>& warn) {
  for (int session = 1;; ++session) {
    bool expired = false;
    auto ranges = CountValues(plugin, request, options, reading, progress, &expired);
    if (ranges.ok() || !expired) return ranges;
    if (session == kSessionsOfRangeMax) {
      return base::DataError(fmt::format(
          "{}: {} sessions have expired before the values of '{}' had come, of which ranges are "
          "made; read fewer rows (--where)",
          request.table.Text(), session, reading.unit_column));
    }
    warn(fmt::format(
        "{}: the session in which the values of '{}' were counted has expired; they are counted "
        "again",
        request.table.Text(), reading.unit_column));
  }
}

}  // namespace

Result<std::vector<RangeFetch>> PlanRanges(Plugin* plugin, const ReadRequest& request,
                                           const ReadOptions& options, const RangedReading& reading,
                                           const std::function<Status(int64_t)>& progress,
                                           const std::function<void(const std::string&)>& warn) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<UnitRange> ranges,
                        FindRanges(plugin, request, options, reading, progress, warn));
  std::vector<RangeFetch> fetches;
  int64_t rows = 0;
  for (const UnitRange& range : ranges) {
    // The first rows in the order of the units are those that a limit leaves.
    if (request.limit_rows && rows >= *request.limit_rows) break;
    ReadRequest part = request;
    part.max_streams = 1;
    part.limit_rows.reset();
    part.snapshot_micros = reading.snapshot_micros;
    part.row_restriction = Restricted(request.row_restriction, range.condition);
    const auto number = static_cast<int>(fetches.size());
    fetches.push_back({number, std::move(part), range.num_rows, number});
    rows += range.num_rows;
  }
  return fetches;
}

Status FetchRange(const TableDownload& base, const RangeFetch& fetch, io::StreamSpool* spool,
                  const std::function<void(const TableDownload*)>& on_session,
                  const std::function<Status()>& check_stop) {
  const std::string what = fmt::format("{}, range {}", fetch.request.table.Text(), fetch.range);
  for (int session = 1;; ++session) {
    ARROW_ASSIGN_OR_RAISE(const auto download, base.OpenAnother(fetch.request, check_stop));
    on_session(download.get());
    RangeSink sink(spool, fetch.stream);
    const Status status = download->Run(&sink, 1, std::nullopt, check_stop);
    on_session(nullptr);
    const ReadCounters counters = download->counters();
    if (status.ok()) {
      if (counters.rows == fetch.num_rows) return Status::OK();
      return base::DataError(fmt::format(
          "{}: {} rows have come, but {} were counted as of the same instant; nothing of this read "
          "can be trusted: run again, and with another unit_column if this one's order depends on "
          "a collation",
          what, counters.rows, fetch.num_rows));
    }
    if (!counters.session_expired) return status;
    if (session == kSessionsOfRangeMax) {
      return base::DataError(
          fmt::format("{}: {} sessions have expired before its {} rows had come; name a "
                      "unit_column with more distinct values, or read fewer columns",
                      what, session, fetch.num_rows));
    }
    WarnOfRows(spool, fmt::format("{}: its session has expired after {} of {} rows; the range is "
                                  "read again in a new one",
                                  what, counters.rows, fetch.num_rows));
    ARROW_RETURN_NOT_OK(spool->Discard(fetch.stream));
  }
}

void WarnOfRows(io::StreamSpool* spool, const std::string& warning) {
  base::Log(base::LogLevel::kWarning, "{}", warning);
  spool->AddWarning(warning);
}

Result<std::unique_ptr<io::RemoteRows>> MakeRangedRows(
    Plugin* plugin, std::unique_ptr<TableDownload> whole, ReadRequest request, ReadOptions options,
    RangedReading reading, std::function<Facts(const SessionInfo&)> describe) {
  return std::make_unique<RangedRows>(plugin, std::move(whole), std::move(request),
                                      std::move(options), std::move(reading), std::move(describe));
}

Facts DescribeRanges(const std::string& unit_column) {
  return {
      {"units", fmt::format("ranges of '{}', each read in a session of its own, all as of one "
                            "instant; its values are read first, to find the ranges",
                            unit_column)},
      {"scanned for each range",
       fmt::format("all rows, unless the table is partitioned or clustered by '{}'", unit_column)},
      {"if a session expires", "its range is read again, and nothing else"}};
}

int64_t SnapshotOf(const SessionInfo& session, int64_t now_micros) {
  if (session.snapshot_micros) return *session.snapshot_micros;
  constexpr int64_t kMicrosInSecond = 1'000'000;
  constexpr int64_t kSessionMicros = 6 * 3600 * kMicrosInSecond;
  constexpr int64_t kClocksApartMicros = 300 * kMicrosInSecond;
  const int64_t made_micros = session.expire_micros - kSessionMicros;
  const bool is_ours_ahead =
      made_micros < now_micros && now_micros - made_micros <= kClocksApartMicros;
  return session.expire_micros > 0 && is_ours_ahead ? made_micros : now_micros;
}

}  // namespace emberharmony::bigquery
