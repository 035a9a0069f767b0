#include "emberharmony/bigquery/client/session_run.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "emberharmony/base/call_guarded.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/bigquery/client/row_doubt.h"

namespace emberharmony::bigquery::client {
namespace {

using arrow::Result;
using arrow::Status;

constexpr std::chrono::milliseconds kSessionLookInterval{100};

}  // namespace

SessionRun::~SessionRun() { Close(); }

void SessionRun::Close() {
  Cancel(base::InterruptedError("the reader was closed"));
  const std::lock_guard lock(close_mutex_);
  for (std::thread& reader : readers_) {
    if (reader.joinable()) reader.join();
  }
}

Status SessionRun::Start(int num_readers, std::optional<int64_t> limit_rows, RowsConsumer consumer,
                         TailOptions tail) {
  limit_rows_ = limit_rows;
  tail_ = std::move(tail);
  const auto num_streams = static_cast<int>(session_->streams.size());
  int count = std::clamp(num_streams, 0, std::max(num_readers, 1));
  // A limit ends the reading before the tail is long.
  if (tail_.insert && !limit_rows && num_streams > 0 && num_readers > 1) {
    splits_.emplace(transport_.get(), num_streams, tail_.bytes_min);
    count = num_readers;
  }
  const std::lock_guard lock(mutex_);
  for (int reader = 0; reader < count; ++reader) {
    try {
      readers_.emplace_back([this, reader, consumer] {
        EndReader(base::CallGuarded([&] { return ReadStreams(reader, consumer); }));
      });
      ++num_running_;
    } catch (const std::system_error& error) {
      // Any number of readers does the work.
      if (reader > 0) break;
      return base::DataError(std::string("no thread can be started: ") + error.what());
    }
  }
  return Status::OK();
}

bool SessionRun::has_enough() const {
  return limit_rows_.has_value() && counters_.rows.load(std::memory_order_relaxed) >= *limit_rows_;
}

Result<std::optional<StreamPart>> SessionRun::NextPart(const StopCheck& check_stop) {
  const int index = next_stream_.fetch_add(1, std::memory_order_relaxed);
  if (index < static_cast<int>(session_->streams.size())) {
    return StreamPart{session_->streams[static_cast<size_t>(index)], index, index, false};
  }
  if (!splits_) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(auto rest, splits_->TakeRest(check_stop));
  if (rest.has_value()) {
    ARROW_ASSIGN_OR_RAISE(rest->place, tail_.insert(rest->place));
  }
  return rest;
}

Status SessionRun::ReadPart(const StreamPart& part, int reader, const RowsConsumer& consumer,
                            const StopCheck& check_stop) {
  TailSplits::Stream* const shared = splits_ ? splits_->Begin(part) : nullptr;
  RowsStream stream(&session_->facts, transport_.get(), clock_, part, reader, shared, &counters_);
  while (!has_enough()) {
    ARROW_RETURN_NOT_OK(check_stop());
    ARROW_ASSIGN_OR_RAISE(auto rows, stream.Next(check_stop));
    if (!rows.has_value()) break;
    ARROW_RETURN_NOT_OK(consumer(part.place, *std::move(rows)));
  }
  return Status::OK();
}

Status SessionRun::ReadStreams(int reader, const RowsConsumer& consumer) {
  const StopCheck check_stop = [this] {
    // The reason is in status_ by then.
    return stopping_.load(std::memory_order_relaxed) ? base::InterruptedError("stopped")
                                                     : Status::OK();
  };
  while (!has_enough()) {
    ARROW_ASSIGN_OR_RAISE(const auto part, NextPart(check_stop));
    if (!part.has_value()) break;
    ARROW_RETURN_NOT_OK(ReadPart(*part, reader, consumer, check_stop));
  }
  return Status::OK();
}

void SessionRun::EndReader(const Status& status) {
  if (!status.ok()) Cancel(status);
  const std::lock_guard lock(mutex_);
  --num_running_;
  if (num_running_ == 0 && status_.ok() && splits_) {
    status_ = splits_->CheckRows(session_->facts.table);
  }
  if (num_running_ == 0 && status_.ok() && session_->facts.is_whole && !limit_rows_) {
    const std::string doubt = DoubtOfRows(session_->info.estimated_row_count, counters_.rows.load(),
                                          counters_.has_proof.load());
    if (!doubt.empty()) {
      base::Log(base::LogLevel::kWarning, "{}: {}", session_->facts.table, doubt);
    }
  }
  ended_.notify_all();
}

void SessionRun::Cancel(const Status& why) {
  const std::lock_guard lock(mutex_);
  if (status_.ok()) status_ = why;
  stopping_.store(true, std::memory_order_relaxed);
  ended_.notify_all();
}

Status SessionRun::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

bool SessionRun::done() const {
  const std::lock_guard lock(mutex_);
  return num_running_ == 0;
}

Status SessionRun::Wait(const StopCheck& check_stop) {
  std::unique_lock lock(mutex_);
  while (num_running_ > 0) {
    ended_.wait_for(lock, kSessionLookInterval);
    lock.unlock();
    const Status stop = check_stop ? check_stop() : Status::OK();
    if (!stop.ok()) Cancel(stop);
    lock.lock();
  }
  return status_;
}

}  // namespace emberharmony::bigquery::client
