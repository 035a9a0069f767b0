#include "emberharmony/bigquery/client/rows_stream.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"

namespace emberharmony::bigquery::client {

using arrow::Result;
using arrow::Status;

namespace {

// A cut that a few attempts get over is nothing that people need to know.
constexpr int64_t kPatienceMs = 3'000;

}  // namespace

RowsStream::RowsStream(const SessionFacts* facts, Transport* transport, Clock* clock,
                       const StreamPart& part, int reader, TailSplits::Stream* shared,
                       StreamCounters* counters)
    : facts_(facts),
      transport_(transport),
      clock_(clock),
      name_(part.name),
      index_(part.stream),
      is_rest_(part.is_rest),
      reader_(reader),
      shared_(shared),
      counters_(counters),
      backoff_(facts->retry, static_cast<uint32_t>(part.place)) {}

Status RowsStream::Named(const Status& status) const {
  if (base::KindOf(status) == base::ErrorKind::kInterrupted || status.IsOutOfMemory()) {
    return status;
  }
  return base::DataError(fmt::format("{}, stream {}: {}", facts_->table, index_, status.message()));
}

Result<std::optional<StreamRows>> RowsStream::Next(const StopCheck& check_stop) {
  // From here on: while the caller was busy nobody waited for the service.
  progress_ms_ = clock_->NowMs();
  while (!ended_) {
    if (shared_ != nullptr && whole_name_.empty()) TryFirstPart();
    if (call_ == nullptr) call_ = transport_->ReadRows(name_, rows_, reader_);
    const int64_t idle_ms = facts_->retry.idle_ms << std::min(backoff_.failures(), 10);
    ARROW_ASSIGN_OR_RAISE(RowsEvent event, call_->Next(idle_ms, check_stop));
    if (event.kind == RowsEvent::Kind::kIdle) {
      event.status = {RpcCode::kDeadlineExceeded,
                      fmt::format("nothing has come for {} seconds", idle_ms / 1000)};
    }
    if (!whole_name_.empty()) {
      ARROW_ASSIGN_OR_RAISE(const bool goes_on, SettleFirstPart(event));
      if (!goes_on) continue;
    }
    if (event.kind != RowsEvent::Kind::kResponse) {
      call_.reset();
      if (event.status.ok()) {
        ARROW_RETURN_NOT_OK(End());
        break;
      }
      ARROW_RETURN_NOT_OK(Recover(event.status, check_stop));
      continue;
    }
    auto rows = Accept(event.response);
    if (!rows.ok()) return Named(rows.status());
    if (rows->num_rows == 0) continue;
    backoff_.Reset();
    return std::optional<StreamRows>(*std::move(rows));
  }
  return std::optional<StreamRows>();
}

void RowsStream::TryFirstPart() {
  std::optional<std::string> first_part = shared_->TakeOffer();
  if (!first_part.has_value()) return;
  // What the call has read ahead comes again, from the same row.
  call_.reset();
  whole_name_ = std::exchange(name_, *std::move(first_part));
}

Result<bool> RowsStream::SettleFirstPart(const RowsEvent& event) {
  // Rows prove that the next row is one of the first part's. Its end proves nothing: a service that
  // takes offsets beyond a stream's end would answer alike.
  if (event.kind != RowsEvent::Kind::kResponse) {
    call_.reset();
    name_ = std::exchange(whole_name_, std::string());
    shared_->Answer(/*taken=*/false, 0);
    return false;
  }
  const auto response = DecodeResponse(event.response.bytes);
  if (response.ok() && response->row_count == 0) return false;
  whole_name_.clear();
  const Status in_order = ledger_.CheckSoFar();
  if (!in_order.ok()) return Named(in_order);
  shared_->Answer(/*taken=*/true, ledger_.told_rows());
  ledger_ = ProgressLedger(rows_);
  return true;
}

Status RowsStream::End() {
  const Status balanced = ledger_.Finish();
  if (!balanced.ok()) return Named(balanced);
  if (!ledger_.is_proof()) counters_->has_proof.store(false, std::memory_order_relaxed);
  if (!is_rest_) counters_->streams_done.fetch_add(1, std::memory_order_relaxed);
  if (shared_ != nullptr) shared_->End(rows_);
  ended_ = true;
  return Status::OK();
}

Status RowsStream::Recover(const RpcStatus& status, const StopCheck& check_stop) {
  const std::string what =
      fmt::format("reading {}, stream {}, from row {}", facts_->table, index_, rows_);
  if (IsExpiry(status)) counters_->session_expired.store(true, std::memory_order_relaxed);
  if (!IsRetryable(status)) return RpcError(status, what);
  const int64_t delay = backoff_.NextDelayMs(status);
  const int64_t waited = clock_->NowMs() - progress_ms_;
  if (waited + delay > facts_->retry.give_up_after_ms) {
    return RpcError(status, fmt::format("{}, {} attempts in {} seconds have failed", what,
                                        backoff_.failures(), waited / 1000));
  }
  base::Log(base::LogLevel::kInfo, "{}: {}; next attempt in {} ms", what, RpcText(status), delay);
  // Of all streams one speaks: whoever waits should know for what.
  if (waited >= kPatienceMs && !counters_->has_warned.exchange(true)) {
    base::Log(base::LogLevel::kWarning,
              "{}: {}; no row has come for {} seconds; trying again for {} minutes in all", what,
              RpcText(status), waited / 1000, facts_->retry.give_up_after_ms / 60'000);
  }
  counters_->reconnects.fetch_add(1, std::memory_order_relaxed);
  return clock_->Sleep(delay, check_stop);
}

Result<StreamRows> RowsStream::Accept(const WireMessage& message) {
  const auto unreadable = [](const Status& why) {
    if (why.IsOutOfMemory()) return why;
    return base::DataError("the service has sent a response that can't be read: " + why.message());
  };
  counters_->responses.fetch_add(1, std::memory_order_relaxed);
  auto decoded = DecodeResponse(message.bytes);
  if (!decoded.ok()) return unreadable(decoded.status());
  Response& response = *decoded;
  counters_->throttle_percent.store(response.throttle_percent, std::memory_order_relaxed);
  if (response.has_avro) return base::DataError("the service has sent Avro instead of Arrow");
  if (response.schema.size() > 0) ARROW_RETURN_NOT_OK(CheckSchema(response.schema));
  StreamRows rows;
  rows.owner = message.owner;
  rows.wire_bytes = response.rows.size();
  if (response.uncompressed_bytes.value_or(-1) > 0) {
    auto plain = UncompressRows(response.rows, *response.uncompressed_bytes, facts_->pool);
    if (!plain.ok()) return unreadable(plain.status());
    response.rows = SlicedBytes({std::string_view(**plain)});
    rows.owner = *std::move(plain);
  }
  auto batches = FindBatches(response.rows, *facts_->checker, facts_->pool);
  if (!batches.ok()) return unreadable(batches.status());
  rows.batches = *std::move(batches);
  for (const BatchMessage& batch : rows.batches) rows.num_rows += batch.num_rows;
  if (rows.num_rows != response.row_count) {
    return base::DataError(
        fmt::format("a response claims {} rows, but brings {}", response.row_count, rows.num_rows));
  }
  rows.first_row = rows_;
  if (rows.num_rows > 0) ARROW_RETURN_NOT_OK(ledger_.Add(response.progress, rows.num_rows));
  rows_ += rows.num_rows;
  wire_bytes_ += rows.wire_bytes;
  if (shared_ != nullptr && response.progress.has_value()) {
    shared_->Tell(response.progress->at_response_end, wire_bytes_);
  }
  counters_->rows.fetch_add(rows.num_rows, std::memory_order_relaxed);
  counters_->wire_bytes.fetch_add(rows.wire_bytes, std::memory_order_relaxed);
  return rows;
}

Status RowsStream::CheckSchema(const SlicedBytes& schema) {
  const std::string_view known = facts_->schema_bytes;
  if (schema == SlicedBytes({known})) return Status::OK();
  std::string bytes(static_cast<size_t>(schema.size()), '\0');
  schema.CopyTo(bytes.data());
  arrow::io::BufferReader reader(std::make_shared<arrow::Buffer>(bytes));
  arrow::ipc::DictionaryMemo memo;
  const auto read = arrow::ipc::ReadSchema(&reader, &memo);
  if (read.ok() && (*read)->Equals(*facts_->schema, /*check_metadata=*/false)) return Status::OK();
  return base::DataError(
      "the table's columns have changed while it was read, or the service has sent another "
      "table's; run again");
}

}  // namespace emberharmony::bigquery::client
