#include "emberharmony/bigquery/client/rows_stream.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"

namespace emberharmony::bigquery::client {

using arrow::Result;
using arrow::Status;

RowsStream::RowsStream(const SessionFacts* facts, Transport* transport, Clock* clock,
                       std::string name, int index, int reader, StreamCounters* counters)
    : facts_(facts),
      transport_(transport),
      clock_(clock),
      name_(std::move(name)),
      index_(index),
      reader_(reader),
      counters_(counters),
      backoff_(facts->retry, static_cast<uint32_t>(index)) {}

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
    if (call_ == nullptr) call_ = transport_->ReadRows(name_, rows_, reader_);
    const int64_t idle_ms = facts_->retry.idle_ms << std::min(backoff_.failures(), 10);
    ARROW_ASSIGN_OR_RAISE(RowsEvent event, call_->Next(idle_ms, check_stop));
    if (event.kind == RowsEvent::Kind::kIdle) {
      event.status = {RpcCode::kDeadlineExceeded,
                      fmt::format("nothing has come for {} seconds", idle_ms / 1000)};
    }
    if (event.kind != RowsEvent::Kind::kResponse) {
      call_.reset();
      if (event.status.ok()) {
        const Status balanced = ledger_.Finish();
        if (!balanced.ok()) return Named(balanced);
        counters_->streams_done.fetch_add(1, std::memory_order_relaxed);
        ended_ = true;
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

Status RowsStream::Recover(const RpcStatus& status, const StopCheck& check_stop) {
  const std::string what =
      fmt::format("reading {}, stream {}, from row {}", facts_->table, index_, rows_);
  if (!IsRetryable(status)) return RpcError(status, what);
  const int64_t delay = backoff_.NextDelayMs(status);
  const int64_t waited = clock_->NowMs() - progress_ms_;
  if (waited + delay > facts_->retry.give_up_after_ms) {
    return RpcError(status, fmt::format("{}, {} attempts in {} seconds have failed", what,
                                        backoff_.failures(), waited / 1000));
  }
  base::Log(base::LogLevel::kInfo, "{}: {}; next attempt in {} ms", what, RpcText(status), delay);
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
