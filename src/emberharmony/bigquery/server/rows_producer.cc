#include "emberharmony/bigquery/server/rows_producer.h"

#include <arrow/buffer.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>

#include "emberharmony/base/system_micros.h"

namespace emberharmony::bigquery::server {
namespace {

ProducedResponse Ended(grpc::Status status) {
  ProducedResponse end;
  end.kind = ProducedResponse::Kind::kEnd;
  end.status = std::move(status);
  return end;
}

/// The rows with bytes missing at the end, or with one of them changed.
std::shared_ptr<const WireMessage> Damaged(const WireMessage& message, int64_t cut_bytes,
                                           int64_t flipped_byte) {
  std::string bytes;
  for (const auto& part : message.parts) bytes += part->ToString();
  const auto size = static_cast<int64_t>(bytes.size());
  if (flipped_byte >= 0 && size > 0) {
    char& byte = bytes[static_cast<size_t>(flipped_byte % size)];
    byte = static_cast<char>(~byte);
  }
  bytes.resize(static_cast<size_t>(size - std::clamp<int64_t>(cut_bytes, 0, size)));
  auto damaged = std::make_shared<WireMessage>(message);
  damaged->bytes = static_cast<int64_t>(bytes.size());
  damaged->parts = {arrow::Buffer::FromString(std::move(bytes))};
  return damaged;
}

/// The schema with one more column, of which the rows know nothing.
arrow::Result<std::string> OtherSchema(const ReadPlan& plan, arrow::MemoryPool* pool) {
  arrow::FieldVector fields = plan.schema.schema->fields();
  fields.push_back(arrow::field("a_column_that_was_not_there_before", arrow::int64()));
  return SchemaMessage(*arrow::schema(std::move(fields)), pool);
}

}  // namespace

grpc::Status CheckOffset(const Stream& stream, int64_t offset) {
  if (offset < 0) {
    return {grpc::StatusCode::INVALID_ARGUMENT,
            fmt::format("offset: expected 0 or more, found {}", offset)};
  }
  if (offset > stream.rows.num_rows()) {
    return {grpc::StatusCode::FAILED_PRECONDITION,
            fmt::format("there was an error operating on the stream: offset {} has not been "
                        "allocated yet",
                        offset)};
  }
  return grpc::Status::OK;
}

RowsProducer::RowsProducer(std::string stream_name, StreamPtr stream, int64_t offset,
                           const SessionStore* store, FaultSchedule* faults, MessageCache* cache,
                           arrow::MemoryPool* pool)
    : stream_name_(std::move(stream_name)),
      stream_(std::move(stream)),
      store_(store),
      faults_(faults),
      pool_(pool),
      reader_(stream_->plan, stream_->rows, offset, cache, pool) {}

RowsProducer::Changes RowsProducer::ChangesDue() {
  Changes changes;
  for (const ServerFault& fault : faults_->Due(stream_name_, stream_->index, num_sent_)) {
    switch (fault.kind) {
      case FaultKind::kCut:
        changes.instead = Ended(FaultStatus(fault));
        break;
      case FaultKind::kStall:
        changes.instead.emplace().kind = ProducedResponse::Kind::kStall;
        break;
      case FaultKind::kExpire:
        changes.instead = Ended(store_->ExpiredError(base::SystemMicros()));
        break;
      case FaultKind::kThrottle:
        throttle_percent_ = static_cast<int>(std::clamp<int64_t>(fault.value, 0, 100));
        break;
      case FaultKind::kDuplicate:
        changes.duplicate = true;
        break;
      case FaultKind::kMissing:
        changes.leave_out = true;
        break;
      case FaultKind::kRowCount:
        changes.row_count += fault.value;
        break;
      case FaultKind::kTruncate:
        changes.cut_bytes = fault.value;
        break;
      case FaultKind::kCorrupt:
        changes.flipped_byte = std::max<int64_t>(0, fault.value);
        break;
      case FaultKind::kSchema:
        changes.other_schema = true;
        break;
      case FaultKind::kUneven:
      case FaultKind::kSession:
      case FaultKind::kSplit:
        break;
    }
  }
  return changes;
}

arrow::Result<std::optional<StreamMessage>> RowsProducer::NextMessage(const Changes& changes) {
  if (again_) return std::exchange(again_, std::nullopt);
  ARROW_ASSIGN_OR_RAISE(auto next, reader_.Next());
  if (changes.leave_out) {
    ARROW_ASSIGN_OR_RAISE(next, reader_.Next());
  }
  if (changes.duplicate) again_ = next;
  return next;
}

ProducedResponse RowsProducer::Respond(const StreamMessage& message, const Changes& changes,
                                       const TakeBytes& take) {
  ResponseFields fields;
  fields.row_count = message.message->num_rows + changes.row_count;
  const auto total = static_cast<double>(stream_->rows.num_rows());
  const int64_t end = message.first_row + message.message->num_rows;
  fields.progress_at_start = static_cast<double>(message.first_row) / total;
  fields.progress_at_end = static_cast<double>(end) / total;
  fields.throttle_percent = throttle_percent_;
  if (num_sent_ == 0) fields.schema = stream_->plan->schema_message;
  if (changes.other_schema) {
    auto other = OtherSchema(*stream_->plan, pool_);
    if (other.ok()) fields.schema = *std::move(other);
  }
  std::shared_ptr<const WireMessage> rows = message.message;
  if (changes.cut_bytes > 0 || changes.flipped_byte >= 0) {
    rows = Damaged(*rows, changes.cut_bytes, changes.flipped_byte);
  }
  ProducedResponse produced;
  produced.kind = ProducedResponse::Kind::kResponse;
  produced.response = MakeRowsResponse(fields, rows, take(rows->bytes));
  ++num_sent_;
  return produced;
}

ProducedResponse RowsProducer::Next(const TakeBytes& take) {
  Changes changes = ChangesDue();
  if (changes.instead) return *std::move(changes.instead);
  const auto message = NextMessage(changes);
  if (!message.ok()) {
    // A client must not try again: what cannot be read or sent now cannot be later.
    return Ended({grpc::StatusCode::DATA_LOSS,
                  "the table could not be read: " + message.status().message()});
  }
  if (!*message) return Ended(grpc::Status::OK);
  return Respond(**message, changes, take);
}

}  // namespace emberharmony::bigquery::server
