#include "emberharmony/bigquery/client/tail_splits.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/bigquery/client/retry_policy.h"

namespace emberharmony::bigquery::client {
namespace {

using arrow::Result;
using arrow::Status;

constexpr std::chrono::milliseconds kSplitLookInterval{50};
/// Each costs the service a call and the reader a connection's wait: the end of a table is worth a
/// few.
constexpr int kSplitsAskedMax = 8;

}  // namespace

void TailSplits::Stream::Tell(double told_progress, int64_t told_bytes) {
  const std::lock_guard lock(splits->mutex_);
  progress = told_progress;
  wire_bytes = told_bytes;
  splits->changed_.notify_all();
}

std::optional<std::string> TailSplits::Stream::TakeOffer() {
  const std::lock_guard lock(splits->mutex_);
  if (state != State::kOffered) return std::nullopt;
  state = State::kTrying;
  return first_part;
}

void TailSplits::Stream::Answer(bool taken, int64_t told_rows) {
  const std::lock_guard lock(splits->mutex_);
  state = taken ? State::kTaken : State::kRefused;
  if (taken) {
    part.name = first_part;
    // Of the first part nothing has been told yet.
    progress = 0;
    ++splits->num_taken_;
    RowsOfStream& rows = splits->rows_[part.stream];
    if (!rows.is_split) rows.told = told_rows;
    rows.is_split = true;
  }
  splits->changed_.notify_all();
}

void TailSplits::Stream::End(int64_t rows) {
  const std::lock_guard lock(splits->mutex_);
  splits->rows_[part.stream].read += rows;
  has_ended = true;
  const bool is_awaited = state == State::kAsking || state == State::kOffered ||
                          state == State::kTaken || state == State::kRefused;
  if (state == State::kOffered) state = State::kRefused;
  splits->changed_.notify_all();
  // Else whoever waits for the answer forgets it.
  if (!is_awaited) splits->Forget(this);
}

TailSplits::Stream* TailSplits::Begin(StreamPart part) {
  const std::lock_guard lock(mutex_);
  --num_not_begun_;
  Stream& stream = streams_.emplace_back();
  stream.splits = this;
  stream.part = std::move(part);
  return &stream;
}

int64_t TailSplits::BytesLeft(const Stream& stream) const {
  if (!(stream.progress > 0) || stream.progress >= 1) return 0;
  return static_cast<int64_t>(static_cast<double>(stream.wire_bytes) * (1 - stream.progress) /
                              stream.progress);
}

TailSplits::Stream* TailSplits::FindLongest() {
  Stream* longest = nullptr;
  int64_t bytes = 0;
  for (Stream& stream : streams_) {
    if (!stream.may_be_split || stream.has_ended || stream.state != Stream::State::kAlone) continue;
    const int64_t left = BytesLeft(stream);
    if (left < bytes_min_ || left <= bytes) continue;
    longest = &stream;
    bytes = left;
  }
  return longest;
}

bool TailSplits::any_may_be_split() const {
  if (num_asked_ >= kSplitsAskedMax) return false;
  return num_not_begun_ > 0 ||
         std::any_of(streams_.begin(), streams_.end(),
                     [](const Stream& stream) { return stream.may_be_split && !stream.has_ended; });
}

void TailSplits::Forget(Stream* stream) {
  streams_.remove_if([&](const Stream& each) { return &each == stream; });
}

Result<std::optional<StreamPart>> TailSplits::TakeRest(const StopCheck& check_stop) {
  using State = Stream::State;
  std::unique_lock lock(mutex_);
  while (any_may_be_split()) {
    ARROW_RETURN_NOT_OK(check_stop());
    Stream* const stream = FindLongest();
    if (stream == nullptr) {
      changed_.wait_for(lock, kSplitLookInterval);
      continue;
    }
    ++num_asked_;
    stream->state = State::kAsking;
    const std::string name = stream->part.name;
    // In the middle of what is left.
    const double fraction = (1 + stream->progress) / 2;
    lock.unlock();
    SplitParts parts;
    const auto asked = transport_->SplitReadStream(name, fraction, check_stop, &parts);
    lock.lock();
    const bool has_parts = asked.ok() && asked->ok() && !parts.first.empty() &&
                           !parts.rest.empty() && parts.first != parts.rest;
    if (has_parts && !stream->has_ended) {
      stream->first_part = parts.first;
      stream->state = State::kOffered;
    }
    while (stream->state == State::kOffered || stream->state == State::kTrying) {
      changed_.wait_for(lock, kSplitLookInterval);
      ARROW_RETURN_NOT_OK(check_stop());
    }
    const bool taken = stream->state == State::kTaken;
    StreamPart rest{parts.rest, stream->part.stream, stream->part.place, true};
    base::Log(base::LogLevel::kDebug, "stream {}: split at {:.2f}: {}", rest.stream, fraction,
              taken         ? "taken"
              : has_parts   ? "too late"
              : !asked.ok() ? "stopped"
              : asked->ok() ? "the service does not"
                            : RpcText(*asked));
    stream->state = State::kAlone;
    // The service that has refused once would only be asked in vain.
    stream->may_be_split = taken;
    if (stream->has_ended) Forget(stream);
    ARROW_RETURN_NOT_OK(asked.status());
    if (!taken) continue;
    ++num_not_begun_;
    return std::optional<StreamPart>(std::move(rest));
  }
  return std::optional<StreamPart>();
}

Status TailSplits::CheckRows(const std::string& table) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [stream, rows] : rows_) {
    if (rows.told == 0 || rows.told == rows.read) continue;
    return base::DataError(fmt::format(
        "{}, stream {}: its parts have brought {} rows, of {} by the service's count before it was "
        "split; nothing of this read can be trusted: run again without splitting "
        "(--no-split-streams), and report it to the service's operator",
        table, stream, rows.read, rows.told));
  }
  return Status::OK();
}

int TailSplits::num_taken() const {
  const std::lock_guard lock(mutex_);
  return num_taken_;
}

}  // namespace emberharmony::bigquery::client
